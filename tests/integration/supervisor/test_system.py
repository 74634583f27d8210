"""`lfr up | status | down` for real: broker, gallery, workers, page."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from apps.supervisor.children import ChildState
from apps.supervisor.ports import is_taken
from apps.supervisor.state import process_created, read_state
from tests.support.brokers import free_ports

pytestmark = [pytest.mark.models, pytest.mark.timeout(240)]
LFR = (sys.executable, "-c", "from apps.cli.system import app; app(prog_name='lfr')")


class Lfr:
    """The `lfr` command in a home of its own."""

    def __init__(self, home: Path, **more: str) -> None:
        self.home = home
        self.ports = free_ports(7)
        parts = ("KAFKA", "KAFKA_CONTROLLER", "MILVUS", "OPERATOR", "PREFECT", "PUBLIC", "IDENTITY")
        self.env = os.environ | {"LFR_HOME": str(home), "LFR_WORKERS": "1"} | more
        self.env |= {f"LFR_{name}_PORT": str(port) for name, port in zip(parts, self.ports, strict=True)}

    def __call__(self, *words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run([*LFR, *words], env=self.env, capture_output=True, text=True, timeout=230, check=False)

    def is_ready(self) -> bool:
        """What `lfr status` says, without its start-up time."""
        state = read_state(self.home)
        return (
            state is not None and state.is_alive() and {c.check_state() for c in state.children} == {ChildState.READY}
        )

    def pids(self) -> list[int]:
        state = read_state(self.home)
        assert state is not None
        return [state.pid, *(child.pid for child in state.children if child.pid is not None)]


def _until(true: Callable[[], bool], seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline and not true():
        time.sleep(0.1)
    return true()


def _gone(pids: list[int]) -> bool:
    return all(process_created(pid) is None for pid in pids)


@pytest.fixture
def lfr(tmp_path: Path) -> Iterator[Callable[..., Lfr]]:
    made: list[Lfr] = []

    def make(**more: str) -> Lfr:
        made.append(Lfr(tmp_path / "home", **more))
        return made[-1]

    yield make
    for each in made:
        each("down")


@pytest.mark.kafka
@pytest.mark.slow
def test_the_system_comes_up_mends_itself_refuses_a_second_and_stops_in_order(
    lfr: Callable[..., Lfr], kafka_libs: Path
) -> None:
    run = lfr(LFR_BROKER="kafka")
    with subprocess.Popen([*LFR, "up"], env=run.env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as up:
        assert _until(run.is_ready, 150)
        result = run("status", "--json")
        assert result.returncode == 0
        names = [child["name"] for child in json.loads(result.stdout)["children"]]
        assert sorted(names) == [
            *("broker", "flows", "gallery", "identity", "page", "public", "purge"),
            *("recognise-0", "record", "vault", "watch", "workflows"),
        ]

        second = run("up", "--detach")
        assert second.returncode == 70
        assert "runs already" in second.stderr

        state = read_state(run.home)
        assert state is not None
        for child in state.children:
            if child.name in {"broker", "gallery"}:
                assert child.pid is not None
                os.kill(child.pid, signal.SIGKILL)
        assert _until(lambda: not run.is_ready(), 10)
        assert _until(run.is_ready, 120)

        pids = run.pids()
        up.send_signal(signal.SIGINT)
        output, _ = up.communicate(timeout=90)

    assert up.returncode == 0
    assert f"http://127.0.0.1:{run.ports[3]}" in output
    assert "stopped" in output
    assert _gone(pids)
    assert run("status").returncode == 1
    assert not any(is_taken(port) for port in run.ports)


@pytest.mark.fault("supervisor killed")
@pytest.mark.slow
def test_a_killed_system_leaves_nothing_behind_starts_again_and_goes_down(lfr: Callable[..., Lfr]) -> None:
    run = lfr(LFR_BROKER="tansu")
    up = run("up", "--detach", "--no-page")
    assert up.returncode == 0, up.stderr
    assert "demonstration broker: no retention" in up.stderr
    pids = run.pids()
    assert len(pids) == 11  # the supervisor too
    os.kill(pids[0], signal.SIGKILL)

    assert _until(lambda: _gone(pids), 10)
    assert run("status").returncode == 1
    assert run("up", "--detach", "--no-page").returncode == 0
    pids = run.pids()
    assert run("down").returncode == 0
    assert _gone(pids)
