"""Too many false alerts suspend a deployment and call the officer who authorised it."""

from __future__ import annotations

import uuid
from datetime import timedelta

import pytest
from sqlmodel import Session, select

from lfr_core.common.clock import utc_from_ns
from lfr_core.common.errors import Retryable
from lfr_core.custody.people.roles import Role
from lfr_core.deployments.monitoring.circuit_breaker import CircuitBreaker
from lfr_core.deployments.monitoring.watch import WATCH
from lfr_core.deployments.reading import call
from lfr_core.domain.alerts import Judgement, Review
from lfr_core.domain.deployments import DeploymentStatus
from lfr_core.domain.messages import FrameResult, OutcomeBatch
from lfr_core.domain.outcomes import FrameOutcome
from lfr_core.storage.engine import reading
from lfr_core.storage.tables.deployments import CallRow, DeploymentRow
from lfr_core.storage.tables.monitoring import CircuitBreakerTripRow
from tests.support.alert_harness import AlertHarness
from tests.support.overwriting import overwriting
from tests.support.people import authenticated
from tests.support.planned_deployment import deployment_row
from tests.support.records import NOW_NS
from tests.support.shown_pictures import seen


def circuit_breaker_of(harness: AlertHarness) -> CircuitBreaker:
    def call_officer(session: Session, deployment: str, why: str) -> None:
        now = utc_from_ns(harness.clock.time_ns())
        call(session, role=Role.AUTHORISING_OFFICER, deployment=deployment, why=why, now=now)

    return CircuitBreaker(harness.engine, harness.deployments, call_officer, harness.trail, harness.clock, by=WATCH)


def compared(harness: AlertHarness, faces: int) -> None:
    result = FrameResult(sequence=0, not_sampled=0, dropped=0, outcome=FrameOutcome.RECOGNISED, tracks_compared=faces)
    batch = OutcomeBatch(deployment="dep", camera="north", session="s1", results=(result,), reported_ns=NOW_NS)
    harness.recorder().record_outcomes([batch])


def judged(harness: AlertHarness, number: int, judgement: Judgement, *, entry: str = "entry-1") -> uuid.UUID:
    alert = harness.alert(number * 600.0 - 36_000.0, entry=entry)
    harness.decisions.judge(alert, judgement, authenticated("Ann Operator"), shown=seen(harness.engine, alert))
    return alert


def resume(harness: AlertHarness) -> None:
    with overwriting(harness.engine) as session:  # the officer's word is the service's affair
        session.get_one(DeploymentRow, "dep").status = DeploymentStatus.LIVE.value


def calls(harness: AlertHarness) -> list[str]:
    with reading(harness.engine) as session:
        return [row.role for row in session.exec(select(CallRow).where(CallRow.deployment == "dep"))]


def test_false_alerts_beyond_the_table_suspend_and_call_the_authorising_officer(harness: AlertHarness) -> None:
    compared(harness, 500)  # docs/domain.md 4.4: 500 faces at 1 in 1,000 trip at 3
    circuit_breaker = circuit_breaker_of(harness)
    for number in range(2):
        judged(harness, number, Judgement.DIFFERENT)
    circuit_breaker.check("dep", 1_000)
    before = deployment_row(harness).status
    judged(harness, 2, Judgement.CANT_TELL)

    circuit_breaker.check("dep", 1_000)

    assert before == DeploymentStatus.LIVE
    assert deployment_row(harness).status == DeploymentStatus.SUSPENDED
    assert (
        "3 false alerts in 500 faces compared; the authority allows 1 in 1,000" in deployment_row(harness).suspended_why
    )
    assert calls(harness) == [Role.AUTHORISING_OFFICER.value]


def test_alerts_nobody_has_decided_true_ones_and_test_subjects_trip_nothing(harness: AlertHarness) -> None:
    compared(harness, 10)
    for number in range(3):
        harness.alert(number * 600.0 - 36_000.0)
        judged(harness, 10 + number, Judgement.SAME)
        judged(harness, 20 + number, Judgement.DIFFERENT, entry="blue")

    found = circuit_breaker_of(harness).check("dep", 1_000)

    assert (found.false_alerts, deployment_row(harness).status) == (0, DeploymentStatus.LIVE)


def test_an_undone_judgement_trips_nothing(harness: AlertHarness) -> None:
    compared(harness, 500)
    alerts = [judged(harness, number, Judgement.DIFFERENT) for number in range(3)]
    harness.decisions.undo(alerts[-1], Judgement.DIFFERENT, authenticated("Ann Operator"))

    found = circuit_breaker_of(harness).check("dep", 1_000)

    assert (found.false_alerts, deployment_row(harness).status) == (2, DeploymentStatus.LIVE)


def test_a_review_that_finds_a_true_alert_false_counts(harness: AlertHarness) -> None:
    compared(harness, 10)
    alert = judged(harness, 0, Judgement.SAME)
    harness.decisions.review(alert, Review.CONFIRMED_FALSE, authenticated("Ann Operator"))

    assert circuit_breaker_of(harness).check("dep", 1_000).trips


def test_after_a_resume_it_trips_again_only_at_another_false_alert(harness: AlertHarness) -> None:
    compared(harness, 10)
    judged(harness, 0, Judgement.DIFFERENT)
    circuit_breaker_of(harness).check("dep", 1_000)
    resume(harness)

    circuit_breaker_of(harness).check("dep", 1_000)
    still = deployment_row(harness).status
    judged(harness, 1, Judgement.DIFFERENT)
    circuit_breaker_of(harness).check("dep", 1_000)

    assert (still, deployment_row(harness).status) == (DeploymentStatus.LIVE, DeploymentStatus.SUSPENDED)
    with reading(harness.engine) as session:
        assert [(t.number, t.false_alerts) for t in session.exec(select(CircuitBreakerTripRow))] == [(1, 1), (2, 2)]


def test_a_false_alert_after_a_corrected_one_is_a_new_one(harness: AlertHarness) -> None:
    compared(harness, 10)
    alert = judged(harness, 0, Judgement.DIFFERENT)
    circuit_breaker_of(harness).check("dep", 1_000)
    resume(harness)
    harness.decisions.review(alert, Review.CONFIRMED_TRUE, authenticated("Ann Operator"))
    circuit_breaker_of(harness).check("dep", 1_000)
    judged(harness, 1, Judgement.DIFFERENT)

    circuit_breaker_of(harness).check("dep", 1_000)

    assert deployment_row(harness).status == DeploymentStatus.SUSPENDED


def test_false_alerts_whose_data_was_deleted_on_schedule_still_count(harness: AlertHarness) -> None:
    compared(harness, 10)
    judged(harness, 0, Judgement.DIFFERENT)
    harness.clock.advance(timedelta(hours=25).total_seconds())
    harness.expire()

    assert circuit_breaker_of(harness).check("dep", 1_000).false_alerts == 1


def test_a_circuit_breaker_that_can_not_suspend_has_not_tripped_and_does_at_the_next_look(
    harness: AlertHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    compared(harness, 10)
    judged(harness, 0, Judgement.DIFFERENT)
    with monkeypatch.context() as broken:

        def away(*_: object, **__: object) -> None:
            raise Retryable("the vault is away")

        broken.setattr(harness.deployments, "suspend", away)
        with pytest.raises(Retryable):
            circuit_breaker_of(harness).check("dep", 1_000)

    circuit_breaker_of(harness).check("dep", 1_000)

    assert deployment_row(harness).status == DeploymentStatus.SUSPENDED
