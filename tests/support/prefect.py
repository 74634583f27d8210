"""A real Prefect server for tests, started as `lfr up` starts it. Costs 10 s, so one a session."""

from __future__ import annotations

import base64
import json
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Any

import pytest

from apps.supervisor.plan import settings_env
from apps.supervisor.process import child_environment
from apps.supervisor.workflows import workflow_children
from flows.prefect_api import PrefectApi
from flows.prefect_credentials import login_file
from lfr_core.common.settings import Settings
from lfr_core.domain.policy import load_policy
from tests.support.milvus import free_port

__all__ = ["PrefectProcess", "PrefectServer", "environment", "prefect_process", "prefect_server"]

START_S = 120.0


@dataclass(frozen=True, slots=True)
class PrefectServer:
    """Its API, and the environment that leads a process of ours there."""

    home: Path
    port: int

    @property
    def api(self) -> str:
        return f"http://127.0.0.1:{self.port}/api"

    @property
    def settings(self) -> dict[str, Any]:
        """What leads another home's settings there."""
        return {"prefect_url": self.api, "prefect_auth_file": login_file(self.home)}

    @property
    def login(self) -> str:
        return login_file(self.home).read_text().strip()

    @property
    def client(self) -> PrefectApi:
        """As our commands have it."""
        return PrefectApi(self.api, self.login)

    def environment(self, settings: Settings) -> dict[str, str]:
        """What `lfr up` gives the process that serves flows, with these settings."""
        found = settings.model_copy(update=self.settings)
        (flows,) = workflow_children(found, load_policy(), settings_env(found), ())
        return child_environment(flows.env)

    def ask(self, method: str, path: str, body: dict[str, object] | None = None) -> object:
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(
            self.api + path, data=data, method=method, headers={"content-type": "application/json"}
        )
        request.add_header("authorization", f"Basic {base64.b64encode(self.login.encode()).decode()}")
        deadline = time.monotonic() + 20
        while True:
            try:
                with urllib.request.urlopen(request, timeout=20) as answer:
                    text = answer.read()
            except urllib.error.HTTPError as error:
                with error:
                    if error.code != HTTPStatus.SERVICE_UNAVAILABLE or time.monotonic() > deadline:
                        raise
                time.sleep(0.3)  # its database is busy for a moment
            else:
                return json.loads(text) if text else None


class PrefectProcess:
    """A server that can be killed and started again on the same folder and port."""

    def __init__(self, home: Path) -> None:
        self.server = PrefectServer(home, free_port())
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start, and wait until it is ready."""
        home = self.server.home
        child, _flows = workflow_children(
            Settings(home=home, prefect_port=self.server.port, prefect_url=""), load_policy(), {}, ()
        )
        with (home / "server.log").open("ab") as log:
            process = self._process = subprocess.Popen(
                child.command,
                env=child_environment(child.env),
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        deadline = time.monotonic() + START_S
        while not child.ready(process.pid):
            assert process.poll() is None, (home / "server.log").read_text()[-2000:]
            assert time.monotonic() < deadline, "Prefect's server doesn't start"
            time.sleep(0.2)

    def kill(self) -> None:
        """SIGKILL."""
        assert self._process is not None
        self._process.kill()
        self._process.wait(10)

    def stop(self) -> None:
        """End it, however it stands."""
        if self._process is None or self._process.poll() is not None:
            return
        self._process.kill()  # nobody needs its database
        self._process.wait(10)


@pytest.fixture(scope="session")
def prefect_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PrefectServer]:
    """One server for the session."""
    process = PrefectProcess(tmp_path_factory.mktemp("prefect"))
    try:
        process.start()
        yield process.server
    finally:
        process.stop()


@pytest.fixture(scope="module")
def prefect_process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PrefectProcess]:
    """A server of this module's own."""
    process = PrefectProcess(tmp_path_factory.mktemp("prefect-own"))
    try:
        process.start()
        yield process
    finally:
        process.stop()


def environment(server: PrefectServer, settings: Settings, tmp_path: Path) -> dict[str, str]:
    (tmp_path / "temporary").mkdir(exist_ok=True)
    return server.environment(settings) | {"TMPDIR": str(tmp_path / "temporary")}
