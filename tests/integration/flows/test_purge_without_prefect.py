"""Alerts past their 24 hours go though the workflow server is stopped, or a sweep's run was left pending there."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import delete
from sqlmodel import select

from flows.retention_lag import purge_trouble
from flows.run_register import remember_run
from lfr_core.common.settings import Settings
from lfr_core.retention.last_purge import Purger, read_ended
from lfr_core.storage.engine import open_engine, reading, writing
from lfr_core.storage.tables.alerts import AlertRow
from lfr_core.storage.tables.vault import InstallationRow
from tests.support.databases import make_records
from tests.support.milvus import free_port
from tests.support.prefect import PrefectServer
from tests.support.retention import RetentionHarness, supervisors_purge
from tests.support.vault_server import serving_vault

WITHIN_S = 120.0
"""Of a slow machine: a purge's process starts in some seconds. `lfr up` waits two minutes before it (`after_s`)."""


def installation_with_an_old_alert(home: Path) -> Settings:
    """An alert was opened days ago, and nothing has run since."""
    settings = Settings(home=home, kafka_port=free_port(), milvus_port=free_port(), broker="kafka")
    make_records(settings.records_url)
    engine = open_engine(settings.records_url)
    RetentionHarness(engine, home).alert()
    with writing(engine) as session:
        session.execute(delete(InstallationRow))  # the vault that is started ties its own keystore to these records
    engine.dispose()
    assert alerts(settings) == 1
    return settings


def alerts(settings: Settings) -> int:
    engine = open_engine(settings.records_url)
    try:
        with reading(engine) as session:
            return len(session.exec(select(AlertRow.id)).all())
    finally:
        engine.dispose()


def until(so: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + WITHIN_S
    while not so():
        assert time.monotonic() < deadline, what
        time.sleep(0.2)


@contextmanager
def serving_flows(server: PrefectServer, settings: Settings, folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    """The process that serves flows; killed at the end."""
    ready = settings.home / "run" / "flows.ready"
    ready.unlink(missing_ok=True)
    env = server.environment(settings) | {"TMPDIR": str(folder)}
    with subprocess.Popen([sys.executable, "-m", "flows.serve"], env=env, cwd=folder) as process:
        try:
            until(lambda: ready.exists() and ready.read_text().strip() == str(process.pid), "flows aren't served")
            yield process
        finally:
            process.kill()


def _leave_pending(server: PrefectServer, settings: Settings) -> None:
    """Leave one run of ours, just ordered: its process may still be starting, for all that anybody can see."""
    (sweep,) = _ids(server, "/deployments/filter", {"deployments": {"name": {"any_": ["every-sweep"]}}})
    for run in _ids(server, "/flow_runs/filter", {"deployments": {"id": {"any_": [sweep]}}}):
        server.ask("DELETE", f"/flow_runs/{run}")
    left = server.ask("POST", f"/deployments/{sweep}/create_flow_run", {"state": {"type": "PENDING"}})
    assert isinstance(left, dict)
    engine = open_engine(settings.records_url)
    remember_run(engine, f"sweep-{int(time.time()) // 60}-left", left["id"])
    engine.dispose()


def _ids(server: PrefectServer, path: str, wanted: dict[str, object]) -> list[str]:
    found = server.ask("POST", path, wanted)
    assert isinstance(found, list)
    return [each["id"] for each in found]


@pytest.mark.fault("sweep left pending")
@pytest.mark.slow
def test_a_sweep_that_was_left_pending_keeps_no_alert_beyond_its_time(
    prefect_server: PrefectServer, tmp_path: Path
) -> None:
    settings = installation_with_an_old_alert(tmp_path / "home")
    (tmp_path / "temporary").mkdir()
    with serving_vault(settings):
        with serving_flows(prefect_server, settings, tmp_path / "temporary"):
            pass  # registered, and killed
        _leave_pending(prefect_server, settings)
        with (
            serving_flows(prefect_server, settings, tmp_path / "temporary"),
            supervisors_purge(settings, after_s=1.0),
        ):
            until(lambda: alerts(settings) == 0, "the alert is kept")
            until(lambda: read_ended(settings.home) is not None, "no purge ends")

    ended = read_ended(settings.home)
    assert ended is not None
    assert ended.by is Purger.SUPERVISOR
    assert "the retention flow doesn't run, so the supervisor purges" in purge_trouble(settings.home)


@pytest.mark.fault("sweep left pending")
@pytest.mark.slow
def test_with_the_workflow_server_stopped_the_command_purges_alerts_and_says_that_it_does_not_answer(
    tmp_path: Path,
) -> None:
    from apps.supervisor.plan import settings_env

    home = tmp_path / "home"
    home.mkdir()
    settings = installation_with_an_old_alert(home)
    (home / "prefect").mkdir()  # a server has run here, and doesn't now
    env = os.environ | settings_env(settings) | {"TMPDIR": str(home), "COLUMNS": "500"}
    command = [sys.executable, "-m", "apps.cli", "retention"]
    with serving_vault(settings):
        done = subprocess.run([*command, "run"], env=env, capture_output=True, text=True, timeout=120, check=False)
        status = subprocess.run([*command, "status"], env=env, capture_output=True, text=True, timeout=60, check=False)

    assert (done.returncode, alerts(settings)) == (75, 0)
    assert "Records of automatic tasks that ran" in status.stderr
    assert "a person's command ran it" in status.stdout
