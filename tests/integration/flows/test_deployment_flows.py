"""The flows of a deployment's lifecycle against a real Prefect server: what is scheduled is read back from its API."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from flows.reconcile import schedule_now
from flows.schedule import FlowStep
from lfr_core.custody.audit.read import entries
from lfr_core.custody.people.roles import Role
from lfr_core.deployments.announcement import announcements
from lfr_core.deployments.reading import open_calls
from lfr_core.domain.deployments import DeploymentStatus as Status
from tests.support.deployment_flows import status
from tests.support.milvus import free_port
from tests.support.people import authenticated
from tests.support.planning import PLANNER, form
from tests.support.workflows import DeploymentFlowsRunner

HOUR = timedelta(hours=1)


def test_authorising_schedules_each_step_at_its_exact_time_and_once_only(runner: DeploymentFlowsRunner) -> None:
    made = runner.harness.plan()
    assert runner.reconcile().create == ()

    runner.harness.authorise()
    authorised = runner.harness.now
    with runner.installation() as installation:
        schedule_now(installation)

    assert runner.schedule() == [
        (FlowStep.ANNOUNCE, authorised + HOUR, 1),
        (FlowStep.COMPILE, made.starts_at - 4 * HOUR, 1),
        (FlowStep.OPEN, made.starts_at, 1),
        (FlowStep.CLOSE, made.ends_at, 1),
    ]
    assert runner.reconcile().create == ()
    assert len(runner.api.list_runs("dep")) == 4


@pytest.mark.slow
def test_moving_the_window_moves_every_run_and_cancelling_cancels_them(runner: DeploymentFlowsRunner) -> None:
    runner.harness.plan()
    runner.harness.authorise()
    runner.reconcile()
    moved = runner.harness.plan(wanted=form(runner.harness.start(6.0)))
    runner.reconcile()
    assert runner.schedule() == []  # nothing is authorised any more

    runner.harness.authorise()
    runner.reconcile()

    assert [(step, at, revision) for step, at, revision in runner.schedule() if step is not FlowStep.ANNOUNCE] == [
        (FlowStep.COMPILE, moved.starts_at - 4 * HOUR, 2),
        (FlowStep.OPEN, moved.starts_at, 2),
        (FlowStep.CLOSE, moved.ends_at, 2),
    ]
    runner.harness.deployments.cancel("dep", "the market was called off", by=authenticated(PLANNER))
    runner.reconcile()

    assert runner.schedule() == []


@pytest.mark.slow
def test_a_withheld_or_announced_deployment_is_not_announced_again_and_a_run_that_comes_too_late_is_superseded(
    runner: DeploymentFlowsRunner,
) -> None:
    runner.harness.plan()
    runner.harness.authorise()
    runner.reconcile()
    runner.harness.clock.advance(3_700)  # type: ignore[attr-defined]  # a ManualClock
    runner.harness.announce()

    ended = runner.run(FlowStep.ANNOUNCE)

    assert (ended.name, ended.type.value) == ("Superseded", "COMPLETED")
    assert "nothing is left to do" in runner.report(FlowStep.ANNOUNCE)
    assert runner.reconcile().create == ()


@pytest.mark.slow
def test_too_late_a_notice_is_not_given_by_itself_but_people_are_called(runner: DeploymentFlowsRunner) -> None:
    runner.harness.plan(wanted=form(runner.harness.now + 20 * HOUR))
    runner.harness.authorise()
    runner.harness.clock.advance(3_700)  # type: ignore[attr-defined]
    runner.reconcile()

    ended = runner.run(FlowStep.ANNOUNCE)

    assert ended.name == "Failed"
    assert "withhold" in runner.report(FlowStep.ANNOUNCE)
    whys = {each.role for each in open_calls(runner.harness.engine) if "too late to announce" in each.why}
    assert whys == {Role.PUBLICATION_OFFICER, Role.PLANNER}
    assert [each.attempt for each in runner.reconcile().create] == [2]


@pytest.mark.slow
def test_a_deployment_that_is_not_in_order_stays_shut_names_who_must_act_and_is_tried_each_minute_until_it_is_cancelled(
    runner: DeploymentFlowsRunner,
) -> None:
    made = runner.harness.walk(Status.LIST_APPROVED)
    runner.harness.wait_until(made.starts_at)
    runner.reconcile()

    ended = runner.run(FlowStep.OPEN)

    assert ended.name == "Failed"
    assert status(runner.harness) is Status.LIST_APPROVED
    report = runner.report(FlowStep.OPEN)
    assert "| signage | planner |" in report
    assert "| proven | operator |" in report
    assert "| ready | planner |" in report
    called = {each.role for each in open_calls(runner.harness.engine) if "hours have begun" in each.why}
    assert called == {Role.PLANNER, Role.OPERATOR}
    (again,) = runner.reconcile().create
    assert again.attempt == 2
    assert again.at <= runner.harness.now

    runner.harness.wait_until(made.ends_at)
    runner.reconcile()
    assert [step for step, _, _ in runner.schedule()] == [FlowStep.CLOSE]
    assert runner.run(FlowStep.CLOSE).name == "Failed"  # Milvus is away
    assert status(runner.harness) is Status.CANCELLED


FORGED: dict[str, dict[str, object]] = {
    "with no key": {"parameters": {"deployment": "dep", "revision": 1}},
    "with a key that looks like ours": {
        "parameters": {"deployment": "dep", "revision": 1},
        "idempotency_key": "life:dep:announce::1:7",
        "tags": ["deployment-life", "deployment:dep", "revision:1"],
    },
    "for another deployment": {"parameters": {"deployment": "elsewhere", "revision": 1}},
}


def test_a_run_that_somebody_else_made_or_changed_does_nothing_ends_as_refused_and_is_on_the_trail(
    runner: DeploymentFlowsRunner,
) -> None:
    runner.harness.walk(Status.APPLIED)
    runner.harness.authorise()
    runner.reconcile()
    runner.harness.wait_until(runner.harness.now + timedelta(hours=2))
    made = runner.waiting(FlowStep.ANNOUNCE)

    ended = {what: runner.forge(FlowStep.ANNOUNCE, body) for what, body in FORGED.items()}
    ended["changed"] = runner.run_again(made.id, FlowStep.ANNOUNCE, {"deployment": "dep", "revision": 2})

    assert {what: state.name for what, state in ended.items()} == dict.fromkeys([*FORGED, "changed"], "Refused")
    assert announcements(runner.harness.engine) == ()
    raised = [each for each in entries(runner.harness.engine, limit=500) if each.rule == "flows.run-refused"]
    assert [each.actor for each in raised] == ["system:flows"] * 4
    assert {each.deployment for each in raised} == {"dep", ""}
    called = [each for each in open_calls(runner.harness.engine) if "it was refused" in each.why]
    made_up = [each for each in called if "of a deployment that there isn't" in each.why]
    for calls in (called, made_up):
        assert {each.role for each in calls} == {Role.COMPLIANCE, Role.AUTHORISING_OFFICER}
    assert {each.deployment for each in called} == {"dep"}
    assert [(each.run.step, each.attempt) for each in runner.reconcile().create] == [(FlowStep.ANNOUNCE, 2)]


@pytest.mark.slow
def test_without_a_folder_the_planner_is_asked_to_compile_and_a_folder_that_is_no_list_fails_with_a_sentence(
    runner: DeploymentFlowsRunner, tmp_path: Path
) -> None:
    made = runner.harness.plan()
    runner.harness.authorise()
    runner.harness.wait_until(made.starts_at - 4 * HOUR)
    runner.reconcile()

    assert runner.run(FlowStep.COMPILE).name == "Completed"
    assert "lfr deployment compile dep" in runner.report(FlowStep.COMPILE)
    assert runner.reconcile().create == ()


def test_an_away_prefect_raises_nothing_and_the_next_tick_catches_up(
    runner: DeploymentFlowsRunner, tmp_path: Path
) -> None:
    runner.harness.plan()
    runner.harness.authorise()
    away = runner.settings.model_copy(update={"prefect_url": f"http://127.0.0.1:{free_port()}/api"})

    with runner.installation(away) as installation:
        assert schedule_now(installation) is None
    assert len(runner.reconcile().create) == 4
