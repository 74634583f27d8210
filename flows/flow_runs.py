"""Reads, creates and deletes the flow runs of planned deployments over Prefect's API. Imports no Prefect."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from pydantic import BaseModel, ConfigDict, TypeAdapter

from flows.prefect_api import ACTIVE, ANSWER_S, FlowRun, PrefectApi, RunState
from flows.schedule import FlowStep, PlannedRun, key_of_run, parse_run_key
from lfr_core.common.errors import Retryable
from lfr_core.common.settings import Settings

__all__ = ["AS_PLANNED", "ExistingRun", "FlowRuns", "PrefectFlowRuns", "open_flow_runs"]

AS_PLANNED = "as-planned"
"""Name of the Prefect deployment of each flow of a deployment's lifecycle."""
_TAG = "deployment-life"
_PAGE = 200  # the most that Prefect gives at once


class _Deployment(BaseModel):
    model_config = ConfigDict(extra="ignore")

    id: str
    work_pool_name: str | None = None


_DEPLOYMENT = TypeAdapter(_Deployment)


@dataclass(frozen=True, slots=True)
class ExistingRun:
    """A flow run of ours that Prefect has: what it is for, which attempt, and its state."""

    id: str
    planned: PlannedRun
    """`at` is when it is scheduled."""
    attempt: int
    state: RunState

    @property
    def key(self) -> str:
        return key_of_run(self.planned, self.attempt)


class FlowRuns(Protocol):
    """The flow runs that the reconciler compares and changes. Every call raises Retryable when the server is away."""

    def read_active(self) -> tuple[ExistingRun, ...]:
        """Return every run of ours that hasn't ended."""
        ...

    def list_runs(self, deployment: str) -> tuple[ExistingRun, ...]:
        """Return every run for one deployment, the earliest first."""
        ...

    def create(self, run: PlannedRun, attempt: int, at: datetime) -> str:
        """Schedule a run for `at`, and return its id. The same run and attempt again changes nothing."""
        ...

    def delete(self, run: ExistingRun) -> None:
        """Take a run off the schedule; one that is gone already is no error."""
        ...

    def mark_crashed(self, run: ExistingRun, message: str) -> None:
        """Set a run that claims to run, but whose process was lost, to CRASHED."""
        ...


class PrefectFlowRuns:
    """`FlowRuns` over Prefect's API."""

    def __init__(self, api: PrefectApi) -> None:
        self.api = api
        self._ids: dict[FlowStep, str] = {}

    def read_active(self) -> tuple[ExistingRun, ...]:
        return self._read({"tags": {"all_": [_TAG]}, "state": {"type": {"any_": list(ACTIVE)}}})

    def list_runs(self, deployment: str) -> tuple[ExistingRun, ...]:
        return self._read({"tags": {"all_": [_TAG, f"deployment:{deployment}"]}})

    def create(self, run: PlannedRun, attempt: int, at: datetime) -> str:
        parameters: dict[str, str | int] = {"deployment": run.deployment}
        if run.step is not FlowStep.PUBLISH:  # results belong to the deployment, whatever revision was authorised
            parameters["revision"] = run.revision
        body: dict[str, object] = {
            "name": "-".join(filter(None, (run.deployment, run.step, run.occasion, f"r{run.revision}", str(attempt)))),
            "parameters": parameters,
            "idempotency_key": key_of_run(run, attempt),
            "tags": [_TAG, f"deployment:{run.deployment}", f"revision:{run.revision}"],
            "state": {"type": "SCHEDULED", "state_details": {"scheduled_time": at.isoformat()}},
        }
        return self.api.create_flow_run(self._find_deployment(run.step), body).id

    def delete(self, run: ExistingRun) -> None:
        self.api.request("DELETE", f"/flow_runs/{run.id}", missing_ok=True)

    def mark_crashed(self, run: ExistingRun, message: str) -> None:
        self.api.mark_crashed(run.id, message)

    def find_pooled(self, flow: str, name: str) -> str:
        """Return the id of that Prefect deployment if a work pool serves it; else "". Raises Retryable."""
        answer = self.api.request("GET", f"/deployments/name/{flow}/{name}", missing_ok=True)
        found = self.api.parse(_DEPLOYMENT, answer) if answer else None
        return found.id if found is not None and found.work_pool_name else ""

    def _find_deployment(self, step: FlowStep) -> str:
        if step not in self._ids:
            answer = self.api.request("GET", f"/deployments/name/{step}/{AS_PLANNED}", missing_ok=True)
            if not answer:
                raise Retryable(f"the flow {step} isn't served yet: `lfr up` serves it, or `prefect deploy --all`")
            self._ids[step] = self.api.parse(_DEPLOYMENT, answer).id
        return self._ids[step]

    def _read(self, flow_runs: dict[str, object]) -> tuple[ExistingRun, ...]:
        found: list[FlowRun] = []
        while True:
            page = self.api.read_flow_runs(flow_runs, limit=_PAGE, offset=len(found))
            found += page
            if len(page) < _PAGE:
                return tuple(filter(None, map(_parse_run, found)))


def _parse_run(run: FlowRun) -> ExistingRun | None:
    """Return None for a run that somebody made by hand: it isn't ours to change."""
    key = parse_run_key(run.idempotency_key or "")
    if key is None or run.expected_start_time is None or run.state is None:
        return None
    planned = PlannedRun(key.step, key.deployment, key.revision, run.expected_start_time, key.occasion)
    return ExistingRun(run.id, planned, key.attempt, run.state)


def open_flow_runs(settings: Settings, *, timeout_s: float = ANSWER_S) -> PrefectFlowRuns:
    """Open the flow runs of these settings' server. Raises Fatal or Retryable as `PrefectApi.from_settings`."""
    return PrefectFlowRuns(PrefectApi.from_settings(settings, timeout_s=timeout_s))
