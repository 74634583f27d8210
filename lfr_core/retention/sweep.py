"""One sweep over all purges: each on its own, each booked, and what fails is said and tried again.

In this order, for each step:

1. What is due is asked.
2. The trail is told what is about to be destroyed (`state` = `ordered`), unless the step writes there itself. What
   can't be ordered isn't done, but for steps that make room on a full disk.
3. The step destroys.
4. What is left is asked again: its oldest is the lag.
5. One transaction books the run and each thing destroyed (`state` = `done`), unless the step wrote it itself.

5 is tried again at the sweep's end, when other steps have made room; if that fails too the run is reported as an error.
A sweep killed between 3 and 5 leaves the order on the trail, and the next one finds the thing gone.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from sqlalchemy import Engine, delete
from sqlmodel import Session, col

from lfr_core.audit.port import AuditEvent, Verb
from lfr_core.clock import Clock
from lfr_core.errors import LfrError, Retryable
from lfr_core.logs import get_logger
from lfr_core.records.engine import writing
from lfr_core.retention.lock import one_sweep
from lfr_core.retention.port import ACTOR, CLASSES, Audited, Destroyed, Due, Outcome, PurgeStep, Trail
from lfr_core.retention.tables import RetentionClassRow, RetentionRunRow

__all__ = ["StepReport", "Sweep", "sweep", "sweeping"]

_RULES = {each.name: each.rule for each in CLASSES}
_ORDERS_NAMED = 100
"""Orders name their things one by one up to here; beyond it one order gives their number."""
_NS_PER_DAY = 86_400 * 10**9


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


class Sweep:
    """A sweep in progress. Made by `sweeping`, which holds the lock."""

    def __init__(
        self, steps: Sequence[PurgeStep], *, engine: Engine, trail: Trail, clock: Clock, history_days: int
    ) -> None:
        self._steps = {step.name: step for step in steps}
        self._engine = engine
        self._trail = trail
        self._clock = clock
        self._history_days = history_days
        self._reports: dict[str, StepReport] = {}
        self._unbooked: list[tuple[PurgeStep, StepReport]] = []

    @property
    def names(self) -> tuple[str, ...]:
        """The steps there are, in the order to run them in."""
        return tuple(self._steps)

    @property
    def reports(self) -> tuple[StepReport, ...]:
        """Of the steps run so far."""
        return tuple(self._reports.values())

    def run(self, name: str) -> StepReport:
        """Run one step. Never raises for what the step meets: the report says it."""
        step = self._steps[name]
        report = self._purged(step)
        try:
            self._book(step, report)
        except LfrError as error:
            self._unbooked.append((step, report))
            report = _with_error(report, error)
        self._reports[name] = report
        log = get_logger().warning if report.error else get_logger().debug
        log("purge_step", step=name, destroyed=len(report.destroyed), left=len(report.left), reason=report.error)
        return report

    def finish(self) -> tuple[StepReport, ...]:
        """Book what couldn't be booked before, forget old runs of our own, and give all reports."""
        for step, report in self._unbooked:
            try:
                self._book(step, report)
            except LfrError as error:
                self._reports[step.name] = _with_error(report, error)
            else:
                self._reports[step.name] = report
        self._unbooked.clear()
        self._forget_old_runs()
        return self.reports

    def _purged(self, step: PurgeStep) -> StepReport:
        """The step's run, not booked yet."""
        now_ns = self._clock.time_ns()
        before: tuple[Due, ...] = ()
        outcome = Outcome()
        left: tuple[Due, ...] = ()
        failures: list[LfrError] = []
        with _noting(step, failures):
            before = left = tuple(step.due(now_ns))
        if self._may_go(step, before, failures):
            with _noting(step, failures):  # even if not all that is due could be seen: the rest may go
                outcome = step.purge(now_ns)
                failures += outcome.failures
        if before or outcome.destroyed:
            with _noting(step, failures):
                left = tuple(step.due(now_ns))
        return StepReport(
            step=step.name,
            at_ns=now_ns,
            done_ns=self._clock.time_ns(),
            destroyed=outcome.destroyed,
            oldest_due_ns=min((due.due_ns for due in before), default=None),
            left=left,
            note=outcome.note,
            error="; ".join(dict.fromkeys(str(failure) for failure in failures)),
            retry_after_s=next((f.retry_after_s for f in failures if isinstance(f, Retryable)), None),
        )

    def _may_go(self, step: PurgeStep, before: tuple[Due, ...], failures: list[LfrError]) -> bool:
        """Write the order. Whether the step may destroy."""
        try:
            self._trail.prepare(ACTOR)
            if before and step.audited is not Audited.ITSELF:
                with writing(self._engine) as session:
                    for event in _orders(step, before):
                        self._trail.append(session, event)
        except LfrError as error:
            failures.append(error)
            return step.audited is Audited.ROOM_FIRST
        return True

    def _book(self, step: PurgeStep, report: StepReport) -> None:
        with writing(self._engine) as session:
            if step.audited is not Audited.ITSELF:
                for each in report.destroyed:
                    self._trail.append(session, _done(report, each))
            _write_class(session, report)
            if report.destroyed or report.error:
                session.add(_run_row(report))

    def _forget_old_runs(self) -> None:
        before_ns = self._clock.time_ns() - self._history_days * _NS_PER_DAY
        try:
            with writing(self._engine) as session:
                session.execute(delete(RetentionRunRow).where(col(RetentionRunRow.at_ns) < before_ns))
        except LfrError as error:
            get_logger().warning("retention_runs_kept", reason=str(error))


