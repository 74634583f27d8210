"""`prefect.yaml` gives a work pool the very flows that `flows.serve` serves, under the same names."""

from __future__ import annotations

import importlib
from pathlib import Path

import yaml  # type: ignore[import-untyped]  # Prefect brings it, without types
from prefect.settings.models.server.services import ServerServicesSettings

from apps.supervisor.workflows import IDLE_SERVICES
from flows.flow_runs import AS_PLANNED
from flows.retention import retention
from flows.schedule import FlowStep
from flows.serve import DEPLOYMENT_FLOWS, SWEEP

ROOT = Path(__file__).resolve().parents[3]


def test_it_deploys_exactly_what_is_served() -> None:
    described = yaml.safe_load((ROOT / "prefect.yaml").read_text(encoding="utf-8"))
    found = set()
    for each in described["deployments"]:
        module, _, name = each["entrypoint"].rpartition(".")
        flow = getattr(importlib.import_module(module), name)
        found.add((flow.name, each["name"]))
        assert each["work_pool"] == {"name": "openlfr"}

    assert found == {(flow.name, AS_PLANNED) for flow in DEPLOYMENT_FLOWS} | {(retention.name, SWEEP)}


def test_each_step_of_the_schedule_has_its_flow_and_a_flow_takes_ids_only() -> None:
    assert {flow.name for flow in DEPLOYMENT_FLOWS} == {step.value for step in FlowStep}
    for flow in DEPLOYMENT_FLOWS:
        assert set(flow.parameters.properties) <= {"deployment", "revision"}


def test_what_our_server_of_prefect_does_without_are_services_that_it_has() -> None:
    services = ServerServicesSettings.model_fields

    assert {name.lower() for name in IDLE_SERVICES} <= set(services)
    assert not {"event_persister", "task_run_recorder", "db_vacuum"} & {name.lower() for name in IDLE_SERVICES}
