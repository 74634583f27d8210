"""A deployment's whole life by its flows, killed half-way and with the server gone too."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from flows.schedule import FlowStep
from lfr_core.common.clock import SystemClock
from lfr_core.common.errors import Refused, Retryable
from lfr_core.deployments.attendance import Attendance
from lfr_core.deployments.reading import timeline
from lfr_core.domain.actors import SystemActor
from lfr_core.domain.deployments import DeploymentStatus as Status
from lfr_core.publication.closing import closing_report_file
from lfr_core.publication.published import read_published_records
from lfr_core.recognition.faces.engine import build_engine
from lfr_core.recognition.gallery.checks import gallery_name
from lfr_core.recognition.gallery.milvus import MilvusGallery
from lfr_core.recognition.gallery.rotated import build_rotated_gallery
from lfr_core.watchlists.list_builder import ListBuilder
from tests.support.deployment_flows import harness_of, settings_for, status
from tests.support.milvus import MilvusServer
from tests.support.people import authenticated
from tests.support.planning import OPERATOR, PLANNER, PlanningHarness, form
from tests.support.prefect import PrefectProcess, PrefectServer
from tests.support.records import ManualClock
from tests.support.samples import require_photos
from tests.support.vault_server import serving_vault
from tests.support.watchlist_folders import ListFolder
from tests.support.workflows import DeploymentFlowsRunner, register

HOUR = timedelta(hours=1)


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
        harness.deployments.confirm("whole", by=authenticated(PLANNER), signage=True, briefing=True)
        harness.deployments.mark_ready("whole", by=authenticated(PLANNER))
        harness.wait_until(made.starts_at)
        harness.touch()
        harness.prove("whole")
        due(made.starts_at, FlowStep.OPEN)
        assert status(harness, "whole") is Status.LIVE
        due(made.ends_at, FlowStep.CLOSE)
        assert status(harness, "whole") is Status.ENDED
        destroyed = [line for line in runner.report(FlowStep.CLOSE).splitlines() if "list destroyed" in line]
        assert "done" in destroyed[0]
        report = closing_report_file(settings.home, "whole").read_text(encoding="utf-8")
        assert "Forecast and outcome" in report
        assert "No security chip (TPM)" in report
        due(made.ends_at, FlowStep.PUBLISH)
        assert read_published_records(harness.engine)[0].deployment == "whole"
        runner.reconcile()
        assert runner.schedule("whole") == []
        steps = [entry.step for entry in timeline(harness.engine, "whole")]
        assert steps[:4] == ["plan", "apply", "authorise", "announce"]
        assert steps[4:] == ["compile", "approve-list", "ready", "open", "close", "results-published"]
        by = {entry.step: entry.by for entry in timeline(harness.engine, "whole")}
        assert {by[step] for step in ("announce", "compile", "open", "close")} == {"system:flows"}
        harness.engine.dispose()


@pytest.mark.fault("power cut")
@pytest.mark.models
@pytest.mark.slow
def test_a_compile_killed_half_way_and_run_again_builds_the_same_list_and_leaves_one_collection(
    prefect: PrefectServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, milvus: MilvusServer
) -> None:
    folder = list_of(tmp_path)
    settings = settings_for(prefect, tmp_path, monkeypatch, milvus_uri=milvus.uri)
    clock = ManualClock(time.time_ns())
    killed = (
        "import os; from lfr_core.deployments.service import DeploymentService as Store\n"
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
                store=harness.deployments,
                open_gallery=lambda: contextlib.nullcontext(
                    build_rotated_gallery(
                        gallery, harness.vault, actor=SystemActor.FLOWS, may_make=True, clock=SystemClock()
                    )
                ),
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
    Attendance(harness.engine, harness.trail, harness.clock).record_heartbeat(deployment, authenticated(OPERATOR))
    harness.touch()
