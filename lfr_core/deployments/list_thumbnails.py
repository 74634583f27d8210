"""Thumbnails of a list's entries, for the officer who is to approve it: there while it waits for that, and no longer.

They are sealed under a key that is derived from the list's, and each is bound to the crop that the digest covers. The
vault lends that key to whoever could approve the list at that moment (`lfr_core.custody.vault.access`), and puts the
look on the audit trail. Nothing here is kept: each look opens anew what it shows.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

from sqlalchemy import Engine, case, delete, func
from sqlmodel import Session, col, select

from lfr_core.common.biometric import Biometric
from lfr_core.common.clock import Clock, utc_from_ns
from lfr_core.common.errors import Refused
from lfr_core.custody.crops import list_thumbnail
from lfr_core.custody.people.lookup import acting
from lfr_core.custody.people.roles import AuthenticatedPerson, Role
from lfr_core.custody.vault.port import Vault
from lfr_core.custody.vault.sealing import open_sealed, seal
from lfr_core.custody.vault.watchlist_key import derive_thumbnail_key, find_list_key
from lfr_core.deployments.entries import EntryLike
from lfr_core.deployments.record import check_may_approve
from lfr_core.domain.reserved import CANARY_ENTRY
from lfr_core.storage.engine import reading
from lfr_core.storage.tables.watchlists import ListThumbnailRow, WatchlistEntryRow, WatchlistReferenceRow
from lfr_core.watchlists.eligibility import ADULT_YEARS

__all__ = ["ON_A_PAGE", "PURPOSE", "SIDE_PX", "ListThumbnail", "ListThumbnails", "ThumbnailPage", "forget_thumbnails"]
__all__ += ["keep_thumbnails"]

ON_A_PAGE: Final = 24
"""[proposal] As many as are looked at one by one, and lie in the clear in a page's memory at once."""
PURPOSE: Final = "the officer looks at the list before approving it"
SIDE_PX: Final = 72
"""[proposal] Enough to see that it is a face, of a child or not, and one alone; half a crop's side."""
_JPEG_QUALITY: Final = 75


@dataclass(frozen=True, slots=True, eq=False)
class ListThumbnail:
    """An entry in small. Whom it is of isn't in it."""

    category: str
    age: int | None
    jpeg: Biometric[bytes] | None
    """None: none could be made."""


@dataclass(frozen=True, slots=True, eq=False)
class ThumbnailPage:
    """Some of a list's entries: those under 18 first, then by category."""

    shown: tuple[ListThumbnail, ...]
    number: int
    """Of this page, from 1."""
    pages: int
    entries: int
    """Of the whole list, test subjects among them."""


