"""The end of a live deployment: earlier whenever somebody asks, later by an officer, never beyond its authority."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine

from flows.schedule import FlowStep, plan_runs, read_schedule_facts
from lfr_core.custody.audit.read import entries
from lfr_core.deployments.gate_facts import gather_gate_facts
from lfr_core.deployments.locking import lock_deployment
from lfr_core.deployments.reading import timeline
from lfr_core.deployments.service import DeploymentService
from lfr_core.domain.deployments import DeploymentStatus
from lfr_core.domain.gate import Condition, GateLimits, gate
from lfr_core.storage.engine import reading
from tests.support.people import authenticated
from tests.support.planning import OFFICER, OPERATOR, PLANNER, PlanningHarness
from tests.support.refusals import refusal

PAT, SUE, OLU = (authenticated(name) for name in (PLANNER, OFFICER, OPERATOR))


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    """Rows are locked as for every step, which is tried on both databases."""
    return sqlite_url


@pytest.fixture
def ends(harness: PlanningHarness) -> datetime:
    """Until when it was authorised and announced; it is live since now."""
    return harness.walk(DeploymentStatus.LIVE).ends_at


@pytest.fixture
def hours(harness: PlanningHarness) -> DeploymentService:
    return harness.deployments


def within_hours(harness: PlanningHarness) -> bool:
    with reading(harness.engine) as session:
        facts = gather_gate_facts(session, lock_deployment(session, "dep"), harness.now)
    findings = gate(facts, GateLimits.of(harness.policy), now_ns=harness.clock.time_ns())
    return next(one.met for one in findings if one.condition is Condition.WITHIN_HOURS)


def test_an_end_that_was_moved_earlier_shuts_the_gate_and_has_it_closed_then(
    harness: PlanningHarness, hours: DeploymentService, ends: datetime, tmp_path: Path
) -> None:
    earlier = ends - timedelta(hours=3)
    hours.shorten("dep", earlier, by=OLU)

    with reading(harness.engine) as session:
        facts = read_schedule_facts(session, "dep", harness.policy, tmp_path, harness.now)
    assert facts is not None
    closing = [run.at for run in plan_runs(facts, harness.policy.planning, harness.now) if run.step is FlowStep.CLOSE]
    assert closing == [earlier]
    assert within_hours(harness)
    harness.wait_until(earlier)
    assert not within_hours(harness)
    (last,) = timeline(harness.engine, "dep")[-1:]
    assert (last.step, last.by, last.status) == ("shorten", OPERATOR, "live")
    assert last.note == "until 13:00 instead of 16:00"
    (entry,) = [one for one in entries(harness.engine, limit=1_000) if one.rule == "deployment.shorten"]
    assert datetime.fromisoformat(str(entry.facts["ends"])) == earlier


def test_hours_are_given_back_by_an_officer_up_to_what_was_authorised_and_no_minute_beyond(
    harness: PlanningHarness, hours: DeploymentService, ends: datetime
) -> None:
    hours.shorten("dep", ends - timedelta(hours=3), by=PAT)

    assert refusal(lambda: hours.extend("dep", ends, by=PAT)) == "people.wrong-role"
    assert refusal(lambda: hours.extend("dep", ends + timedelta(minutes=1), by=SUE)) == "deployment.beyond-authority"
    assert refusal(lambda: hours.extend("dep", ends - timedelta(hours=3), by=SUE)) == "deployment.not-later"
    hours.extend("dep", ends, by=SUE)

    harness.wait_until(ends - timedelta(seconds=1))
    assert within_hours(harness)
    harness.wait_until(ends)
    assert not within_hours(harness)
    assert refusal(lambda: hours.extend("dep", ends, by=SUE)) == "deployment.hours-over"


def test_no_end_is_moved_into_the_past_or_later_under_the_name_of_shortening(
    harness: PlanningHarness, hours: DeploymentService, ends: datetime
) -> None:
    assert refusal(lambda: hours.shorten("dep", ends, by=PAT)) == "deployment.not-earlier"
    assert refusal(lambda: hours.shorten("dep", harness.now, by=PAT)) == "deployment.end-past"
    assert refusal(lambda: hours.shorten("nowhere", ends, by=PAT)) == "deployment.unknown"
    assert within_hours(harness)


def test_only_what_is_live_has_an_end_to_move(
    engine: Engine, harness: PlanningHarness, hours: DeploymentService
) -> None:
    made = harness.walk(DeploymentStatus.READY)

    for move in (hours.shorten, hours.extend):
        assert refusal(lambda m=move: m("dep", made.ends_at - timedelta(hours=1), by=SUE)) == "deployment.wrong-state"
    assert timeline(engine, "dep")[-1].step == "ready"
