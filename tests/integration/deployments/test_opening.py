"""Opening: a trial for so many hours, a planned deployment within its authority's, both with their own list alone."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from lfr_core.common.errors import Refused
from lfr_core.custody.people.roles import Actor
from lfr_core.deployments.opening import open_deployment
from lfr_core.domain.actors import SystemActor
from lfr_core.domain.deployments import DeploymentKind, DeploymentStatus, DeploymentView
from lfr_core.storage.engine import reading
from lfr_core.storage.tables.deployments import DeploymentRow
from tests.support.galleries import held_by
from tests.support.people import authenticated
from tests.support.planning import OPERATOR, PlanningHarness
from tests.support.records import entry


def test_a_trial_with_another_list_in_its_gallery_stays_shut(harness: PlanningHarness) -> None:
    with pytest.raises(Refused) as refused:
        opened(_trial(harness), "trial", compare=lambda _: "it is empty")

    assert (refused.value.rule, "it is empty" in str(refused.value)) == ("gate.gallery-unchanged", True)
    found = harness.store.find("trial")
    assert found is not None
    assert found.status is DeploymentStatus.READY


@pytest.mark.parametrize("hours", [None, 1.0, 24.0])
def test_a_trial_is_open_for_so_many_hours_and_the_policys_at_most(
    harness: PlanningHarness, hours: float | None
) -> None:
    view = opened(_trial(harness), "trial", compare=lambda _: "", hours=hours)

    assert view.status is DeploymentStatus.LIVE
    with reading(harness.engine) as session:
        row = session.get_one(DeploymentRow, "trial")
    assert row.closes_at is not None
    assert row.opened_at is not None
    wanted = harness.policy.vault.max_open_h if hours is None else min(hours, harness.policy.vault.max_open_h)
    assert row.closes_at - row.opened_at == timedelta(hours=wanted)


def test_a_planned_deployment_is_tested_first_and_opened_within_the_hours_of_its_authority(
    harness: PlanningHarness,
) -> None:
    made = harness.walk(DeploymentStatus.READY)
    harness.wait_until(made.starts_at)
    harness.touch()
    by = authenticated(OPERATOR)
    with pytest.raises(Refused) as refused:
        opened(harness, "dep", compare=harness.compare, hours=1.0, test=harness.prove, by=by)
    assert refused.value.rule == "deployment.planned"
    with pytest.raises(Refused) as untested:
        opened(harness, "dep", compare=harness.compare, by=by)
    assert untested.value.rule == "gate.proven"

    view = opened(harness, "dep", compare=harness.compare, test=harness.prove, by=by)

    assert view.status is DeploymentStatus.LIVE
    with reading(harness.engine) as session:
        assert session.get_one(DeploymentRow, "dep").closes_at == made.ends_at


def test_what_isnt_there_isnt_opened(harness: PlanningHarness) -> None:
    with pytest.raises(Refused) as refused:
        opened(harness, "nowhere", compare=lambda _: "")
    assert refused.value.rule == "deployment.unknown"


def opened(
    harness: PlanningHarness,
    id: str,
    *,
    compare: Callable[[str], str],
    test: Callable[[], object] = lambda: None,
    hours: float | None = None,
    by: Actor = SystemActor.LFR,
) -> DeploymentView:
    """Open it through the one way in."""
    return open_deployment(
        harness.store, harness.planning, id, policy=harness.policy, compare=compare, test=test, hours=hours, by=by
    )


def _trial(harness: PlanningHarness) -> PlanningHarness:
    harness.store.create("trial", DeploymentKind.DEMO, name="trial", policy=harness.policy)
    harness.store.attach_watchlist("trial", "contract", "gallery_trial", (entry(),), held=held_by((entry(),)))
    return harness
