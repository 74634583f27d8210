"""Children that come after others are started with them, and begin when those are ready."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import pytest

from apps.supervisor import ChildSpec, ChildState, Supervisor, read_state
from apps.supervisor.plan import plan
from apps.supervisor.state import process_created
from lfr_core.common.clock import SystemClock
from lfr_core.common.project import PROJECT
from lfr_core.common.settings import Settings
from lfr_core.domain.policy import load_policy
from streams.broker import KAFKA
from streams.broker.choose import BrokerChoice
from tests.integration.supervisor.toys import QUICK, SLEEPER, toy

pytestmark = pytest.mark.timeout(60)

PREPARED = f"""
import os, pathlib, subprocess, sys, time
sys.path.insert(0, {str(PROJECT)!r})
import lfr_core
from lfr_core.common.starting import WAITS, wait_to_begin
assert WAITS not in os.environ  # nothing it starts waits too
here = pathlib.Path(sys.argv[2])
if not (here / "died").exists() and len(sys.argv) > 3:
    (here / "died").touch()
    raise SystemExit(1)
(here / "prepared").touch()
wait_to_begin()
(here / "begun").touch()
pathlib.Path(sys.argv[1]).write_text(str(os.getpid()))
time.sleep(600)
"""


def _until(true: Callable[[], bool], seconds: float = 10.0) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline and not true():
        time.sleep(0.02)
    return true()


def _specs(tmp_path: Path, *more: str) -> list[ChildSpec]:
    """A broker that is ready when there is a file, and a worker that comes after it."""
    asked = tmp_path / "broker-may"
    broker = toy("broker", SLEEPER, tmp_path)
    waits = ChildSpec(broker.name, broker.command, ready=lambda _pid: asked.exists())
    return [waits, toy("worker", PREPARED, tmp_path, str(tmp_path), *more, after=("broker",), prepares=True)]


@pytest.mark.parametrize("more", [(), ("dies-once",)])
def test_it_imports_while_others_start_and_begins_once_they_are_ready(tmp_path: Path, more: tuple[str, ...]) -> None:
    with Supervisor(_specs(tmp_path, *more), tmp_path, clock=SystemClock(), backoff=QUICK) as running:
        assert _until((tmp_path / "prepared").exists)
        time.sleep(0.3)  # several looks
        worker = running.reports[1]
        assert (worker.state, (tmp_path / "begun").exists()) == (ChildState.WAITING, False)
        assert worker.pid is not None
        assert worker.restarts == len(more)

        (tmp_path / "broker-may").touch()
        running.wait_ready(20)
        assert running.reports[1].pid == worker.pid


def test_one_that_waits_ends_by_itself_when_it_is_stopped(tmp_path: Path) -> None:
    with Supervisor(_specs(tmp_path), tmp_path, clock=SystemClock()) as running:
        assert _until((tmp_path / "prepared").exists)
        pid = running.reports[1].pid
    state = read_state(tmp_path)

    assert pid is not None
    assert (process_created(pid), (tmp_path / "begun").exists()) == (None, False)
    assert state is not None
    assert [(each.state, each.why) for each in state.children][1] == (ChildState.STOPPED, "")  # nobody killed it


def test_every_child_that_prepares_waits_before_it_asks_anybody_anything(tmp_path: Path) -> None:
    external = BrokerChoice(KAFKA, external=True, needs_maven=False, why="a test")
    children = plan(Settings(home=tmp_path), load_policy(), choice=external, with_flows=True)
    files = {
        "streams.worker": "streams/worker.py",
        "apps.staff": "apps/staff/__main__.py",
        "apps.watch": "apps/watch/process.py",
        "flows.serve": "flows/serve.py",
    }
    assert {spec.command[2] for spec in children if spec.prepares} == files.keys()
    for file in files.values():
        assert "    wait_to_begin()" in (PROJECT / file).read_text(encoding="utf-8"), file
