"""What an alert rests on, held against its row: its sealed pictures, and the sightings that were counted.

The row itself is held against the trail and its keyed digest (`records`). Pictures are read whole, one alert's at a
time: this is looked at by `lfr audit verify` and before anything is published.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TypeVar

from sqlmodel import Session, col, select

from lfr_core.custody.audit.row_states import is_as_noted
from lfr_core.storage.tables.alerts import AlertReferenceRow, AlertRow, AlertShotRow, SightingRow, digest_pictures

__all__ = ["find_resting_otherwise"]

_Kept = TypeVar("_Kept", AlertReferenceRow, AlertShotRow, SightingRow)


def find_resting_otherwise(session: Session, records_key: bytes) -> Iterator[str]:
    """Find the alerts whose pictures or sightings aren't those that the row says; a sentence for each.

    Of one that an earlier version opened nothing says which they were.
    """
    ids = session.exec(select(AlertRow.id).where(col(AlertRow.pictures_sha256) != "")).all()
    for id_ in ids:
        alert = session.get_one(AlertRow, id_)
        references, shots = _rows_of(session, AlertReferenceRow, alert), _rows_of(session, AlertShotRow, alert)
        sightings = _rows_of(session, SightingRow, alert)
        if alert.pictures_sha256 != digest_pictures(alert, references, shots):
            yield f"alert/{id_} has other pictures than it was given: some were changed, exchanged or taken away"
        if not _are_all(alert, sightings, records_key):
            yield f"alert/{id_} rests on other sightings than the recorder counted"
        for done in (alert, *references, *shots, *sightings):  # of many alerts no more than one's are in memory
            session.expunge(done)


def _rows_of(session: Session, kind: type[_Kept], alert: AlertRow) -> Sequence[_Kept]:
    return session.exec(select(kind).where(kind.alert == alert.id)).all()


def _are_all(alert: AlertRow, sightings: Sequence[SightingRow], records_key: bytes) -> bool:
    """Return whether these are as they were recorded, as many as were counted, with the first and the last of them."""
    frames = {(each.session, each.sequence, each.captured_ns) for each in sightings}
    return (
        len(sightings) == alert.sightings
        and all(is_as_noted(each, records_key) for each in sightings)
        and (alert.first_session, alert.first_sequence, alert.first_ns) in frames
        and (alert.last_session, alert.last_sequence, alert.last_ns) in frames
    )
