"""After the end: four obligations, each by itself."""

from __future__ import annotations

from datetime import timedelta

from lfr_core.alerts.expiry import expire_alerts
from lfr_core.deployments.obligations import ObligationKind, closed_at, obligations_of, record_met_obligations
from lfr_core.domain.deployments import DeploymentStatus
from lfr_core.storage.engine import reading, writing
from lfr_core.storage.tables.deployments import DeploymentRow, PlannedDeploymentRow
from tests.support.planning import OPERATOR, PLANNER, PlanningHouse
from tests.support.records import recorder_of, sighting


def owed(house: PlanningHouse) -> dict[ObligationKind, tuple[bool, bool]]:
    """By obligation: whether it is done, and whether it is late."""
    with reading(house.engine) as session:
        found = obligations_of(session, "dep", house.policy, now=house.now)
    return {each.owed: (each.is_done, each.is_late(house.now)) for each in found}


def test_before_its_end_a_deployment_owes_nothing(house: PlanningHouse) -> None:
    house.walk(DeploymentStatus.LIVE)

    assert owed(house) == {}


def test_each_obligation_is_done_by_itself_and_the_deployment_closed_by_the_last(house: PlanningHouse) -> None:
    house.walk(DeploymentStatus.LIVE)
    recorder = recorder_of(house.engine, house.clock)
    assert recorder is not None
    recorder.record_sightings([sighting(0.0, vault=house.vault, sealed_ns=house.clock.time_ns())])
    house.store.close("dep", by=OPERATOR)
    record_met_obligations(house.engine, house.vault, house.now)

    done = owed(house)
    assert done[ObligationKind.LIST_DESTROYED] == (True, False)
    assert done[ObligationKind.ALERTS_PURGED] == (False, False)
    assert done[ObligationKind.RESULTS_PUBLISHED] == (False, False)
    house.wait_until(house.now + timedelta(hours=25))
    assert owed(house)[ObligationKind.ALERTS_PURGED] == (False, True)
    expire_alerts(house.engine, house.vault, house.trail, now_ns=house.clock.time_ns(), retention_h=24)
    record_met_obligations(house.engine, house.vault, house.now)
    assert owed(house)[ObligationKind.ALERTS_PURGED] == (True, True)
    with reading(house.engine) as session:
        assert closed_at(obligations_of(session, "dep", house.policy, now=house.now)) is None


def test_a_list_that_was_not_destroyed_is_owed_and_late_after_24_hours(house: PlanningHouse) -> None:
    house.walk(DeploymentStatus.LIVE)
    with writing(house.engine) as session:  # it ended, and nobody destroyed anything
        row = session.get_one(DeploymentRow, "dep")
        row.status, row.ended_at = DeploymentStatus.ENDED.value, house.now
    record_met_obligations(house.engine, house.vault, house.now)
    assert owed(house)[ObligationKind.LIST_DESTROYED] == (False, False)

    house.wait_until(house.now + timedelta(hours=24, seconds=1))

    assert owed(house)[ObligationKind.LIST_DESTROYED] == (False, True)


def test_a_cancelled_deployment_owes_no_results(house: PlanningHouse) -> None:
    house.walk(DeploymentStatus.LIST_APPROVED)
    house.store.cancel("dep", "rain", by=PLANNER)
    record_met_obligations(house.engine, house.vault, house.now)

    with reading(house.engine) as session:
        found = obligations_of(session, "dep", house.policy, now=house.now)
        assert session.get_one(PlannedDeploymentRow, "dep").list_destroyed_at == house.now
    assert all(each.is_done for each in found)
    assert closed_at(found) == house.now
