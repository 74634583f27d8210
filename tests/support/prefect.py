"""A real Prefect server for tests, started as `lfr up` starts it. Costs 10 s, so one a session."""

from __future__ import annotations

import json
import os
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path

import pytest

from apps.supervisor.plan import settings_env
from apps.supervisor.process import child_environment
from apps.supervisor.workflows import workflow_children
from lfr_core.policy import load_policy
from lfr_core.settings import Settings
from tests.support.milvus import free_port

__all__ = ["PrefectServer", "prefect_server"]

START_S = 120.0


@dataclass(frozen=True, slots=True)
class PrefectServer:
    """Its API, and the environment that leads a process of ours there."""

    home: Path
    port: int

    @property
    def api(self) -> str:
        return f"http://127.0.0.1:{self.port}/api"

    def environment(self, settings: Settings) -> dict[str, str]:
        """What `lfr up` gives the process that serves flows, with these settings."""
        found = settings.model_copy(update={"prefect_url": self.api})
        (flows,) = workflow_children(found, load_policy(), settings_env(found), ())
        return child_environment(flows.env)

    def ask(self, method: str, path: str, body: dict[str, object] | None = None) -> object:
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(
            self.api + path, data=data, method=method, headers={"content-type": "application/json"}
        )
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


@pytest.fixture(scope="session")
def prefect_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PrefectServer]:
    """One server for the session."""
    home = tmp_path_factory.mktemp("prefect")
    settings = Settings(home=home, prefect_port=free_port())
    server, _flows = workflow_children(settings, load_policy(), {}, ())
    log = (home / "server.log").open("wb")
    process = subprocess.Popen(
        server.command, env=os.environ | server.env, stdout=log, stderr=subprocess.STDOUT, start_new_session=True
    )
    try:
        deadline = time.monotonic() + START_S
        while not server.ready(process.pid):
            assert process.poll() is None, (home / "server.log").read_text()[-2000:]
            assert time.monotonic() < deadline, "Prefect's server doesn't start"
            time.sleep(0.2)
        yield PrefectServer(home, settings.prefect_port)
    finally:
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(10)
        log.close()
