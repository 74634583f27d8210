"""Operators attending: heard of again and again while they watch. When nobody has been for a while, the gate shuts."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event, Thread

from sqlalchemy import Engine, delete
from sqlmodel import Session, col, select

from lfr_core.common.clock import Clock
from lfr_core.common.errors import LfrError, Refused
from lfr_core.common.logs import get_logger
from lfr_core.custody.audit.port import RowSealer
from lfr_core.custody.audit.row_seals import IsSealed, text_of_values
from lfr_core.custody.people.lookup import acting
from lfr_core.custody.people.roles import AuthenticatedPerson, Role, principal_of
from lfr_core.domain.actors import SPEAKS_FOR_PEOPLE, Principal, fold_name
from lfr_core.storage.engine import writing
from lfr_core.storage.tables.deployments import DeploymentRow
from lfr_core.storage.tables.vault import AttendanceRow

__all__ = ["Attendance", "read_last_attended_ns"]


def read_last_attended_ns(session: Session, deployment: str, is_sealed: IsSealed | None = None) -> int | None:
    """Read when an operator was last heard of, nanoseconds since the epoch, or None.

    `is_sealed`: the vault's: only what was sealed counts with a key that was lent upon this operator's login.
    """
    rows = session.exec(select(AttendanceRow).where(AttendanceRow.deployment == deployment))
    heard = (
        row.last_ns
        for row in rows
        if is_sealed is None
        or is_sealed(
            _text(deployment, row.operator, row.last_ns), row.writer, row.seal, SPEAKS_FOR_PEOPLE, row.operator
        )
    )
    return max(heard, default=None)


def _text(deployment: str, operator: Principal, last_ns: int) -> str:
    """Return what of a row is sealed."""
    return text_of_values("attendance", deployment, fold_name(str(operator)), last_ns)


class Attendance:
    """Who attends which deployment. Every method raises Retryable when the database is away."""

    def __init__(self, engine: Engine, trail: RowSealer, clock: Clock) -> None:
        self._engine = engine
        self._trail = trail
        self._clock = clock

    def record_heartbeat(self, deployment: str, operator: AuthenticatedPerson) -> None:
        """Record that the operator is there now.

        Raises:
            Refused: `deployment.unknown`, and as `acting`.
        """
        now_ns = self._clock.time_ns()
        principal = principal_of(operator)
        writer, seal = self._trail.seal(_text(deployment, principal, now_ns), str(principal))
        with writing(self._engine) as session:
            if "\x00" in deployment or session.get(DeploymentRow, deployment) is None:
                raise Refused("deployment.unknown", f"there is no deployment {deployment}; see `lfr deployment list`")
            name = acting(session, operator, {Role.OPERATOR}).name  # each time: who is revoked attends no more
            row = session.get(AttendanceRow, (deployment, name))
            if row is None:
                row = AttendanceRow(deployment=deployment, operator=name, since_ns=now_ns, last_ns=now_ns)
            row.last_ns, row.writer, row.seal = now_ns, writer, seal
            session.add(row)

    def record_departure(self, deployment: str, operator: AuthenticatedPerson) -> None:
        """Record that the operator is gone; at once, not after the policy's time."""
        with writing(self._engine) as session:
            session.execute(
                delete(AttendanceRow)
                .where(col(AttendanceRow.deployment) == deployment)
                .where(col(AttendanceRow.operator) == principal_of(operator))
            )

    @contextmanager
    def keep_alive(
        self, deployment: str, operator: AuthenticatedPerson, every_s: float = 2.0, ended: Event | None = None
    ) -> Iterator[None]:
        """Attend for as long as the block runs, from a thread.

        ended: set when the operator may attend no more (revoked, another role, logged out elsewhere).

        Raises:
            As `record_heartbeat`, at the start; and, when the block ends, what has ended the attendance.
        """
        self.record_heartbeat(deployment, operator)
        over = Event()
        refusals: list[Refused] = []

        def record_attendance() -> None:
            while not over.wait(every_s):
                try:
                    self.record_heartbeat(deployment, operator)
                except Refused as error:
                    refusals.append(error)
                    if ended is not None:
                        ended.set()
                    return
                except LfrError as error:  # the gate shuts if it lasts: that is what it is for
                    get_logger().warning("attendance.not-written", reason=str(error))

        thread = Thread(target=record_attendance, name="attendance", daemon=True)
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join()
            self.record_departure(deployment, operator)
        if refusals and ended is not None:
            raise refusals[0]
