"""Deployments whose flows a real workflow server runs, under a clock that a test owns."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from apps.supervisor.plan import settings_env
from flows.flow_runs import PrefectFlowRuns
from lfr_core.common.settings import Settings
from lfr_core.custody.audit.trail import AuditTrail
from lfr_core.domain.deployments import DeploymentStatus as Status
from lfr_core.storage.engine import open_engine
from tests.support.each_process import EachProcess, EachTrail
from tests.support.milvus import free_port
from tests.support.planning import PlanningHarness
from tests.support.prefect import PrefectServer
from tests.support.records import ManualClock
from tests.support.vault_server import serving_vault
from tests.support.workflows import DeploymentFlowsRunner

__all__ = ["deployment_flows", "harness_of", "settings_for", "status"]


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


@contextmanager
def harness_of_processes(home: Path) -> Iterator[PlanningHarness]:
    """On a clock of its own; each entry of the trail is written with the key of the process whose business it is."""
    settings, clock = Settings(home=home), ManualClock(time.time_ns())
    with serving_vault(settings, clock=clock):
        harness = harness_of(settings, clock)
        with processes_of(harness) as processes:
            harness.trail = EachTrail(processes, clock)
            yield harness
        harness.engine.dispose()


def processes_of(harness: PlanningHarness) -> EachProcess:
    """Return its vault, as each process asks it."""
    assert isinstance(harness.vault, EachProcess)
    return harness.vault


@contextmanager
def deployment_flows(
    prefect: PrefectServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[DeploymentFlowsRunner]:
    settings, clock = settings_for(prefect, tmp_path, monkeypatch), ManualClock(time.time_ns())
    with serving_vault(settings, clock=clock):
        harness = harness_of(settings, clock)
        yield DeploymentFlowsRunner(prefect, settings, harness)
        harness.engine.dispose()
    api = PrefectFlowRuns(prefect.client)
    for each in api.list_runs("dep"):
        api.delete(each)


def status(harness: PlanningHarness, deployment: str = "dep") -> Status:
    found = harness.deployments.find(deployment)
    assert found is not None
    return found.status
