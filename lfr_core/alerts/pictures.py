"""The digest of an alert's sealed pictures: it tells whether they are still those a person was shown."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from sqlmodel import Session, col, select

from lfr_core.storage.tables.alerts import AlertReferenceRow, AlertRow

__all__ = ["pictures_digest", "references_of"]

_DIGITS = 16
"""Hexadecimal, 64 bits of a SHA-256: short enough to be typed on a command line. It notices a change; what nobody may
forge is sealed under the alert's key."""


def references_of(session: Session, alert: AlertRow) -> Sequence[AlertReferenceRow]:
    """Read the alert's references in the order of their ids."""
    wanted = select(AlertReferenceRow).where(AlertReferenceRow.alert == alert.id)
    return session.exec(wanted.order_by(col(AlertReferenceRow.id))).all()


def pictures_digest(alert: AlertRow, references: Sequence[AlertReferenceRow]) -> str:
    """Of the sealed bytes of the probe and of `references`, ordered by id; a better probe gives another digest."""
    found = hashlib.sha256()
    for part in (alert.id.bytes, alert.probe_sealed, *(b for r in references for b in (r.id.encode(), r.crop_sealed))):
        found.update(len(part).to_bytes(8, "big") + part)
    return found.hexdigest()[:_DIGITS]
