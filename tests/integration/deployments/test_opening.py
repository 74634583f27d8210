"""Opening: a trial for so many hours, a planned deployment within its authority's, both with their own list alone."""

from __future__ import annotations

from datetime import timedelta

import pytest

from lfr_core.common.errors import Fatal, Refused
from lfr_core.deployments.service import DeploymentService
from lfr_core.domain.actors import SystemActor
from lfr_core.domain.deployments import DeploymentKind, DeploymentStatus
from lfr_core.domain.policy import Policy
from lfr_core.storage.engine import reading
from lfr_core.storage.tables.deployments import DeploymentRow
from tests.support.galleries import held_by
from tests.support.people import authenticated
from tests.support.planning import OPERATOR, PlanningHarness
from tests.support.records import entry


def test_a_trial_with_another_list_in_its_gallery_stays_shut(harness: PlanningHarness) -> None:
    service = _with_trial(harness, differs="it is empty")
    with pytest.raises(Refused) as refused:
        service.open("trial")

    assert (refused.value.rule, "it is empty" in str(refused.value)) == ("gate.gallery-unchanged", True)
    found = harness.deployments.find("trial")
    assert found is not None
    assert found.status is DeploymentStatus.READY


@pytest.mark.parametrize("hours", [None, 1.0, 24.0])
def test_a_trial_is_open_for_so_many_hours_and_the_policys_at_most(
    harness: PlanningHarness, hours: float | None
) -> None:
    view = _with_trial(harness, differs="").open("trial", hours=hours)

    assert view.status is DeploymentStatus.LIVE
    with reading(harness.engine) as session:
        row = session.get_one(DeploymentRow, "trial")
    assert row.closes_at is not None
    assert row.opened_at is not None
    wanted = harness.policy.vault.max_open_h if hours is None else min(hours, harness.policy.vault.max_open_h)
    assert row.closes_at - row.opened_at == timedelta(hours=wanted)


def test_a_planned_deployment_is_opened_within_the_hours_of_its_authority_once_its_chain_is_proven(
    harness: PlanningHarness,
) -> None:
    made = harness.walk(DeploymentStatus.READY)
    harness.wait_until(made.starts_at)
    harness.touch()
    by = authenticated(OPERATOR)
    with pytest.raises(Refused) as refused:
        harness.deployments.open("dep", hours=1.0, by=by)
    assert refused.value.rule == "deployment.planned"
    with pytest.raises(Refused) as untested:
        harness.deployments.open("dep", by=by)
    assert untested.value.rule == "gate.proven"
    harness.prove()

    view = harness.deployments.open("dep", by=by)

    assert view.status is DeploymentStatus.LIVE
    with reading(harness.engine) as session:
        assert session.get_one(DeploymentRow, "dep").closes_at == made.ends_at


def test_what_isnt_there_isnt_opened(harness: PlanningHarness) -> None:
    with pytest.raises(Refused) as refused:
        harness.deployments.open("nowhere")
    assert refused.value.rule == "deployment.unknown"


@pytest.mark.parametrize("hours", [0.0, -1.0, float("nan")])
def test_a_trial_isnt_opened_for_no_hours(harness: PlanningHarness, hours: float) -> None:
    service = _with_trial(harness, differs="")
    with pytest.raises(Refused) as refused:
        service.open("trial", hours=hours)
    assert refused.value.rule == "deployment.bad-hours"


def test_whoever_suspends_or_closes_needs_no_policy_that_can_be_read(harness: PlanningHarness) -> None:
    _with_trial(harness, differs="").open("trial")

    def unreadable() -> Policy:
        raise Fatal("the policy can't be read")

    service = DeploymentService(
        harness.engine, harness.vault, harness.trail, harness.clock, unreadable, compare=lambda _: ""
    )
    with pytest.raises(Fatal):
        service.create("other", DeploymentKind.DEMO, name="other")

    assert service.suspend("trial", "a fault", by=SystemActor.LFR).status is DeploymentStatus.SUSPENDED
    assert service.close("trial").status is DeploymentStatus.ENDED


def _with_trial(harness: PlanningHarness, *, differs: str) -> DeploymentService:
    """A trial with its list, and a service for which its gallery differs so from it."""
    service = harness.service(compare=lambda _: differs)
    service.create("trial", DeploymentKind.DEMO, name="trial")
    service.attach_watchlist("trial", "contract", "gallery_trial", (entry(),), held=held_by((entry(),)))
    return service
