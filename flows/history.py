"""Runs, logs and artifacts of workflows past their days, deleted through Prefect's API.

A run goes whatever its state: one that claims to run after days was killed. Its states, task runs and logs go with it;
its artifacts don't, so they go first. Parameters hold ids only: this is housekeeping more than a promise to the public.
No Prefect is imported: plain requests do. The server's own events go by its own setting (`apps.supervisor.workflows`).
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from pydantic import BaseModel, ConfigDict, TypeAdapter

from flows.transport import PrefectApi
from lfr_core.common.clock import utc_from_ns
from lfr_core.retention.port import Audited, Destroyed, Due, Outcome, subject

__all__ = ["WorkflowsStep"]

_AT_ONCE = 50  # the most that Prefect's bulk_delete takes
_MOST_ROUNDS = 200  # 10,000 runs in one sweep, a week's worth; the next sweep goes on
_NS_PER_DAY = 86_400 * 10**9


class _Run(BaseModel):
    model_config = ConfigDict(extra="ignore")

    id: str
    expected_start_time: datetime


class _Artifact(BaseModel):
    model_config = ConfigDict(extra="ignore")

    id: str


_RUNS = TypeAdapter(list[_Run])
_ARTIFACTS = TypeAdapter(list[_Artifact])


class WorkflowsStep:
    """Runs whose time was more than `keep_days` ago."""

    name = "workflows"
    audited = Audited.ORDERED

    def __init__(self, api: Callable[[], PrefectApi], *, keep_days: int, server_home: Path | None) -> None:
        """
        Args:
            api: of Prefect; asked for when it is needed, because its login may not be there.
            keep_days: how long a run is kept.
            server_home: our own server's folder, if `lfr up` starts one; None: it is elsewhere.
        """
        self._api = api
        self._keep_ns = keep_days * _NS_PER_DAY
        self._server_home = server_home

    def due(self, now_ns: int) -> tuple[Due, ...]:
        """Raises Retryable when Prefect's server is away."""
        if self._never_ran():
            return ()
        return tuple(
            Due(subject("workflow-runs", run.expected_start_time.date().isoformat()), self._due_ns(run))
            for run in self._old(self._api(), now_ns, 1)
        )

    def purge(self, now_ns: int) -> Outcome:
        if self._never_ran():
            return Outcome(note="no workflow server has run here")
        api, gone = self._api(), list[Destroyed]()
        for _ in range(_MOST_ROUNDS):
            runs = self._old(api, now_ns, _AT_ONCE)
            if not runs:
                break
            those = {"id": {"any_": [run.id for run in runs]}}
            artifacts = 0
            which = {"flow_runs": those, "limit": _AT_ONCE}
            while found := api.read(_ARTIFACTS, api.ask("POST", "/artifacts/filter", which)):
                for each in found:
                    api.ask("DELETE", f"/artifacts/{each.id}", missing_is_well=True)
                artifacts += len(found)
            api.ask("POST", "/flow_runs/bulk_delete", which)
            day = runs[0].expected_start_time.date().isoformat()
            facts = {"runs": len(runs), "artifacts": artifacts}
            gone.append(Destroyed(subject("workflow-runs", day), self._due_ns(runs[0]), facts=facts))
        return Outcome(tuple(gone))

    def _never_ran(self) -> bool:
        return self._server_home is not None and not self._server_home.exists()

    def _due_ns(self, run: _Run) -> int:
        return round(run.expected_start_time.timestamp() * 1e6) * 1000 + self._keep_ns

    def _old(self, api: PrefectApi, now_ns: int, limit: int) -> list[_Run]:
        """The oldest first."""
        before = utc_from_ns(now_ns - self._keep_ns).isoformat()
        asked: dict[str, object] = {
            "sort": "EXPECTED_START_TIME_ASC",
            "limit": limit,
            "flow_runs": {"expected_start_time": {"before_": before}},
        }
        return api.read(_RUNS, api.ask("POST", "/flow_runs/filter", asked))
