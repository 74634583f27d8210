"""Sends requests to Prefect's API: the one client of it that flows, commands and pages have. Imports no Prefect."""

from __future__ import annotations

import ssl
import time
from datetime import datetime
from typing import Self, TypeVar
from urllib.parse import quote

import httpx
from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError

from flows.prefect_credentials import login_of
from lfr_core.common.errors import Retryable
from lfr_core.common.loopback_ports import has_own_listener
from lfr_core.common.settings import Settings

__all__ = ["ACTIVE", "FlowRun", "LoginRefused", "PrefectApi", "RunState"]

ACTIVE = ("SCHEDULED", "PENDING", "RUNNING", "CANCELLING", "PAUSED")
"""Types of the states that a flow run hasn't ended in."""

ANSWER_S = 10.0
"""How long one request may take."""
_BUSY_TRIES, _BUSY_WAIT_S = 6, 0.5
"""SQLite below Prefect's server lets one writer in at a time, and says so with 503."""
_MAX_BYTES = 64_000_000
_Parsed = TypeVar("_Parsed")


class LoginRefused(Retryable):
    """The server answers, and doesn't let in who shows this login, or none."""


class RunState(BaseModel):
    """A flow run's state, as Prefect gives it."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    type: str
    """One of `ACTIVE`, or COMPLETED, FAILED, CRASHED, CANCELLED."""
    name: str
    message: str | None = None
    timestamp: datetime


class FlowRun(BaseModel):
    """A flow run, as Prefect gives it: what we read of it."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    id: str
    idempotency_key: str | None = None
    expected_start_time: datetime | None = None
    next_scheduled_start_time: datetime | None = None
    state: RunState | None = None

    @property
    def state_type(self) -> str:
        """The state's type; "" without a state."""
        return self.state.type if self.state else ""


_FLOW_RUN, _FLOW_RUNS = TypeAdapter(FlowRun), TypeAdapter(list[FlowRun])


class PrefectApi:
    """One server's API. Keeps no connection open between requests; may be used by several threads."""

    def __init__(self, url: str, login: str = "", *, own_port: int | None = None, timeout_s: float = ANSWER_S) -> None:
        """
        Args:
            url: as `Settings.prefect_api`.
            login: as `flows.prefect_credentials.login_of`.
            own_port: where the server of `lfr up` listens; None for another.
            timeout_s: for an answer.
        """
        self.url = url.rstrip("/")
        self._own_port = own_port
        user, _, password = login.partition(":")
        self._client = httpx.Client(
            auth=httpx.BasicAuth(user, password) if login else None,
            timeout=timeout_s,
            trust_env=False,  # no proxy, and no login out of ~/.netrc
            verify=ssl.create_default_context(),  # the machine's own list of authorities, not a package's
            limits=httpx.Limits(max_keepalive_connections=0),
        )

    @classmethod
    def from_settings(cls, settings: Settings, *, timeout_s: float = ANSWER_S) -> Self:
        """Make a client of these settings' server. Raises Fatal or Retryable as `login_of`."""
        own_port = None if settings.prefect_url else settings.prefect_port
        return cls(settings.prefect_api, login_of(settings), own_port=own_port, timeout_s=timeout_s)

    def parse(self, form: TypeAdapter[_Parsed], answer: bytes) -> _Parsed:
        """Parse an answer's JSON. Raises Retryable when it has another form."""
        try:
            return form.validate_json(answer)
        except ValidationError as error:
            raise Retryable(f"the workflow server at {self.url} answers in a form we don't know") from error

    def request(
        self, method: str, path: str, body: dict[str, object] | None = None, *, missing_ok: bool = False
    ) -> bytes:
        """Send one request and return the answer's body, at most 64 MB; b"" for a 404 where `missing_ok`.

        Raises:
            LoginRefused: the server refuses our login.
            Retryable: the server is away, stays busy, or answers with an error.
            Fatal: another user of this machine listens where ours belongs; nothing was sent.
        """
        for last in (*[False] * _BUSY_TRIES, True):
            try:
                status, content = self._send(method, path, body)
            except (httpx.HTTPError, httpx.InvalidURL, OSError) as error:
                raise Retryable(f"the workflow server at {self.url} doesn't answer: see `lfr doctor`") from error
            if httpx.codes.is_success(status):
                return content
            if status == httpx.codes.NOT_FOUND and missing_ok:
                return b""
            if status == httpx.codes.UNAUTHORIZED:
                raise LoginRefused(
                    f"the workflow server at {self.url} doesn't know our login: restart the platform, or for a server "
                    "elsewhere set LFR_PREFECT_AUTH_FILE"
                )
            if status != httpx.codes.SERVICE_UNAVAILABLE or last:
                raise Retryable(f"the workflow server at {self.url} answers {path} with {status}")
            time.sleep(_BUSY_WAIT_S)
        raise AssertionError("the last try returns or raises")

    def read_flow_runs(self, flow_runs: dict[str, object], *, limit: int = 200, offset: int = 0) -> list[FlowRun]:
        """Return the runs that a filter lets through, the earliest first, at most 200 at once. Raises Retryable."""
        body = {"flow_runs": flow_runs, "sort": "EXPECTED_START_TIME_ASC", "limit": limit, "offset": offset}
        return self.parse(_FLOW_RUNS, self.request("POST", "/flow_runs/filter", body))

    def create_flow_run(self, deployment_id: str, body: dict[str, object]) -> FlowRun:
        """Create a run of a Prefect deployment, or return the one of the same idempotency key. Raises Retryable."""
        return self.parse(_FLOW_RUN, self.request("POST", f"/deployments/{deployment_id}/create_flow_run", body))

    def mark_crashed(self, run_id: str, message: str) -> None:
        """Set a run to CRASHED, whatever its state; one that is gone is no error. Raises Retryable."""
        body = {"state": {"type": "CRASHED", "message": message}, "force": True}
        self.request("POST", f"/flow_runs/{run_id}/set_state", body, missing_ok=True)

    def _send(self, method: str, path: str, body: dict[str, object] | None) -> tuple[int, bytes]:
        """Return the status, and the body as far as `_MAX_BYTES`."""
        if self._own_port is not None and not has_own_listener(self._own_port, "Prefect's server"):
            raise ConnectionRefusedError
        content = bytearray()
        with self._client.stream(method, self.url + quote(path), json=body) as answer:
            for part in answer.iter_bytes():
                content += part
                if len(content) > _MAX_BYTES:
                    break
        return answer.status_code, bytes(content[:_MAX_BYTES])
