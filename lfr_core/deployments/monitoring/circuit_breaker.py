"""The circuit breaker: too many false alerts for the faces compared suspend a deployment (docs/domain.md 4.4).

A false alert is one that a person has decided and that would be published as false; one that nobody has decided yet is
not false, it waits. Test subjects and canaries are no alerts of anybody. Faces are tracks that were compared, as they
are published.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from sqlalchemy import Engine, union_all
from sqlalchemy import select as select_columns
from sqlmodel import Session, col, func, select

from lfr_core.common.clock import Clock
from lfr_core.custody.audit.port import AuditEvent, Trail, Verb
from lfr_core.custody.people.roles import Actor, principal_of
from lfr_core.domain.alerts import Cell, Decision, Judgement, Review, published_cell
from lfr_core.domain.circuit_breaker import circuit_breaker_limit, circuit_breaker_trips
from lfr_core.domain.watchlists import Category
from lfr_core.storage.engine import reading, writing
from lfr_core.storage.tables.alerts import AlertRow, AlertStubRow
from lfr_core.storage.tables.monitoring import CircuitBreakerTripRow
from lfr_core.storage.tables.stream import CameraSessionRow

__all__ = ["CircuitBreaker", "CircuitBreakerReading", "Suspends", "read_circuit_breaker"]

_NOT_TRUE = frozenset({Cell.FALSE_CONFIRMED, Cell.FALSE_UNCONFIRMED, Cell.NOT_DECIDED})
"""Of alerts that somebody judged: for the circuit breaker, and nowhere else, "can't tell" counts as a false alert."""


@dataclass(frozen=True, slots=True)
class CircuitBreakerReading:
    """Where a deployment's circuit breaker stands."""

    faces: int
    """Compared so far."""
    false_alerts: int
    """Decided so far."""
    one_in: int
    """The authority's limit."""
    answered_for: int
    """False alerts that the last trip has spoken for; 0 before the first."""

    @property
    def limit(self) -> int:
        """The number of false alerts at which it trips, for these faces."""
        return circuit_breaker_limit(self.faces, self.one_in)

    @property
    def trips(self) -> bool:
        """Whether it does: beyond the limit, and one more than the last trip has spoken for."""
        return self.false_alerts > self.answered_for and circuit_breaker_trips(
            self.faces, self.false_alerts, self.one_in
        )


class Suspends(Protocol):
    """What can suspend: `lfr_core.deployments.service.DeploymentService`."""

    def suspend(self, id: str, why: str, *, by: Actor) -> object:
        """Stop recognition for now."""
        ...


def read_circuit_breaker(session: Session, deployment: str, one_in: int) -> CircuitBreakerReading:
    """Count, in one look at the records."""
    faces = session.exec(
        select(func.coalesce(func.sum(CameraSessionRow.tracks_compared), 0)).where(
            CameraSessionRow.deployment == deployment
        )
    ).one()
    last = _last_trip(session, deployment)
    return CircuitBreakerReading(
        int(faces), _false_alerts(session, deployment), one_in, last.answered_for if last else 0
    )


class CircuitBreaker:
    """Looks at deployments' circuit breakers and trips them.

    Args:
        engine: the records.
        store: suspends.
        call: writes a call for the authorising officer, in the transaction given: deployment, why.
        trail: where each trip is put, and for how many false alerts it has spoken.
        clock: wall time.
        by: who suspends.
    """

    def __init__(
        self,
        engine: Engine,
        store: Suspends,
        call: Callable[[Session, str, str], None],
        trail: Trail,
        clock: Clock,
        *,
        by: Actor,
    ) -> None:
        self._engine = engine
        self._store = store
        self._call = call
        self._trail = trail
        self._clock = clock
        self._by = by

    def check(self, deployment: str, one_in: int) -> CircuitBreakerReading:
        """Read where it stands; if that is beyond the limit, suspend the deployment and call the officer.

        The suspension comes first: killed in between, it trips once more after the resume, never once less.

        Raises:
            Retryable: records or vault are away; nothing happened, or the deployment is suspended.
            Refused: `deployment.not-live` and what else the store refuses.
        """
        with reading(self._engine) as session:
            found = read_circuit_breaker(session, deployment, one_in)
        if found.false_alerts < found.answered_for:  # a decision was corrected: the next false alert is a new one
            self._lower(deployment, found.false_alerts)
        if found.trips:
            self._trip(deployment, found)
        return found

    def _trip(self, deployment: str, found: CircuitBreakerReading) -> None:
        alerts = f"{found.false_alerts} false alert{'s' * (found.false_alerts != 1)}"
        why = (
            f"the circuit breaker: {alerts} in {found.faces:,} faces compared; the authority allows 1 in "
            f"{found.one_in:,}, and for these faces the limit is {found.limit}"
        )
        self._store.suspend(deployment, why, by=self._by)
        self._trail.prepare(principal_of(self._by))
        with writing(self._engine) as session:
            last = _last_trip(session, deployment)
            trip = CircuitBreakerTripRow(
                deployment=deployment,
                number=1 if last is None else last.number + 1,
                tripped_ns=self._clock.time_ns(),
                faces=found.faces,
                false_alerts=found.false_alerts,
                one_in=found.one_in,
                answered_for=found.false_alerts,
            )
            session.add(trip)
            self._call(session, deployment, f"Suspended by {why}. Look at the false alerts before you resume.")
            self._note(session, trip, "circuit-breaker.tripped")

    def _lower(self, deployment: str, false_alerts: int) -> None:
        self._trail.prepare(principal_of(self._by))
        with writing(self._engine) as session:
            last = _last_trip(session, deployment)
            if last is not None:
                last.answered_for = false_alerts
                session.add(last)
                self._note(session, last, "circuit-breaker.corrected")

    def _note(self, session: Session, trip: CircuitBreakerTripRow, rule: str) -> None:
        facts = {"trip": trip.number, "false_alerts": trip.answered_for, "one_in": trip.one_in}
        subject = f"deployment:{trip.deployment}"
        event = AuditEvent(Verb.ALTER, principal_of(self._by), trip.deployment, subject, rule, facts)
        self._trail.append(session, event)


def _last_trip(session: Session, deployment: str) -> CircuitBreakerTripRow | None:
    query = (
        select(CircuitBreakerTripRow)
        .where(CircuitBreakerTripRow.deployment == deployment)
        .order_by(col(CircuitBreakerTripRow.number).desc())
    )
    return session.exec(query.limit(1)).first()


def _false_alerts(session: Session, deployment: str) -> int:
    """Count standing alerts and deleted ones' stubs, in one statement: an alert that expires is never in neither."""
    standing = (
        select_columns(col(AlertRow.category), col(AlertRow.judgement), col(AlertRow.review))
        .where(col(AlertRow.deployment) == deployment)
        .where(col(AlertRow.canary).is_(False))
        .where(col(AlertRow.judgement).is_not(None))
    )
    stubs = (
        select_columns(col(AlertStubRow.category), col(AlertStubRow.judgement), col(AlertStubRow.review))
        .where(col(AlertStubRow.deployment) == deployment)
        .where(col(AlertStubRow.judgement).is_not(None))
    )
    return sum(
        published_cell(Decision(Judgement(judgement), None, None if review is None else Review(review))) in _NOT_TRUE
        for category, judgement, review in session.execute(union_all(standing, stubs))
        if not Category(category).is_test_subject
    )
