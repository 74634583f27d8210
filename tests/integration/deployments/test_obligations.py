"""After the end: four obligations, each by itself."""

from __future__ import annotations

from datetime import timedelta

from lfr_core.alerts.expiry import expire_alerts
from lfr_core.deployments.obligations import ObligationKind, closed_at, read_obligations, record_met_obligations
from lfr_core.domain.deployments import DeploymentStatus
from lfr_core.storage.engine import reading
from lfr_core.storage.tables.deployments import DeploymentRow, PlannedDeploymentRow
from tests.support.edited_records import differences, put_on_trail
from tests.support.overwriting import overwriting
from tests.support.people import authenticated
from tests.support.planning import OPERATOR, PLANNER, PlanningHarness
from tests.support.records import recorder_of, sighting_now
from tests.support.vaults import trail_of


def owed(harness: PlanningHarness) -> dict[ObligationKind, tuple[bool, bool]]:
    """By obligation: whether it is done, and whether it is late."""
    with reading(harness.engine) as session:
        found = read_obligations(session, "dep", harness.policy, now=harness.now)
    return {each.owed: (each.is_done, each.is_late(harness.now)) for each in found}


def test_before_its_end_a_deployment_owes_nothing(harness: PlanningHarness) -> None:
    harness.walk(DeploymentStatus.LIVE)

    assert owed(harness) == {}


def test_each_obligation_is_done_by_itself_and_the_deployment_closed_by_the_last(harness: PlanningHarness) -> None:
    put_on_trail(harness.engine, trail_of(harness.engine))
    harness.walk(DeploymentStatus.LIVE)
    recorder = recorder_of(harness.engine, harness.clock)
    assert recorder is not None
    recorder.record_sightings([sighting_now(harness.vault, harness.clock.time_ns())])
    harness.deployments.close("dep", by=authenticated(OPERATOR))
    record_met_obligations(harness.engine, harness.vault, harness.trail, harness.now)

    done = owed(harness)
    assert done[ObligationKind.LIST_DESTROYED] == (True, False)
    assert done[ObligationKind.ALERTS_PURGED] == (False, False)
    assert done[ObligationKind.RESULTS_PUBLISHED] == (False, False)
    harness.wait_until(harness.now + timedelta(hours=25))
    assert owed(harness)[ObligationKind.ALERTS_PURGED] == (False, True)
    expire_alerts(harness.engine, harness.vault, harness.trail, now_ns=harness.clock.time_ns(), retention_h=24)
    record_met_obligations(harness.engine, harness.vault, harness.trail, harness.now)
    assert owed(harness)[ObligationKind.ALERTS_PURGED] == (True, True)
    with reading(harness.engine) as session:
        assert closed_at(read_obligations(session, "dep", harness.policy, now=harness.now)) is None
    assert differences(harness.engine) == ()


def test_nobody_has_what_was_destroyed_late_have_been_in_time(harness: PlanningHarness) -> None:
    put_on_trail(harness.engine, trail_of(harness.engine))
    harness.walk(DeploymentStatus.LIVE)
    harness.deployments.close("dep", by=authenticated(OPERATOR))
    harness.wait_until(harness.now + timedelta(hours=25))
    record_met_obligations(harness.engine, harness.vault, harness.trail, harness.now)
    assert owed(harness)[ObligationKind.LIST_DESTROYED] == (True, True)

    with overwriting(harness.engine) as session:
        session.get_one(PlannedDeploymentRow, "dep").list_destroyed_at = harness.now - timedelta(hours=24)

    assert owed(harness)[ObligationKind.LIST_DESTROYED] == (True, False)
    (difference,) = differences(harness.engine)
    assert difference.startswith("life/dep isn't what entry")


def test_a_list_that_was_not_destroyed_is_owed_and_late_after_24_hours(harness: PlanningHarness) -> None:
    harness.walk(DeploymentStatus.LIVE)
    with overwriting(harness.engine) as session:  # it ended, and nobody destroyed anything
        row = session.get_one(DeploymentRow, "dep")
        row.status, row.ended_at = DeploymentStatus.ENDED.value, harness.now
    record_met_obligations(harness.engine, harness.vault, harness.trail, harness.now)
    assert owed(harness)[ObligationKind.LIST_DESTROYED] == (False, False)

    harness.wait_until(harness.now + timedelta(hours=24, seconds=1))

    assert owed(harness)[ObligationKind.LIST_DESTROYED] == (False, True)


def test_a_cancelled_deployment_owes_no_results(harness: PlanningHarness) -> None:
    harness.walk(DeploymentStatus.LIST_APPROVED)
    harness.deployments.cancel("dep", "rain", by=authenticated(PLANNER))
    record_met_obligations(harness.engine, harness.vault, harness.trail, harness.now)

    with reading(harness.engine) as session:
        found = read_obligations(session, "dep", harness.policy, now=harness.now)
        assert session.get_one(PlannedDeploymentRow, "dep").list_destroyed_at == harness.now
    assert all(each.is_done for each in found)
    assert closed_at(found) == harness.now
