"""Planned deployments on a real Prefect server, their flows run in the test's process under a clock that it moves."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from prefect import Flow
from prefect.client.orchestration import get_client
from prefect.client.schemas.objects import State
from prefect.flow_engine import run_flow
from prefect.settings import (
    PREFECT_API_AUTH_STRING,
    PREFECT_API_URL,
    PREFECT_LOGGING_LEVEL,
    PREFECT_LOGGING_TO_API_ENABLED,
    PREFECT_SERVER_EPHEMERAL_ENABLED,
    temporary_settings,
)
from prefect.types.entrypoint import EntrypointType

from flows.clock import use_clock
from flows.flow_runs import AS_PLANNED, ExistingRun, PrefectFlowRuns
from flows.reconcile import Changes, read_scheduled, reconcile
from flows.schedule import FlowStep
from flows.serve import DEPLOYMENT_FLOWS
from lfr_core.common.settings import Settings
from lfr_core.custody.installation import Installation
from lfr_core.domain.actors import ProcessIdentity
from tests.support.planning import PlanningHarness
from tests.support.prefect import PrefectServer

__all__ = ["DeploymentFlowsRunner", "prefect_settings", "register"]

_FLOWS: dict[str, Flow[..., Any]] = {flow.name: flow for flow in DEPLOYMENT_FLOWS}


@contextmanager
def prefect_settings(server: PrefectServer) -> Iterator[None]:
    """Prefect's client in this process talks to `server`."""
    with temporary_settings(
        {
            PREFECT_API_URL: server.api,
            PREFECT_API_AUTH_STRING: server.login,
            PREFECT_SERVER_EPHEMERAL_ENABLED: False,
            PREFECT_LOGGING_TO_API_ENABLED: False,
            PREFECT_LOGGING_LEVEL: "CRITICAL",
        }
    ):
        yield


def register(server: PrefectServer) -> None:
    """Register the flows of a deployment's lifecycle as `flows.serve` does, without running any."""

    async def all_of_them() -> None:
        for flow in DEPLOYMENT_FLOWS:
            made = await flow.ato_deployment(name=AS_PLANNED, entrypoint_type=EntrypointType.MODULE_PATH)
            await made.aapply()

    with prefect_settings(server):
        asyncio.run(all_of_them())


@dataclass
class DeploymentFlowsRunner:
    """Reconciles, and runs what is due. The environment must lead to `settings`."""

    server: PrefectServer
    settings: Settings
    harness: PlanningHarness

    @property
    def api(self) -> PrefectFlowRuns:
        return PrefectFlowRuns(self.server.client)

    def installation(self, settings: Settings | None = None) -> Installation:
        """An installation of these settings, its policy and its clock the harness's."""
        harness = self.harness
        return Installation(
            settings or self.settings, identity=ProcessIdentity.FLOWS, policy=harness.policy, clock=harness.clock
        )

    def reconcile(self) -> Changes:
        harness = self.harness
        return reconcile(harness.engine, harness.policy, self.api, home=self.settings.home, now=harness.now)

    def schedule(self, deployment: str = "dep") -> list[tuple[FlowStep, datetime, int]]:
        """Step, time and revision of each waiting run, as Prefect's API has them."""
        return [(run.step, run.at, run.revision) for run in read_scheduled(self.api, deployment)]

    def waiting(self, step: FlowStep, deployment: str = "dep") -> ExistingRun:
        (found,) = [
            each
            for each in self.api.list_runs(deployment)
            if each.planned.step is step and each.state.type == "SCHEDULED" and each.planned.at <= self.harness.now
        ][:1]
        return found

    def run(self, step: FlowStep, deployment: str = "dep") -> State[Any]:
        """Run the waiting run of `step`, which must be due, with Prefect's engine in this process."""
        return self._run(self.waiting(step, deployment).id, step)

    def forge(self, step: FlowStep, body: dict[str, object]) -> State[Any]:
        """Make a run as anybody may who has the server's login, and run it."""
        found = self.server.ask("GET", f"/deployments/name/{step}/{AS_PLANNED}")
        assert isinstance(found, dict)
        made = self.server.client.create_flow_run(str(found["id"]), {"state": {"type": "SCHEDULED"}, **body})
        return self._run(made.id, step)

    def run_again(self, run_id: str, step: FlowStep, parameters: dict[str, object]) -> State[Any]:
        """Change a run's parameters at the server, and run it."""
        self.server.ask("PATCH", f"/flow_runs/{run_id}", {"parameters": parameters})
        return self._run(run_id, step)

    def _run(self, run_id: str, step: FlowStep) -> State[Any]:
        self.server.ask("POST", f"/flow_runs/{run_id}/set_state", {"state": {"type": "PENDING"}, "force": True})
        with prefect_settings(self.server), use_clock(self.harness.clock):
            with get_client(sync_client=True) as client:
                flow_run = client.read_flow_run(run_id)  # type: ignore[arg-type]  # a UUID as text will do
            ended: State[Any] = run_flow(  # type: ignore[assignment]  # return_type says so
                _FLOWS[step], flow_run=flow_run, parameters=flow_run.parameters, return_type="state"
            )
        return ended

    def report(self, step: FlowStep) -> str:
        """The newest artifact of that flow, as Prefect's API has it."""
        found = self.server.ask("POST", "/artifacts/filter", {"sort": "CREATED_DESC", "limit": 50})
        assert isinstance(found, list)
        texts = [str(each["data"]) for each in found if str(each["key"]).startswith(f"{step.value}-")]
        assert texts, f"no artifact of {step}"
        return texts[0]
