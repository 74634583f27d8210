"""The pictures of an alert, sealed: their digest tells which a person was shown, and those stay for a while."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Final
from uuid import UUID

from sqlmodel import Session, col, select

from lfr_core.storage.tables.alerts import AlertReferenceRow, AlertRow, AlertShotRow, digest_pictures

__all__ = ["MOST_SHOTS", "keep_shot", "note_pictures", "pictures_digest", "read_references", "read_shots", "show_shot"]

MOST_SHOTS: Final = 6
"""[proposal] Kept beside an alert's best: somebody compares for some seconds, in which hardly more come that are each
better than the last."""
_DIGITS = 16
"""Hexadecimal, 64 bits of a SHA-256: short enough to be typed on a command line. It notices a change; what nobody may
forge is sealed under the alert's key."""


def read_references(session: Session, alert: AlertRow) -> Sequence[AlertReferenceRow]:
    """Read the alert's references in the order of their ids."""
    wanted = select(AlertReferenceRow).where(AlertReferenceRow.alert == alert.id)
    return session.exec(wanted.order_by(col(AlertReferenceRow.id))).all()


def read_shots(session: Session, alert: UUID) -> Sequence[AlertShotRow]:
    """Read the pictures that were the alert's before, the newest first."""
    wanted = select(AlertShotRow).where(AlertShotRow.alert == alert)
    return session.exec(wanted.order_by(col(AlertShotRow.number).desc())).all()


def keep_shot(session: Session, alert: AlertRow) -> None:
    """Keep the alert's picture, which a better one replaces now; beyond `MOST_SHOTS` the oldest goes."""
    before = read_shots(session, alert.id)
    for old in before[MOST_SHOTS - 1 :]:
        session.delete(old)
    number = before[0].number + 1 if before else 1
    session.add(AlertShotRow(alert=alert.id, number=number, probe_sealed=alert.probe_sealed))


def note_pictures(session: Session, alert: AlertRow) -> None:
    """Have the alert say which pictures it has now; one that an earlier version opened goes on saying nothing."""
    if alert.pictures_sha256:
        shots = read_shots(session, alert.id)
        alert.pictures_sha256 = digest_pictures(alert, read_references(session, alert), shots)


def show_shot(session: Session, alert: AlertRow, references: Sequence[AlertReferenceRow], digest: str) -> bool:
    """Make that picture the alert's which somebody had before them, by its digest, and keep the better one beside it.

    Nothing is changed where it is the alert's already, or isn't kept any more. Returns whether something was.
    """
    if pictures_digest(alert.id, alert.probe_sealed, references) == digest:
        return False
    for shot in read_shots(session, alert.id):
        if pictures_digest(alert.id, shot.probe_sealed, references) == digest:
            alert.probe_sealed, shot.probe_sealed = shot.probe_sealed, alert.probe_sealed
            session.add(shot)
            return True
    return False


def pictures_digest(alert: UUID, probe_sealed: bytes, references: Sequence[AlertReferenceRow]) -> str:
    """Compute the digest of a probe's sealed bytes and those of `references`, ordered by id; each probe has another."""
    found = hashlib.sha256()
    for part in (alert.bytes, probe_sealed, *(b for r in references for b in (r.id.encode(), r.crop_sealed))):
        found.update(len(part).to_bytes(8, "big") + part)
    return found.hexdigest()[:_DIGITS]
