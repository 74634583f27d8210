"""One sweep over all purges: each on its own, each recorded, and what fails is said and tried again.

In this order, for each step:

1. What is due is asked.
2. The trail is told what is about to be destroyed (`state` = `ordered`), unless the step writes there itself. What
   can't be ordered isn't done, but for steps that make free space on a full disk.
3. The step destroys.
4. What is left is asked again: its oldest is the lag.
5. One transaction records the run and each thing destroyed (`state` = `done`), unless the step wrote it itself.

5 is tried again at the sweep's end, when other steps freed space; if that fails too the run is reported as an error.
Once the database was found to be away, what needs it isn't tried before the sweep's end: each question takes long.

A sweep killed between 3 and 5 leaves the order on the trail, and the next one finds the thing gone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from sqlalchemy import Engine, delete
from sqlmodel import Session, col

from lfr_core.common.clock import Clock
from lfr_core.common.errors import LfrError, Refused, Retryable
from lfr_core.common.logs import get_logger
from lfr_core.custody.audit.port import Trail
from lfr_core.retention.last_purge import Purger, write_ended
from lfr_core.retention.lock import lock_sweep
from lfr_core.retention.port import ACTOR, Audited, Due, PurgeResult, PurgeStep
from lfr_core.retention.reporting import (
    StepReport,
    destroyed_event,
    ordered_events,
    run_row,
    skipped_report,
    with_error,
    write_class,
)
from lfr_core.storage.engine import DatabaseAwayError, writing
from lfr_core.storage.tables.retention import RetentionRunRow

__all__ = ["StepReport", "Sweep", "begin_sweep", "sweep"]

_NS_PER_DAY = 86_400 * 10**9


class Sweep:
    """A sweep in progress. Made by `begin_sweep`, which holds the lock."""

    def __init__(
        self,
        steps: Sequence[PurgeStep],
        *,
        engine: Engine,
        home: Path,
        trail: Trail,
        clock: Clock,
        history_days: int,
        by: Purger,
        find_unknown: Callable[[], Mapping[str, Sequence[str]]],
    ) -> None:
        self._steps = {step.name: step for step in steps}
        self._engine = engine
        self._home = home
        self._by = by
        self._trail = trail
        self._clock = clock
        self._history_days, self._find_unknown = history_days, find_unknown
        self._reports: dict[str, StepReport] = {}
        self._unrecorded: list[tuple[PurgeStep, StepReport]] = []
        self._away: DatabaseAwayError | None = None  # how the database was found to be away
        self._skipped: list[str] = []

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(self._steps)

    @property
    def reports(self) -> tuple[StepReport, ...]:
        return tuple(self._reports.values())

    def run(self, name: str) -> StepReport:
        """Run one step. Never raises for what the step meets: the report says it.

        Raises:
            Refused: `retention.no-such-step`.
        """
        step = self._steps.get(name)
        if step is None:
            raise Refused("retention.no-such-step", f"this sweep has no step {name}: nothing purges that class of data")
        if self._away is not None and step.audited is not Audited.FREE_SPACE_FIRST:
            self._skipped.append(name)
            report = skipped_report(name, self._away, self._clock.time_ns())
        else:
            report = self._purged(step)
            try:
                self._record_report(step, report)
            except LfrError as error:
                self._unrecorded.append((step, report))
                report = with_error(report, error)
        self._reports[name] = report
        log = get_logger().warning if report.error else get_logger().debug
        log("purge_step", step=name, destroyed=len(report.destroyed), left=len(report.left), reason=report.error)
        return report

    def run_all(self) -> tuple[StepReport, ...]:
        """Run every step in its order, and `finish`."""
        for name in self.names:
            self.run(name)
        return self.finish()

    def finish(self) -> tuple[StepReport, ...]:
        """Record what couldn't be recorded before, forget old runs of our own, say that it ended, give all reports."""
        if self._away is not None and self._has_come_back():
            skipped, self._skipped, self._away = self._skipped, [], None
            for name in skipped:
                self.run(name)
        for step, report in self._unrecorded:
            try:
                self._record_report(step, report)
            except LfrError as error:
                self._reports[step.name] = with_error(report, error)
                self._record_unaudited(self._reports[step.name])
            else:
                self._reports[step.name] = report
        self._unrecorded.clear()
        if self._away is None:
            self._forget_old_runs()
        self._say_ended()
        return self.reports

    def _has_come_back(self) -> bool:
        with suppress(LfrError), writing(self._engine):
            return True
        return False

    def _say_ended(self) -> None:
        """Say that a sweep ended whose every step was run, whatever each came to: faults are reported elsewhere."""
        if self._steps.keys() <= self._reports.keys():
            try:
                failed = {report.step: report.error for report in self.reports if report.error}
                write_ended(self._home, self._by, self._clock.time_ns(), failed, self._unknown())
            except OSError as error:  # a full disk: another purge follows, and does no harm
                get_logger().warning("purge_end_not_written", reason=error.strerror)

    def _unknown(self) -> Mapping[str, Sequence[str]]:
        """Look what lies on no record; while the records are away nobody can tell, and the steps say that they are."""
        try:
            return self._find_unknown()
        except LfrError as error:
            get_logger().warning("unknown_files_not_looked_for", reason=str(error))
            return {}

    def _purged(self, step: PurgeStep) -> StepReport:
        """Run the step; return the report, which isn't recorded yet."""
        now_ns = self._clock.time_ns()
        before: tuple[Due, ...] = ()
        outcome = PurgeResult()
        left: tuple[Due, ...] = ()
        failures: list[LfrError] = []
        with self._note_failures(step, failures):
            before = left = tuple(step.due(now_ns))
        # A step that writes the trail itself may go on even if not all that is due could be seen: the rest may go.
        may_go = step.audited is Audited.ITSELF or (not failures and self._ordered(step, before, failures))
        if may_go or step.audited is Audited.FREE_SPACE_FIRST:
            with self._note_failures(step, failures):
                outcome = step.purge(now_ns)
                failures += outcome.failures
        if before or outcome.destroyed:
            with self._note_failures(step, failures):
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

    def _ordered(self, step: PurgeStep, before: tuple[Due, ...], failures: list[LfrError]) -> bool:
        """Write the order to destroy what is due. Whether it stands."""
        try:
            if before:
                self._trail.prepare(ACTOR)
                with self._writing() as session:
                    for event in ordered_events(step.name, before):
                        self._trail.append(session, event)
        except LfrError as error:
            failures.append(error)
            return False
        return True

    def _record_report(self, step: PurgeStep, report: StepReport) -> None:
        to_tell = () if step.audited is Audited.ITSELF else report.destroyed
        if to_tell:
            self._trail.prepare(ACTOR)
        with self._writing() as session:
            write_class(session, report)
            if report.destroyed or report.error:
                session.add(run_row(report))
            if to_tell:
                session.flush()
                for each in to_tell:  # last: on PostgreSQL the trail's lock is held until the commit
                    self._trail.append(session, destroyed_event(report, each))

    def _record_unaudited(self, report: StepReport) -> None:
        """Record what went without an entry, which must be seen: the trail is away and the records may not be."""
        with suppress(LfrError), self._writing() as session:
            write_class(session, report)
            session.add(run_row(report))

    @contextmanager
    def _writing(self) -> Iterator[Session]:
        """Open a transaction; a database that was found to be away isn't asked again. Raises as `writing`."""
        if self._away is not None:
            raise self._away
        try:
            with writing(self._engine) as session:
                yield session
        except DatabaseAwayError as error:
            self._away = error
            raise

    @contextmanager
    def _note_failures(self, step: PurgeStep, failures: list[LfrError]) -> Iterator[None]:
        """Put what goes wrong in the block among `failures` and go on."""
        try:
            yield
        except LfrError as error:
            failures.append(error)
            if isinstance(error, DatabaseAwayError):
                self._away = error
        except Exception as error:  # noqa: BLE001  one step's fault must not keep the other data alive
            get_logger().error("purge_step_fault", step=step.name, fault=type(error).__name__)
            failures.append(Retryable(f"a fault of OpenLFR in this step: {type(error).__name__}; see the log"))

    def _forget_old_runs(self) -> None:
        before_ns = self._clock.time_ns() - self._history_days * _NS_PER_DAY
        try:
            with writing(self._engine) as session:
                session.execute(delete(RetentionRunRow).where(col(RetentionRunRow.at_ns) < before_ns))
        except LfrError as error:
            get_logger().warning("retention_runs_kept", reason=str(error))


