"""A compiled list goes into the records: entries, sealed crops, and what the published record will say of it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import delete
from sqlmodel import Session, col, select

from lfr_core.common.counts import agree, counted
from lfr_core.common.errors import Refused
from lfr_core.deployments.application import Application
from lfr_core.deployments.entries import EntryLike, read_entry_row, read_reference_rows
from lfr_core.deployments.gallery_binding import bind_gallery
from lfr_core.domain.deployments import DeploymentKind
from lfr_core.domain.working_days import LONDON
from lfr_core.recognition.gallery.port import StoredRow
from lfr_core.storage.tables.deployments import DeploymentRow
from lfr_core.storage.tables.publication import WatchlistCompositionRow
from lfr_core.storage.tables.rights import ListedCommitmentRow
from lfr_core.storage.tables.watchlists import (
    GalleryLookRow,
    GalleryReferenceRow,
    WatchlistEntryRow,
    WatchlistReferenceRow,
)
from lfr_core.watchlists.eligibility import ADULT_YEARS

__all__ = ["check_list_for", "composition", "delete_list", "forget_list", "write_list"]

_AT_ONCE = 100
"""Entries whose crops are in memory together."""


def check_list_for(made: Application, entries: Sequence[EntryLike]) -> None:
    """Check what an application asks of its list.

    Raises:
        Refused: `watchlist.over-cap`, `watchlist.entry-expired`.
    """
    size = sum(not entry.category.is_test_subject for entry in entries)
    if size > made.list_cap:
        raise Refused(
            "watchlist.over-cap",
            f"the list has {counted(size, 'entry')}, {made.list_cap:,} authorised for {made.deployment}: leave "
            "some out, or "
            "plan it again with another cap",
        )
    last_day = made.ends_at.astimezone(LONDON).date()
    expired = sorted(entry.subject for entry in entries if entry.expires_on < last_day)
    if expired:
        raise Refused(
            "watchlist.entry-expired",
            f"{counted(len(expired), 'entry')} {agree(len(expired), 'ends', 'end')} before the deployment does, "
            f"on {last_day} ({', '.join(expired[:5])})",
        )


def write_list(
    session: Session,
    row: DeploymentRow,
    contract_id: str,
    gallery: str,
    entries: Sequence[EntryLike],
    key: bytes,
    held: Sequence[StoredRow],
) -> None:
    """Write the list's rows, crops sealed under the list's `key` (32 bytes); name its gallery and bind what it holds.

    Raises:
        Refused: `watchlist.gallery-used`, `watchlist.test-subjects-only`.
    """
    if session.exec(select(DeploymentRow.id).where(DeploymentRow.gallery == gallery)).first() is not None:
        raise Refused("watchlist.gallery-used", f"gallery {gallery} belongs to another deployment")
    blue = sum(entry.category.is_test_subject for entry in entries)
    if row.kind == DeploymentKind.OPERATIONAL and blue == len(entries):
        raise Refused(
            "watchlist.test-subjects-only", "a list of test subjects alone belongs to an evaluation or a demo"
        )
    for entry in entries:
        session.add(read_entry_row(row.id, entry))
    session.flush()
    for number, entry in enumerate(entries, start=1):
        session.add_all(read_reference_rows(row.id, entry, key))
        if number % _AT_ONCE == 0:
            session.flush()  # and the session lets go of them
    bind_gallery(session, row, held)
    row.gallery, row.contract_id = gallery, contract_id
    row.blue_list_size, row.watchlist_size = blue, len(entries) - blue


def composition(deployment: str, entries: Sequence[EntryLike], now: datetime) -> list[WatchlistCompositionRow]:
    """Return what the published record says of the list once it is destroyed. Test subjects are no part of it."""
    by_category: dict[str, list[EntryLike]] = {}
    for entry in entries:
        if not entry.category.is_test_subject:
            by_category.setdefault(entry.category.value, []).append(entry)
    return [
        WatchlistCompositionRow(
            deployment=deployment,
            category=category,
            people=len(people),
            images=sum(len(one.references) for one in people),
            built_at=now,
            under_18=_under_18([one.age for one in people]),
        )
        for category, people in sorted(by_category.items())
    ]


def _under_18(ages: Sequence[int | None]) -> int | None:
    """Count those under 18; None unless every age is known: a part of them would read as all."""
    known = [age for age in ages if age is not None]
    return sum(age < ADULT_YEARS for age in known) if len(known) == len(ages) else None


def forget_list(session: Session, deployment: str) -> None:
    """Delete the list that one compiled anew replaces, its public words and commitments too."""
    delete_list(session, deployment)
    for said in session.exec(select(WatchlistCompositionRow).where(WatchlistCompositionRow.deployment == deployment)):
        session.delete(said)
    session.flush()  # before others of the same keys
    session.execute(delete(ListedCommitmentRow).where(col(ListedCommitmentRow.deployment) == deployment))


def delete_list(session: Session, deployment: str) -> None:
    """Delete its rows and sealed crops; what is said of a list in public stays."""
    session.execute(delete(GalleryReferenceRow).where(col(GalleryReferenceRow.deployment) == deployment))
    session.execute(delete(GalleryLookRow).where(col(GalleryLookRow.deployment) == deployment))
    session.execute(delete(WatchlistReferenceRow).where(col(WatchlistReferenceRow.deployment) == deployment))
    session.execute(delete(WatchlistEntryRow).where(col(WatchlistEntryRow.deployment) == deployment))
