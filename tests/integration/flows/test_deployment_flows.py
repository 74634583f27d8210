"""The flows of a deployment's lifecycle against a real Prefect server: what is scheduled is read back from its API."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from apps.supervisor.plan import settings_env
from flows.flow_runs import PrefectFlowRuns
from flows.reconcile import schedule_now
from flows.schedule import FlowStep
from lfr_core.common.errors import Refused, Retryable
from lfr_core.common.settings import Settings
from lfr_core.custody.audit.read import entries
from lfr_core.custody.audit.trail import AuditTrail
from lfr_core.custody.people.roles import Role
from lfr_core.deployments.announcement import announcements
from lfr_core.deployments.attendance import Attendance
from lfr_core.deployments.reading import open_calls, timeline
from lfr_core.domain.actors import SystemActor
from lfr_core.domain.deployments import DeploymentStatus as Status
from lfr_core.publication.closing import closing_report_file
from lfr_core.publication.published import published_records
from lfr_core.recognition.faces.engine import build_engine
from lfr_core.recognition.gallery import MilvusGallery, gallery_name
from lfr_core.recognition.gallery.rotated import rotated_gallery
from lfr_core.storage.engine import open_engine
from lfr_core.watchlists.list_builder import ListBuilder
from tests.support.each_process import EachProcess
from tests.support.milvus import MilvusServer, free_port
from tests.support.people import authenticated
from tests.support.planning import OPERATOR, PLANNER, PlanningHarness, form
from tests.support.prefect import PrefectProcess, PrefectServer
from tests.support.records import ManualClock
from tests.support.samples import require_photos
from tests.support.vault_server import serving_vault
from tests.support.watchlist_folders import ListFolder
from tests.support.workflows import DeploymentFlowsRunner, register

HOUR = timedelta(hours=1)


@pytest.fixture(scope="module")
def prefect(prefect_server: PrefectServer) -> PrefectServer:
    register(prefect_server)
    return prefect_server


def settings_for(prefect: PrefectServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, **more: Any) -> Settings:
    """Settings that this process's environment leads to. Nothing answers where Milvus should be, unless it is given."""
    values = {"milvus_uri": f"http://127.0.0.1:{free_port()}"} | more
    settings = Settings(home=tmp_path / "home", **prefect.settings, **values)
    for name, value in settings_env(settings).items():
        monkeypatch.setenv(name, value)
    return settings


def harness_of(settings: Settings, clock: ManualClock, *, policy: Any = None) -> PlanningHarness:
    """With the vault that answers at the settings' socket."""
    vault = EachProcess.of(settings)
    harness = PlanningHarness(
        open_engine(settings.records_url), vault, AuditTrail(vault, clock), clock, settings.home,
        **({"policy": policy} if policy else {}),
    )  # fmt: skip
    harness.settle()
    return harness


