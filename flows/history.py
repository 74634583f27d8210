"""Runs, logs and artifacts of workflows past their days, deleted through Prefect's API.

A run goes whatever its state: one that claims to run after days was killed. Its states, task runs and logs go with it;
its artifacts don't, so they go first. Parameters hold ids only: this is housekeeping more than a promise to the public.
No Prefect is imported: plain requests do. The server's own events go by its own setting (`apps.supervisor.workflows`).
"""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from datetime import datetime
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError

from lfr_core.clock import utc_from_ns
from lfr_core.errors import Retryable
from lfr_core.retention.port import Audited, Destroyed, Due, Outcome, subject

__all__ = ["WorkflowsStep"]

_ANSWER_S = 10.0
_AT_ONCE = 50  # the most that Prefect's bulk_delete takes
_MOST_ROUNDS = 200  # 10,000 runs in one sweep, a week's worth; the next sweep goes on
_NOT_FOUND = 404
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
_Found = TypeVar("_Found")


class WorkflowsStep:
    """Runs whose time was more than `keep_days` ago."""

    name = "workflows"
    audited = Audited.ORDERED

    def __init__(self, api: str, *, keep_days: int, server_home: Path | None) -> None:
        """`api`: of Prefect. `server_home`: our own server's folder, if `lfr up` starts one; None: it is elsewhere."""
        self._api = api.rstrip("/")
        self._keep_ns = keep_days * _NS_PER_DAY
        self._server_home = server_home

    def due(self, now_ns: int) -> tuple[Due, ...]:
        """Raises Retryable when Prefect's server is away."""
        if self._never_ran():
            return ()
        return tuple(
            Due(subject("workflow-runs", run.expected_start_time.date().isoformat()), self._due_ns(run))
            for run in self._old(now_ns, 1)
        )

    def purge(self, now_ns: int) -> Outcome:
        if self._never_ran():
            return Outcome(note="no workflow server has run here")
        gone: list[Destroyed] = []
        for _ in range(_MOST_ROUNDS):
            runs = self._old(now_ns, _AT_ONCE)
            if not runs:
                break
            those = {"id": {"any_": [run.id for run in runs]}}
            artifacts = 0
            while found := self._read(_ARTIFACTS, "/artifacts/filter", {"flow_runs": those, "limit": _AT_ONCE}):
                for each in found:
                    self._ask("DELETE", f"/artifacts/{each.id}")
                artifacts += len(found)
            self._ask("POST", "/flow_runs/bulk_delete", {"flow_runs": those, "limit": _AT_ONCE})
            day = runs[0].expected_start_time.date().isoformat()
            facts = {"runs": len(runs), "artifacts": artifacts}
            gone.append(Destroyed(subject("workflow-runs", day), self._due_ns(runs[0]), facts=facts))
        return Outcome(tuple(gone))

    def _never_ran(self) -> bool:
        return self._server_home is not None and not self._server_home.exists()

    def _due_ns(self, run: _Run) -> int:
        return round(run.expected_start_time.timestamp() * 1e6) * 1000 + self._keep_ns

    def _old(self, now_ns: int, limit: int) -> list[_Run]:
        """The oldest first."""
        before = utc_from_ns(now_ns - self._keep_ns).isoformat()
        asked = {
            "sort": "EXPECTED_START_TIME_ASC",
            "limit": limit,
            "flow_runs": {"expected_start_time": {"before_": before}},
        }
        return self._read(_RUNS, "/flow_runs/filter", asked)

    def _read(self, form: TypeAdapter[_Found], path: str, asked: dict[str, object]) -> _Found:
        try:
            return form.validate_json(self._ask("POST", path, asked))
        except ValidationError as error:
            raise Retryable(f"Prefect's server at {self._api} answers {path} in a form we don't know") from error

    def _ask(self, method: str, path: str, asked: dict[str, object] | None = None) -> bytes:
        """One request. Raises Retryable when it isn't answered well; that something is gone already is well."""
        body = None if asked is None else json.dumps(asked).encode()
        request = urllib.request.Request(  # noqa: S310  the API the settings name, http or https
            self._api + path, data=body, method=method, headers={"content-type": "application/json"}
        )
        try:
            with urllib.request.urlopen(request, timeout=_ANSWER_S) as answer:  # noqa: S310  see above
                told: bytes = answer.read()
                return told
        except urllib.error.HTTPError as error:
            error.close()
            if method == "DELETE" and error.code == _NOT_FOUND:
                return b""
            raise Retryable(f"Prefect's server at {self._api} answers {path} with {error.code}: see its log") from error
        except (OSError, ValueError) as error:
            raise Retryable(f"Prefect's server at {self._api} doesn't answer: `lfr up` starts it") from error
