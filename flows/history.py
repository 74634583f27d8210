"""Deletes runs, logs and artifacts of workflows past their days, through Prefect's API.

A run goes whatever its state: one that claims to run after days was killed. Its states, task runs and logs go with it;
its artifacts don't, so they go first. Parameters hold ids only: this is housekeeping more than a promise to the public.
No Prefect is imported. The server's own events go by its own setting (`apps.supervisor.workflows`).
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from pydantic import BaseModel, ConfigDict, TypeAdapter

from flows.prefect_api import FlowRun, PrefectApi
from lfr_core.common.clock import utc_from_ns
from lfr_core.retention.port import Audited, Destroyed, Due, PurgeResult, subject

__all__ = ["WorkflowsStep"]

_AT_ONCE = 50  # the most that Prefect's bulk_delete takes
_MOST_ROUNDS = 200  # 10,000 runs in one sweep, a week's worth; the next sweep goes on
_NS_PER_DAY = 86_400 * 10**9


class _Artifact(BaseModel):
    model_config = ConfigDict(extra="ignore")

    id: str


_ARTIFACTS = TypeAdapter(list[_Artifact])


class WorkflowsStep:
    """Deletes runs whose time was more than `keep_days` ago."""

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
        """Find what is due. Raises Retryable when Prefect's server is away."""
        if self._is_unused():
            return ()
        return tuple(
            Due(subject("workflow-runs", began.date().isoformat()), self._due_ns(began))
            for _, began in self._read_old(self._api(), now_ns, 1)
        )

    def purge(self, now_ns: int) -> PurgeResult:
        if self._is_unused():
            return PurgeResult(note="no workflow server has run here")
        api, gone = self._api(), list[Destroyed]()
        for _ in range(_MOST_ROUNDS):
            runs = self._read_old(api, now_ns, _AT_ONCE)
            if not runs:
                break
            body: dict[str, object] = {
                "flow_runs": {"id": {"any_": [run.id for run, _ in runs]}},
                "limit": _AT_ONCE,
            }
            artifacts = 0
            while found := api.parse(_ARTIFACTS, api.request("POST", "/artifacts/filter", body)):
                for each in found:
                    api.request("DELETE", f"/artifacts/{each.id}", missing_ok=True)
                artifacts += len(found)
            api.request("POST", "/flow_runs/bulk_delete", body)
            oldest = runs[0][1]
            facts = {"runs": len(runs), "artifacts": artifacts}
            gone.append(
                Destroyed(subject("workflow-runs", oldest.date().isoformat()), self._due_ns(oldest), facts=facts)
            )
        return PurgeResult(tuple(gone))

    def _is_unused(self) -> bool:
        return self._server_home is not None and not self._server_home.exists()

    def _due_ns(self, began: datetime) -> int:
        return round(began.timestamp() * 1e6) * 1000 + self._keep_ns

    def _read_old(self, api: PrefectApi, now_ns: int, limit: int) -> list[tuple[FlowRun, datetime]]:
        """Return at most `limit` runs past their days and when each was to begin, the oldest first."""
        before = utc_from_ns(now_ns - self._keep_ns).isoformat()
        runs = api.read_flow_runs({"expected_start_time": {"before_": before}}, limit=limit)
        return [(run, run.expected_start_time) for run in runs if run.expected_start_time is not None]