@pytest.fixture
def runner(prefect: PrefectServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[DeploymentFlowsRunner]:
    settings, clock = settings_for(prefect, tmp_path, monkeypatch), ManualClock(time.time_ns())
    with serving_vault(settings, clock=clock):
        harness = harness_of(settings, clock)
        yield DeploymentFlowsRunner(prefect, settings, harness)
        harness.engine.dispose()
    api = PrefectFlowRuns(prefect.client)
    for each in api.read_of("dep"):
        api.delete(each)


def status(harness: PlanningHarness, deployment: str = "dep") -> Status:
    found = harness.store.find(deployment)
    assert found is not None
    return found.status


def test_authorising_schedules_each_step_at_its_exact_time_and_once_only(runner: DeploymentFlowsRunner) -> None:
    made = runner.harness.plan()
    assert runner.reconcile().create == ()

    runner.harness.authorise()
    authorised = runner.harness.now
    schedule_now(runner.settings, runner.harness.policy)

    assert runner.schedule() == [
        (FlowStep.ANNOUNCE, authorised + HOUR, 1),
        (FlowStep.COMPILE, made.starts_at - 4 * HOUR, 1),
        (FlowStep.OPEN, made.starts_at, 1),
        (FlowStep.CLOSE, made.ends_at, 1),
    ]
    assert runner.reconcile().create == ()
    assert len(runner.api.read_of("dep")) == 4


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
    runner.harness.store.cancel("dep", "the market was called off", by=authenticated(PLANNER))
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

    assert schedule_now(away, runner.harness.policy) is None
    assert len(runner.reconcile().create) == 4


@pytest.mark.models
@pytest.mark.slow
def test_a_whole_lifecycle_under_a_moved_clock_plan_authorise_announce_compile_approve_ready_open_close_publish(
    prefect: PrefectServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, milvus: MilvusServer
) -> None:
    folder = list_of(tmp_path)
    settings = settings_for(prefect, tmp_path, monkeypatch, milvus_uri=milvus.uri)
    clock = ManualClock(time.time_ns())
    with serving_vault(settings, clock=clock):
        harness = harness_of(settings, clock)
        runner = DeploymentFlowsRunner(prefect, settings, harness)

        def due(at: datetime, *steps: FlowStep) -> None:
            """Move on, reconcile, and run what is due: exactly these steps."""
            harness.wait_until(at)
            runner.reconcile()
            ready = {step for step, when, _ in runner.schedule("whole") if when <= harness.now}
            assert ready == set(steps)
            for step in steps:
                ended = runner.run(step, "whole")
                assert ended.name == "Completed", ended.message

        made = harness.plan("whole", wanted=form(harness.start(), watchlist_folder=str(folder)), kind="evaluation")
        harness.authorise("whole")
        due(harness.now + HOUR, FlowStep.ANNOUNCE)
        due(made.starts_at - 4 * HOUR, FlowStep.COMPILE)
        assert status(harness, "whole") is Status.LIST_BUILT
        assert "1 people" in runner.report(FlowStep.COMPILE)
        harness.approve("whole")
        harness.touch()
        harness.planning.confirm("whole", by=authenticated(PLANNER), signage=True, briefing=True)
        harness.planning.ready("whole", by=authenticated(PLANNER))
        harness.wait_until(made.starts_at)
        harness.touch()
        harness.prove("whole")
        due(made.starts_at, FlowStep.OPEN)
        assert status(harness, "whole") is Status.LIVE
        due(made.ends_at, FlowStep.CLOSE)
        assert status(harness, "whole") is Status.ENDED
        destroyed = [line for line in runner.report(FlowStep.CLOSE).splitlines() if "list destroyed" in line]
        assert "done" in destroyed[0]
        assert "Forecast and outcome" in closing_report_file(settings.home, "whole").read_text(encoding="utf-8")
        due(made.ends_at, FlowStep.PUBLISH)
        assert published_records(harness.engine)[0].deployment == "whole"
        runner.reconcile()
        assert runner.schedule("whole") == []
        steps = [entry.step for entry in timeline(harness.engine, "whole")]
        assert steps == ["plan", "apply", "authorise", "announce", "compile", "approve-list", "ready", "open", "close"]
        by = {entry.step: entry.by for entry in timeline(harness.engine, "whole")}
        assert {by[step] for step in ("announce", "compile", "open", "close")} == {"system:flows"}
        harness.engine.dispose()


@pytest.mark.models
@pytest.mark.slow
def test_a_compile_killed_half_way_and_run_again_builds_the_same_list_and_leaves_one_collection(
    prefect: PrefectServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, milvus: MilvusServer
) -> None:
    folder = list_of(tmp_path)
    settings = settings_for(prefect, tmp_path, monkeypatch, milvus_uri=milvus.uri)
    clock = ManualClock(time.time_ns())
    killed = (
        "import os; from lfr_core.deployments.store import DeploymentStore as Store\n"
        "Store.attach_watchlist = lambda *_, **__: os.kill(os.getpid(), 9)\n"
        "from flows import step_runner; step_runner.refuse_strange_run = lambda *_: None\n"  # it is started by hand
        "from flows.compile_watchlist import compile_watchlist; compile_watchlist('killed', 1)"
    )
    with serving_vault(settings, clock=clock):
        harness = harness_of(settings, clock)
        runner = DeploymentFlowsRunner(prefect, settings, harness)
        wanted = form(harness.now + 3 * HOUR, watchlist_folder=str(folder))
        harness.plan("killed", wanted=wanted, kind="evaluation")
        harness.authorise("killed")
        env = os.environ | prefect.environment(settings)
        done = subprocess.run([sys.executable, "-c", killed], env=env, capture_output=True, timeout=120, check=False)
        assert done.returncode == -signal.SIGKILL, done.stderr.decode()
        assert status(harness, "killed") is Status.AUTHORISED
        with contextlib.closing(MilvusGallery(milvus.uri)) as gallery:
            assert len(of(gallery, "killed")) == 1
            runner.reconcile()
            assert runner.run(FlowStep.COMPILE, "killed").name == "Completed"
            first = harness.digest("killed")
            assert len(of(gallery, "killed")) == 1
            by_hand = ListBuilder(
                policy=harness.policy,
                store=harness.store,
                gallery=rotated_gallery(gallery, harness.vault, actor=SystemActor.FLOWS, may_make=True),
                engine=lambda: build_engine(settings, harness.policy),
                home=settings.home,
            )
            day = harness.now.date()
            by_hand.build(folder, "killed", today=day, last_day=day, by=authenticated(PLANNER), attempt="again")

            assert harness.digest("killed") == first
        harness.engine.dispose()


@pytest.mark.slow
def test_with_prefect_killed_the_vault_ends_the_hours_and_the_reconciler_closes_and_publishes_once_it_is_back(
    prefect_process: PrefectProcess, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, milvus: MilvusServer
) -> None:
    prefect = prefect_process.server
    register(prefect)
    settings = settings_for(prefect, tmp_path, monkeypatch, milvus_uri=milvus.uri)
    clock = ManualClock(time.time_ns())
    with serving_vault(settings, clock=clock) as vault:
        harness = harness_of(settings, clock)
        runner = DeploymentFlowsRunner(prefect, settings, harness)
        made = harness.walk(Status.LIVE, "survivor")
        runner.reconcile()
        attend(harness, "survivor")
        assert vault.check_gate("survivor") > 0

        prefect_process.kill()
        harness.wait_until(made.ends_at - timedelta(minutes=1))
        harness.prove("survivor")
        harness.compare("survivor")
        attend(harness, "survivor")
        vault.check_gate("survivor")  # nothing of Prefect is needed within the hours
        harness.wait_until(made.ends_at)
        harness.prove("survivor")
        harness.compare("survivor")
        attend(harness, "survivor")
        with pytest.raises(Refused) as ended:
            vault.check_gate("survivor")
        assert ended.value.rule == "gate.within-hours"
        with pytest.raises(Retryable):
            runner.reconcile()
        assert status(harness, "survivor") is Status.LIVE

        prefect_process.start()
        runner.reconcile()
        assert runner.run(FlowStep.CLOSE, "survivor").name == "Completed"
        assert status(harness, "survivor") is Status.ENDED
        runner.reconcile()
        assert FlowStep.PUBLISH in {step for step, _, _ in runner.schedule("survivor")}
        harness.engine.dispose()


def list_of(tmp_path: Path) -> Path:
    """Two people: one wanted, one test subject."""
    folder = tmp_path / "list"
    folder.mkdir()
    listed = ListFolder(folder, require_photos())
    listed.put("S-1", "obama", category="wanted by the courts").put("B-1", "biden")
    return folder


def of(gallery: MilvusGallery, deployment: str) -> list[str]:
    return [name for name in gallery.names() if name.startswith(gallery_name(deployment))]


def attend(harness: PlanningHarness, deployment: str) -> None:
    """An operator is there, and the records take writes."""
    Attendance(harness.engine, harness.clock).record_heartbeat(deployment, authenticated(OPERATOR))
    harness.touch()