class ListThumbnails:
    """Opens thumbnails of lists that wait for approval. Keeps nothing."""

    def __init__(self, engine: Engine, vault: Vault, clock: Clock) -> None:
        self._engine = engine
        self._vault = vault
        self._clock = clock

    def open_page(self, deployment: str, number: int, *, digest: str, by: AuthenticatedPerson) -> ThumbnailPage:
        """Open a page of them, the nearest that there is, for the officer `by`.

        Args:
            deployment: its id.
            number: of the page, from 1.
            digest: of the list that the officer has before them.
            by: who looks.

        Raises:
            Refused: `deployment.list-changed`: the list is another by now; as the step that approves it;
                `vault.key-gone`, `vault.not-authentic`, `people.*`.
            Retryable: the database, the vault or the audit trail is away.
        """
        with reading(self._engine) as session:
            person = acting(session, by, {Role.AUTHORISING_OFFICER})
            state = check_may_approve(session, deployment, person, now=utc_from_ns(self._clock.time_ns()))
            if state.list_digest != digest:
                raise Refused("deployment.list-changed", "the list was compiled anew: look at it again")
            table = WatchlistEntryRow
            of_it = (table.deployment == deployment, table.id != CANARY_ENTRY)
            count = session.exec(select(func.count()).select_from(table).where(*of_it)).one()
            pages = max(1, -(-count // ON_A_PAGE))
            number = min(max(1, number), pages)
            rows = _read_page(session, deployment, number)
        key = self._find_key(deployment, person.name)
        shown = tuple(_open(key, each, sealed, crop) for each, sealed, crop in rows)
        return ThumbnailPage(shown, number, pages, count)

    def _find_key(self, deployment: str, name: str) -> bytes:
        info = find_list_key(self._vault, deployment)
        if info is None:
            raise Refused("vault.key-gone", "the key of this list is destroyed: nobody can open its pictures any more")
        return self._vault.open_kept(info.id, actor=name, purpose=PURPOSE).key


def keep_thumbnails(session: Session, deployment: str, entries: Sequence[EntryLike], list_key: bytes) -> None:
    """Write a thumbnail of each entry, of its first photograph; none where none can be made. The rows are there."""
    key = derive_thumbnail_key(list_key)
    for entry in entries:
        reference = min(entry.references, key=lambda each: each.id)
        crop = reference.crop_jpeg
        small = _shrink(crop)
        if small:
            bound = list_thumbnail(deployment, entry.id, sha256(crop).hexdigest())
            row = ListThumbnailRow(
                deployment=deployment, entry=entry.id, reference=reference.id, jpeg_sealed=seal(key, small, bound)
            )
            session.add(row)


def forget_thumbnails(session: Session, deployment: str) -> None:
    """Delete them: the list is approved, or is no more."""
    session.execute(delete(ListThumbnailRow).where(col(ListThumbnailRow.deployment) == deployment))


def _read_page(session: Session, deployment: str, number: int) -> Sequence[tuple[WatchlistEntryRow, bytes, str]]:
    """Read the entries of a page, each with its sealed thumbnail and its crop's digest; empty where it has none."""
    entry, small, reference = WatchlistEntryRow, ListThumbnailRow, WatchlistReferenceRow
    is_minor = case((col(entry.age) < ADULT_YEARS, 0), else_=1)
    query = (
        select(entry, small.jpeg_sealed, reference.crop_sha256)
        .outerjoin(small, (col(small.deployment) == entry.deployment) & (col(small.entry) == entry.id))
        .outerjoin(
            reference,
            (col(reference.deployment) == entry.deployment)
            & (col(reference.id) == small.reference)
            & (col(reference.entry) == entry.id),
        )
        .where(entry.deployment == deployment, entry.id != CANARY_ENTRY)
        .order_by(is_minor, col(entry.category), col(entry.id))
        .offset((number - 1) * ON_A_PAGE)
        .limit(ON_A_PAGE)
    )
    return [(each, sealed or b"", crop or "") for each, sealed, crop in session.exec(query)]


def _open(key: bytes, entry: WatchlistEntryRow, sealed: bytes, crop_sha256: str) -> ListThumbnail:
    jpeg = None
    if sealed:
        jpeg = Biometric(open_sealed(key, sealed, list_thumbnail(entry.deployment, entry.id, crop_sha256)))
    return ListThumbnail(entry.category, entry.age, jpeg)


def _shrink(crop_jpeg: bytes) -> bytes:
    """Make a crop small, as JPEG; b"" for what is no picture. The crop is one that enrolment made."""
    import cv2  # the libraries of pictures are loaded where a list is compiled, and not where one is only read
    import numpy as np

    image = cv2.imdecode(np.frombuffer(crop_jpeg, np.uint8), cv2.IMREAD_COLOR) if crop_jpeg else None
    if image is None:
        return b""
    small = cv2.resize(image, (SIDE_PX, SIDE_PX), interpolation=cv2.INTER_AREA)
    _, jpeg = cv2.imencode(".jpg", small, [cv2.IMWRITE_JPEG_QUALITY, _JPEG_QUALITY])
    return bytes(jpeg)
