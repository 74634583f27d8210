"""Writes holds of footage on record: the one place that does, whoever asks for a hold."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from sqlmodel import Session

from lfr_core.custody.audit.port import AuditEvent, Trail, Verb
from lfr_core.domain.actors import Principal
from lfr_core.retention.footage.holds import HoldRequest, find_covered
from lfr_core.retention.footage.register import rows_of
from lfr_core.storage.tables.footage import FootageHoldRow, FootageHoldSegmentRow, digest_segments

__all__ = ["HoldWriter"]


@dataclass(frozen=True, slots=True)
class HoldWriter:
    """Writes holds in the caller's transaction, each act with its entry on the audit trail.

    The caller decides who may act and prepares the trail for them, and tells the vault afterwards
    (`lfr_core.retention.footage.hold_reconciliation.send_holds_to_vault`).
    """

    session: Session
    trail: Trail
    deployment: str
    """The entries name it; empty when a hold covers several."""
    facts: Mapping[str, str] = field(default_factory=dict)
    """What the entries say besides."""

    def place(self, request: HoldRequest, *, by: str, id: str, at: dt.datetime, rule: str) -> FootageHoldRow:
        """Record a new hold, provisional until a second person approves. Segments that are destroyed are left out."""
        row = FootageHoldRow(
            id=id,
            ground=request.ground.value,
            reference=request.reference,
            requested_by=by,
            approved_by="",
            placed_at=at,
            review_on=request.review_on,
        )
        self.session.add(row)
        self.session.flush()
        self._cover(row, request.segments)
        self._append(Verb.DECIDE, row.requested_by, row, rule)
        return row

    def widen(self, row: FootageHoldRow, segments: Collection[str], *, by: Principal, rule: str) -> bool:
        """Cover what of `segments` a hold doesn't name yet. Returns whether there was any."""
        if not self._cover(row, segments):
            return False
        self._append(Verb.ALTER, by, row, rule)
        return True

    def confirm(self, row: FootageHoldRow, *, by: str, review_on: dt.date, rule: str) -> None:
        """Record the second person, who approves a provisional hold or that it goes on until another review."""
        row.approved_by, row.review_on = by, review_on
        self._append(Verb.AUTHORISE, by, row, rule)

    def release(self, row: FootageHoldRow, *, by: Principal, at: dt.datetime, rule: str) -> None:
        """Record that a hold is over."""
        row.released_at, row.released_by = at, str(by)
        self._append(Verb.DECIDE, by, row, rule)

    def _cover(self, row: FootageHoldRow, segments: Collection[str]) -> int:
        missing = set(segments) - set(find_covered(self.session, row.id))
        found = [each for each in rows_of(self.session, missing, lock=True) if each.purged_ns is None]
        self.session.add_all([FootageHoldSegmentRow(hold=row.id, segment=each.id) for each in found])
        return len(found)

    def _append(self, verb: Verb, actor: Principal, row: FootageHoldRow, rule: str) -> None:
        self.session.flush()
        covered = find_covered(self.session, row.id)
        row.segments_sha256 = digest_segments(covered)
        facts: dict[str, str | int] = {
            "segments": len(covered),
            "segments_sha256": row.segments_sha256,
            "review_on": row.review_on.isoformat(),
            **self.facts,
        }
        self.trail.append(self.session, AuditEvent(verb, actor, self.deployment, f"footage-hold:{row.id}", rule, facts))
