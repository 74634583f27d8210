"""What a step's run came to, and how it is written: on the trail and in the tables."""

from __future__ import annotations

from dataclasses import dataclass, replace

from sqlmodel import Session

from lfr_core.common.errors import LfrError, Retryable
from lfr_core.custody.audit.port import AuditEvent, Verb
from lfr_core.retention.port import ACTOR, CLASSES, Destroyed, Due
from lfr_core.storage.tables.retention import RetentionClassRow, RetentionRunRow

__all__ = [
    "StepReport",
    "destroyed_event",
    "ordered_events",
    "run_row",
    "skipped_report",
    "with_error",
    "write_class",
]

_RULES = {each.name: each.rule for each in CLASSES}
_ORDERS_NAMED = 100
"""Orders name their things one by one up to here; beyond it one order gives their number."""


@dataclass(frozen=True, slots=True)
class StepReport:
    """What one step's run came to."""

    step: str
    at_ns: int
    """When it began."""
    done_ns: int
    destroyed: tuple[Destroyed, ...]
    oldest_due_ns: int | None
    """Of what was due when it began."""
    left: tuple[Due, ...]
    """Due and still there."""
    note: str = ""
    error: str = ""
    """What stood in the way; "" if nothing did."""
    retry_after_s: float | None = None
    """Set when trying again may help."""

    @property
    def lag_s(self) -> float:
        """How long the oldest thing that is still there is past due, seconds."""
        return max(0.0, (self.at_ns - min(due.due_ns for due in self.left)) / 1e9) if self.left else 0.0


def ordered_events(step: str, before: tuple[Due, ...]) -> list[AuditEvent]:
    """Return the events that say what is about to be destroyed."""
    rule = _RULES.get(step, step)
    if len(before) > _ORDERS_NAMED:
        facts: dict[str, str | int] = {
            "state": "ordered",
            "count": len(before),
            "oldest_due_ns": min(due.due_ns for due in before),
        }
        return [AuditEvent(Verb.ERASE, ACTOR, "", f"class:{step}", rule, facts)]
    return [
        AuditEvent(Verb.ERASE, ACTOR, due.deployment, due.subject, rule, {"state": "ordered", "due_ns": due.due_ns})
        for due in before
    ]


def destroyed_event(report: StepReport, gone: Destroyed) -> AuditEvent:
    """Return the event that says that it is destroyed."""
    facts: dict[str, str | int] = {"state": "done", "due_ns": gone.due_ns, "done_ns": report.done_ns, **gone.facts}
    rule = _RULES.get(report.step, report.step)
    return AuditEvent(Verb.ERASE, ACTOR, gone.deployment, gone.subject, rule, facts)


def write_class(session: Session, report: StepReport) -> None:
    """Write how the step's class stands since this run."""
    row = session.get(RetentionClassRow, report.step)
    if row is None:
        row = RetentionClassRow(step=report.step, first_ns=report.at_ns, at_ns=report.at_ns)
        session.add(row)
    row.at_ns = report.at_ns
    if not report.error:
        row.succeeded_ns = report.at_ns
    row.due = len(report.left)
    row.oldest_due_ns = min((due.due_ns for due in report.left), default=None)
    row.destroyed = len(report.destroyed)
    row.destroyed_ever += len(report.destroyed)
    row.note, row.error = report.note, report.error


def run_row(report: StepReport) -> RetentionRunRow:
    """Return the row of the run itself."""
    oldest = report.oldest_due_ns
    return RetentionRunRow(
        step=report.step,
        at_ns=report.at_ns,
        destroyed=len(report.destroyed),
        oldest_due_ns=oldest,
        lag_ms=0 if oldest is None else max(0, (report.at_ns - oldest) // 1_000_000),
        left=len(report.left),
        error=report.error,
    )


def skipped_report(step: str, away: Retryable, now_ns: int) -> StepReport:
    """Return the report of a step that wasn't tried, since the records are away."""
    return StepReport(step, now_ns, now_ns, (), None, (), error=str(away), retry_after_s=away.retry_after_s)


def with_error(report: StepReport, error: LfrError) -> StepReport:
    """Return the report, which also says that it couldn't be recorded."""
    message = f"the run isn't on the audit trail: {error}"
    after_s = error.retry_after_s if isinstance(error, Retryable) else None
    both = f"{report.error}; {message}" if report.error else message
    return replace(report, error=both, retry_after_s=report.retry_after_s or after_s)