@contextmanager
def begin_sweep(
    steps: Sequence[PurgeStep],
    *,
    engine: Engine,
    home: Path,
    trail: Trail,
    clock: Clock,
    history_days: int,
    by: Purger = Purger.COMMAND,
    find_unknown: Callable[[], Mapping[str, Sequence[str]]] = dict,
) -> Iterator[Sweep]:
    """Begin a sweep that is the only one. Call `run` for each of its names, then `finish`.

    Args:
        steps: what to purge, in this order.
        engine: the records.
        home: the installation's folder, for the lock and for the word that it ended.
        trail: the audit trail.
        clock: what is due is decided by it.
        history_days: how long recorded runs are kept, days.
        by: who sweeps.
        find_unknown: lists the names of files that no record knows, by place, for `retention.ended`.

    Raises:
        SweepIsRunning: another sweep runs.
        Retryable: the lock can't be had because the disk or the database is away.
    """
    with lock_sweep(engine, home):
        yield Sweep(
            steps,
            engine=engine,
            home=home,
            trail=trail,
            clock=clock,
            history_days=history_days,
            by=by,
            find_unknown=find_unknown,
        )


def sweep(
    steps: Sequence[PurgeStep], *, engine: Engine, home: Path, trail: Trail, clock: Clock, history_days: int
) -> tuple[StepReport, ...]:
    """Run every step once and say what each came to. Arguments and errors as `begin_sweep`."""
    with begin_sweep(steps, engine=engine, home=home, trail=trail, clock=clock, history_days=history_days) as each:
        return each.run_all()
