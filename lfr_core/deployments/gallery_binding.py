"""A list as it is kept and the gallery that belongs to it: bound to each other, and to the digest that is approved."""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from collections.abc import Sequence

from sqlmodel import Session, col, select

from lfr_core.common.errors import Refused
from lfr_core.domain.reserved import CANARY_ENTRY, MOST_CANARIES
from lfr_core.recognition.gallery.binding import gallery_digest
from lfr_core.recognition.gallery.port import StoredRow
from lfr_core.storage.tables.deployments import DeploymentRow
from lfr_core.storage.tables.watchlists import (
    GalleryLookRow,
    GalleryReferenceRow,
    WatchlistEntryRow,
    WatchlistReferenceRow,
)

__all__ = [
    "allow_canary",
    "bind_gallery",
    "is_list",
    "list_digest",
    "read_bound_rows",
    "read_canary_rows",
    "read_last_gallery_check",
    "read_rows_after",
    "record_gallery_check",
]


def bind_gallery(session: Session, row: DeploymentRow, held: Sequence[StoredRow]) -> None:
    """Write down what the gallery holds: each row, and of all of them count and digest."""
    session.add_all(
        GalleryReferenceRow(deployment=row.id, id=one.id, entry=one.entry, sha256=one.sha256) for one in held
    )
    row.gallery_rows, row.gallery_digest = len(held), gallery_digest(held) if held else ""
    session.flush()


def read_bound_rows(session: Session, deployment: str) -> tuple[StoredRow, ...]:
    """Return what its gallery must hold."""
    table = GalleryReferenceRow
    return _stored(session, table.deployment == deployment, table.entry != CANARY_ENTRY)


def read_canary_rows(session: Session, deployment: str) -> tuple[StoredRow, ...]:
    """Return what its gallery may hold besides: injected for the proof of deletion."""
    table = GalleryReferenceRow
    return _stored(session, table.deployment == deployment, table.entry == CANARY_ENTRY)


def read_rows_after(session: Session, deployment: str, last: str, *, most: int) -> tuple[StoredRow, ...]:
    """Read up to `most` of the rows that must be there, by id, those after `last`."""
    table = GalleryReferenceRow
    query = (
        select(table.id, table.entry, table.sha256)
        .where(table.deployment == deployment, table.entry != CANARY_ENTRY, col(table.id) > last)
        .order_by(col(table.id))
        .limit(most)
    )
    return tuple(StoredRow(*one) for one in session.exec(query))


def allow_canary(session: Session, deployment: str, row: StoredRow) -> None:
    """Say that a canary may be in the gallery: before it is put there, or a comparison would take it for a stranger.

    Raises:
        Refused: `erasure.too-many-canaries`: as many as a search sees past are there.
    """
    if len(read_canary_rows(session, deployment)) >= MOST_CANARIES:
        raise Refused(
            "erasure.too-many-canaries",
            f"the gallery of {deployment} has {MOST_CANARIES} canaries; more could hide a person: wait for the close",
        )
    session.add(GalleryReferenceRow(deployment=deployment, id=row.id, entry=CANARY_ENTRY, sha256=row.sha256))


def list_digest(session: Session, row: DeploymentRow) -> str:
    """Compute SHA-256, hexadecimal, of a deployment's list in the records: what an authorising officer approves.

    It covers the model contract, count and digest of the gallery, and each entry with its age and photographs. The
    order of entries and photographs doesn't matter; the same folder gives the same digest again. Canaries are no part
    of it.
    """
    return _list_digest(session, row, ages=True)


def is_list(session: Session, row: DeploymentRow, digest: str) -> bool:
    """Return whether a list in the records is the one of a `list_digest`, or of one from before it covered ages.

    A digest of then has a field less in each line, so that nobody takes the ages out of one of now.
    """
    return any(_list_digest(session, row, ages=ages) == digest for ages in (True, False))


def _list_digest(session: Session, row: DeploymentRow, *, ages: bool) -> str:
    photographs: dict[str, list[list[str]]] = defaultdict(list)
    reference, entry = WatchlistReferenceRow, WatchlistEntryRow
    for id_, of, crop in session.exec(
        select(reference.id, reference.entry, reference.crop_sha256).where(reference.deployment == row.id)
    ):
        photographs[of].append([id_, crop])
    lines = sorted(
        json.dumps(
            [
                each.id,
                each.subject,
                each.category,
                each.legal_reference,
                each.approved_by,
                each.expires_on.isoformat(),
                sorted(photographs[each.id]),
                *([each.age] if ages else []),
            ],
            ensure_ascii=False,
        )
        for each in session.exec(select(entry).where(entry.deployment == row.id, entry.id != CANARY_ENTRY))
    )
    gallery = f"gallery {row.gallery_rows} {row.gallery_digest}"
    return hashlib.sha256("\n".join([row.contract_id, gallery, *lines]).encode()).hexdigest()


def record_gallery_check(session: Session, deployment: str, why: str, *, now_ns: int) -> None:
    """Keep what the newest comparison came to."""
    session.merge(GalleryLookRow(deployment=deployment, looked_ns=now_ns, why=why))


def read_last_gallery_check(session: Session, deployment: str) -> tuple[int | None, str]:
    """Read when the gallery was last compared with its list, nanoseconds since the epoch, and what differed."""
    found = session.get(GalleryLookRow, deployment)
    return (None, "") if found is None else (found.looked_ns, found.why)


def _stored(session: Session, *where: bool) -> tuple[StoredRow, ...]:
    table = GalleryReferenceRow
    return tuple(StoredRow(*one) for one in session.exec(select(table.id, table.entry, table.sha256).where(*where)))
