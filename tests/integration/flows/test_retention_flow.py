"""The retention flow against a real Prefect server."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from flows.history import WorkflowsStep
from flows.prefect_api import PrefectApi
from flows.retention import PURGE_TASKS, SWEEP_TASKS
from lfr_core.common.clock import SystemClock
from lfr_core.common.errors import Retryable
from lfr_core.common.settings import Settings
from lfr_core.custody.audit.read import entries
from lfr_core.custody.audit.trail import AuditTrail
from lfr_core.custody.people import Role
from lfr_core.deployments.reading import open_calls
from lfr_core.domain.deployments import DeploymentKind
from lfr_core.storage.engine import open_engine
from tests.support.deployments import deployment_service
from tests.support.milvus import free_port
from tests.support.prefect import PrefectServer, environment
from tests.support.retention import DAY_S, RetentionHarness
from tests.support.vault_server import serving_vault


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Neither broker nor Milvus answers there."""
    return Settings(home=tmp_path / "home", kafka_port=free_port(), milvus_port=free_port(), broker="kafka")


def read(server: PrefectServer, what: str, **filters: object) -> list[dict[str, Any]]:
    found = server.ask("POST", f"/{what}/filter", filters)
    assert isinstance(found, list)
    return found


def until(so: Callable[[], bool], seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while not so():
        assert time.monotonic() < deadline, "it didn't come"
        time.sleep(0.3)


@pytest.mark.slow
def test_a_run_purges_what_it_can_says_what_it_could_not_and_leaves_a_table_of_lags(
    prefect_server: PrefectServer, settings: Settings, tmp_path: Path
) -> None:
    old = settings.home / "tmp" / "face.jpg"
    old.parent.mkdir(parents=True)
    old.write_bytes(b"face")
    os.utime(old, (1, 1))
    (tmp_path / "temporary").mkdir()
    code = "from flows.retention import retention; print(retention(return_state=True).message)"
    before = {each["id"] for each in read(prefect_server, "flow_runs")}
    with serving_vault(settings) as core:
        engine = open_engine(settings.records_url)
        trail = AuditTrail(core, SystemClock())
        store = deployment_service(engine, core, trail, SystemClock())
        store.create("dep", DeploymentKind.DEMO, name="dep")
        done = subprocess.run(
            [sys.executable, "-c", code],
            env=environment(prefect_server, settings, tmp_path),
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    assert "tried again by the next sweep: galleries, topics" in done.stdout, done.stdout + done.stderr
    assert not old.exists()
    (run,) = [each for each in read(prefect_server, "flow_runs") if each["id"] not in before]
    mine = {"flow_runs": {"id": {"any_": [run["id"]]}}}
    tasks = {task["name"].rpartition("-")[0]: task["state_name"] for task in read(prefect_server, "task_runs", **mine)}
    failed = {name for name, state in tasks.items() if state == "Failed"}
    assert failed == {"drop collections of ended deployments from the gallery", "delete what is past its topic's bound"}
    assert set(tasks) == {*PURGE_TASKS.values(), *SWEEP_TASKS, "look whether this run is ours"}
    # nobody has planned this run: it has purged, and is raised
    assert tasks["look whether this run is ours"] == "Completed"
    (raised,) = [each for each in entries(engine, limit=500) if each.rule == "flows.sweep-not-ours"]
    assert (raised.actor, raised.subject) == ("system:flows", f"flow-run:{run['id']}")
    (called,) = [each for each in open_calls(engine) if "that nobody has planned" in each.why]
    assert called.role is Role.COMPLIANCE
    engine.dispose()
    assert tasks["forget alerts after their time"] == "Completed"
    (artifact,) = read(prefect_server, "artifacts", artifacts={"key": {"any_": ["retention-lag"]}}, **mine)
    assert "| Temporary files | `retention.temporary_files_h` | in-time | 0 | 0 | 1 |" in artifact["data"]
    assert run["parameters"] == {}
    assert read(prefect_server, "logs") == []


@pytest.mark.slow
def test_served_it_runs_at_once_and_never_queues_up(
    prefect_server: PrefectServer, settings: Settings, tmp_path: Path
) -> None:
    env = environment(prefect_server, settings, tmp_path)
    ready = settings.home / "run" / "flows.ready"

    def serve() -> subprocess.Popen[bytes]:
        ready.unlink(missing_ok=True)
        process = subprocess.Popen([sys.executable, "-m", "flows.serve"], env=env, cwd=tmp_path)
        until(lambda: ready.exists() and ready.read_text().strip() == str(process.pid), 180)
        return process

    def runs(state: str) -> int:
        mine: dict[str, object] = {"deployments": {"name": {"any_": ["every-sweep"]}}}
        served = read(prefect_server, "flow_runs", **mine)
        return sum(each["state_type"] in state.split() for each in served)

    with serving_vault(settings):
        first = serve()
        until(lambda: runs("COMPLETED FAILED") >= 1, 180)
        first.kill()
        first.wait(20)
        second = serve()
        time.sleep(3)
        served = {each["name"] for each in read(prefect_server, "deployments")}
        assert {"every-sweep", "as-planned"} <= served
        assert runs("SCHEDULED PENDING") <= 1
        second.send_signal(signal.SIGTERM)
        assert second.wait(90) == 0
        engine = open_engine(settings.records_url)
        assert [each for each in entries(engine, limit=500) if each.rule == "flows.sweep-not-ours"] == []
        engine.dispose()
    assert not ready.exists()


@pytest.mark.slow
def test_old_runs_and_their_artifacts_go_and_without_the_step_it_is_an_alarm(
    prefect_server: PrefectServer, sqlite_url: str, tmp_path: Path
) -> None:
    engine = open_engine(sqlite_url)
    harness = RetentionHarness(engine, tmp_path)
    harness.clock.advance((time.time_ns() - harness.clock.time_ns()) / 1e9)
    flow = prefect_server.ask("POST", "/flows/", {"name": "old"})
    assert isinstance(flow, dict)
    for _ in range(60):  # more than Prefect deletes at once
        run = prefect_server.ask("POST", "/flow_runs/", {"flow_id": flow["id"], "state": {"type": "COMPLETED"}})
    assert isinstance(run, dict)
    prefect_server.ask("POST", "/artifacts/", {"key": "old", "data": "x", "flow_run_id": run["id"]})

    def there() -> tuple[int, int]:
        mine: dict[str, object] = {"flows": {"name": {"any_": ["old"]}}}
        artifacts = read(prefect_server, "artifacts", artifacts={"key": {"any_": ["old"]}})
        return len(read(prefect_server, "flow_runs", **mine)), len(artifacts)

    step = WorkflowsStep(lambda: prefect_server.client, keep_days=7, server_home=None)
    harness.more = [step]
    harness.sweep()
    assert there() == (60, 1)  # within their days

    harness.clock.advance(7 * DAY_S + 301)
    harness.sweep(without={"workflows"})
    assert there() == (60, 1)
    assert harness.status()["workflows"].is_alarm

    report = harness.sweep()["workflows"]

    assert (there(), report.error, report.left) == ((0, 0), "", ())
    assert not harness.status()["workflows"].is_alarm
    assert harness.sweep()["workflows"].destroyed == ()
    engine.dispose()


def test_without_a_server_it_says_so_and_where_none_ever_ran_there_is_nothing_to_do(tmp_path: Path) -> None:
    away = PrefectApi(f"http://127.0.0.1:{free_port()}/api")
    with pytest.raises(Retryable, match="doesn't answer"):
        WorkflowsStep(lambda: away, keep_days=7, server_home=tmp_path).due(0)

    outcome = WorkflowsStep(lambda: away, keep_days=7, server_home=tmp_path / "never").purge(0)

    assert outcome.note == "no workflow server has run here"
