"""The little of Prefect's API that scheduling needs. No Prefect is imported: commands use it too, and start fast."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from pydantic import BaseModel, ConfigDict, TypeAdapter

from flows.schedule import FlowStep, PlannedRun
from flows.transport import PrefectApi
from lfr_core.common.errors import Retryable

__all__ = ["AS_PLANNED", "HttpWorkflows", "MadeRun", "RunState", "Workflows"]

AS_PLANNED = "as-planned"
"""Name of the Prefect deployment of each flow of a deployment's life."""
_TAG = "deployment-life"
_KEY_PARTS = 6
_PAGE = 200  # the most that Prefect gives at once


class RunState(BaseModel):
    """A run's state, as Prefect says it."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    type: str
    """SCHEDULED, PENDING, RUNNING, COMPLETED, FAILED, CRASHED, CANCELLED, CANCELLING, PAUSED."""
    name: str
    message: str | None = None
    timestamp: datetime


class _Run(BaseModel):
    model_config = ConfigDict(extra="ignore")

    id: str
    idempotency_key: str | None = None
    expected_start_time: datetime | None = None
    state: RunState | None = None


class _Deployment(BaseModel):
    model_config = ConfigDict(extra="ignore")

    id: str
    work_pool_name: str | None = None


_RUNS, _DEPLOYMENT = TypeAdapter(list[_Run]), TypeAdapter(_Deployment)


@dataclass(frozen=True, slots=True)
class MadeRun:
    """A run of ours that Prefect has: what it is for, which attempt, and how it stands."""

    id: str
    planned: PlannedRun
    """`at` is when it is scheduled."""
    attempt: int
    state: RunState


class Workflows(Protocol):
    """What the reconciler asks. Every call raises Retryable when the server is away or isn't ready."""

    def waiting(self) -> tuple[MadeRun, ...]:
        """Every run of ours that hasn't ended."""
        ...

    def runs_of(self, deployment: str) -> tuple[MadeRun, ...]:
        """Every run for one deployment, the earliest first."""
        ...

    def make(self, run: PlannedRun, attempt: int, at: datetime) -> None:
        """Schedule it for `at`. The same run and attempt again changes nothing."""
        ...

    def drop(self, run: MadeRun) -> None:
        """Take it off the schedule; gone already is well."""
        ...

    def give_up(self, run: MadeRun, why: str) -> None:
        """Write down that a run which claims to run was lost."""
        ...


class HttpWorkflows:
    """`Workflows` over HTTP."""

    def __init__(self, api: PrefectApi) -> None:
        self._api = api
        self._ids: dict[FlowStep, str] = {}

    def waiting(self) -> tuple[MadeRun, ...]:
        live = ["SCHEDULED", "PENDING", "RUNNING", "PAUSED", "CANCELLING"]
        return self._runs({"tags": {"all_": [_TAG]}, "state": {"type": {"any_": live}}})

    def runs_of(self, deployment: str) -> tuple[MadeRun, ...]:
        return self._runs({"tags": {"all_": [_TAG, f"deployment:{deployment}"]}})

    def make(self, run: PlannedRun, attempt: int, at: datetime) -> None:
        parameters: dict[str, str | int] = {"deployment": run.deployment}
        if run.step is not FlowStep.PUBLISH:  # results belong to the deployment, whatever revision was authorised
            parameters["revision"] = run.revision
        asked: dict[str, object] = {
            "name": "-".join(filter(None, (run.deployment, run.step, run.occasion, f"r{run.revision}", str(attempt)))),
            "parameters": parameters,
            "idempotency_key": _key(run, attempt),
            "tags": [_TAG, f"deployment:{run.deployment}", f"revision:{run.revision}"],
            "state": {"type": "SCHEDULED", "state_details": {"scheduled_time": at.isoformat()}},
        }
        self._api.ask("POST", f"/deployments/{self._deployment(run.step)}/create_flow_run", asked)

    def drop(self, run: MadeRun) -> None:
        self._api.ask("DELETE", f"/flow_runs/{run.id}", missing_is_well=True)

    def give_up(self, run: MadeRun, why: str) -> None:
        asked = {"state": {"type": "CRASHED", "message": why}, "force": True}
        self._api.ask("POST", f"/flow_runs/{run.id}/set_state", asked, missing_is_well=True)

    def in_pool(self, flow: str, name: str) -> str:
        """The id of that Prefect deployment if a work pool serves it; else "". Raises Retryable."""
        answer = self._api.ask("GET", f"/deployments/name/{flow}/{name}", missing_is_well=True)
        found = self._api.read(_DEPLOYMENT, answer) if answer else None
        return found.id if found is not None and found.work_pool_name else ""

    def _deployment(self, step: FlowStep) -> str:
        if step not in self._ids:
            found = self._api.ask("GET", f"/deployments/name/{step}/{AS_PLANNED}", missing_is_well=True)
            if not found:
                raise Retryable(f"the flow {step} isn't served yet: `lfr up` serves it, or `prefect deploy --all`")
            self._ids[step] = self._api.read(_DEPLOYMENT, found).id
        return self._ids[step]

    def _runs(self, which: dict[str, object]) -> tuple[MadeRun, ...]:
        found: list[_Run] = []
        while True:
            asked = {"flow_runs": which, "sort": "EXPECTED_START_TIME_ASC", "limit": _PAGE, "offset": len(found)}
            page = self._api.read(_RUNS, self._api.ask("POST", "/flow_runs/filter", asked))
            found += page
            if len(page) < _PAGE:
                return tuple(filter(None, map(_made, found)))


def _key(run: PlannedRun, attempt: int) -> str:
    """The idempotency key: the run and its attempt."""
    return f"life:{run.name}:{attempt}"


def _made(run: _Run) -> MadeRun | None:
    """None for a run that somebody made by hand: it isn't ours to move."""
    parts = (run.idempotency_key or "").split(":")
    if len(parts) != _KEY_PARTS or parts[0] != "life" or run.expected_start_time is None or run.state is None:
        return None
    _, deployment, step, occasion, revision, attempt = parts
    try:
        planned = PlannedRun(FlowStep(step), deployment, int(revision), run.expected_start_time, occasion)
        return MadeRun(run.id, planned, int(attempt), run.state)
    except ValueError:
        return None