@contextmanager
def sweeping(
    steps: Sequence[PurgeStep], *, engine: Engine, home: Path, trail: Trail, clock: Clock, history_days: int
) -> Iterator[Sweep]:
    """A sweep that is the only one. Call `run` for each of its names, then `finish`.

    Args:
        steps: what to purge, in this order.
        engine: the records.
        home: the installation's folder, for the lock.
        trail: the audit trail.
        clock: what is due is decided by it.
        history_days: how long booked runs are kept, days.

    Raises:
        SweepRuns: another sweep runs.
        Retryable: the lock can't be had because the disk or the database is away.
    """
    with one_sweep(engine, home):
        yield Sweep(steps, engine=engine, trail=trail, clock=clock, history_days=history_days)


def sweep(
    steps: Sequence[PurgeStep], *, engine: Engine, home: Path, trail: Trail, clock: Clock, history_days: int
) -> tuple[StepReport, ...]:
    """Run every step once and say what each came to. Arguments and errors as `sweeping`."""
    with sweeping(steps, engine=engine, home=home, trail=trail, clock=clock, history_days=history_days) as each:
        for name in each.names:
            each.run(name)
        return each.finish()


@contextmanager
def _noting(step: PurgeStep, failures: list[LfrError]) -> Iterator[None]:
    """Put what goes wrong in the block among `failures` and go on."""
    try:
        yield
    except LfrError as error:
        failures.append(error)
    except Exception as error:  # noqa: BLE001  one step's fault must not keep the other data alive
        get_logger().error("purge_step_fault", step=step.name, fault=type(error).__name__)
        failures.append(Retryable(f"a fault of OpenLFR in this step: {type(error).__name__}; see the log"))


def _orders(step: PurgeStep, before: tuple[Due, ...]) -> list[AuditEvent]:
    rule = _RULES.get(step.name, step.name)
    if len(before) > _ORDERS_NAMED:
        facts: dict[str, str | int] = {
            "state": "ordered",
            "count": len(before),
            "oldest_due_ns": min(due.due_ns for due in before),
        }
        return [AuditEvent(Verb.ERASE, ACTOR, "", f"class:{step.name}", rule, facts)]
    return [
        AuditEvent(Verb.ERASE, ACTOR, due.deployment, due.subject, rule, {"state": "ordered", "due_ns": due.due_ns})
        for due in before
    ]


def _done(report: StepReport, gone: Destroyed) -> AuditEvent:
    facts: dict[str, str | int] = {"state": "done", "due_ns": gone.due_ns, "done_ns": report.done_ns, **gone.facts}
    rule = _RULES.get(report.step, report.step)
    return AuditEvent(Verb.ERASE, ACTOR, gone.deployment, gone.subject, rule, facts)


def _with_error(report: StepReport, error: LfrError) -> StepReport:
    said = f"the run isn't booked: {error}"
    after_s = error.retry_after_s if isinstance(error, Retryable) else None
    both = f"{report.error}; {said}" if report.error else said
    return replace(report, error=both, retry_after_s=report.retry_after_s or after_s)


def _write_class(session: Session, report: StepReport) -> None:
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


def _run_row(report: StepReport) -> RetentionRunRow:
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
