"""Children on a disk that fills up."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from apps.supervisor import ChildState, Supervisor, read_state
from lfr_core.common.clock import SystemClock
from tests.integration.supervisor.toys import QUICK, SLEEPER, toy
from tests.support.disks import fill, small_disk

NEEDS_ROOM = """
import os, pathlib, sys, time
try:
    pathlib.Path(sys.argv[2]).write_bytes(bytes(1_000_000))
except OSError as error:
    sys.exit(f"no room: {error.strerror}")
pathlib.Path(sys.argv[1]).write_text(str(os.getpid()))
time.sleep(600)
"""


def _until(true: Callable[[], bool], seconds: float = 10.0) -> bool:
    deadline = time.monotonic() + seconds
    while not true() and time.monotonic() < deadline:
        time.sleep(0.02)
    return true()


def test_on_a_full_disk_nothing_is_given_up_and_all_goes_on_once_there_is_room(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", megabytes=30) as disk:
        child = toy("broker", NEEDS_ROOM, tmp_path, str(disk / "data"))
        with Supervisor([child], disk, backoff=QUICK, clock=SystemClock()) as running:
            running.wait_ready(20)
            fill(disk)
            (disk / "data").write_bytes(b"")  # its room is taken at once
            fill(disk)
            pid = running.reports[0].pid
            assert pid is not None
            os.kill(pid, signal.SIGKILL)

            assert _until(lambda: running.reports[0].restarts > QUICK.give_up_after + 2)
            assert running.reports[0].state is not ChildState.FAILED
            assert "full: make free space" in running.reports[0].why
            for each in disk.glob("filler*"):
                each.unlink()

            assert _until(lambda: running.reports[0].state is ChildState.READY)
            assert _until(lambda: (state := read_state(disk)) is not None and state.children == running.reports)


def _lfr(*arguments: str, home: Path) -> tuple[list[str], dict[str, str]]:
    return [str(Path(sys.executable).with_name("lfr")), *arguments], os.environ | {"LFR_HOME": str(home)}


def test_a_start_on_a_disk_without_room_says_so_before_anything_starts(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", megabytes=8) as disk:
        command, env = _lfr("up", "--no-page", home=disk / "home")
        with subprocess.Popen(command, env=env, stderr=subprocess.PIPE, text=True) as starting:
            assert starting.stderr is not None
            said = next(line for line in starting.stderr if "disk" in line)
            starting.terminate()
            starting.stderr.read()

    assert re.search(r"the disk is nearly full \(\d MiB free under .*/disk/home\)", said)
    assert "LFR_HOME to a larger disk" in said


def test_status_is_red_while_the_disk_has_no_room_though_every_part_runs(tmp_path: Path) -> None:
    with (
        small_disk(tmp_path / "disk", megabytes=8) as disk,
        Supervisor([toy("broker", SLEEPER, tmp_path)], disk, backoff=QUICK, clock=SystemClock()) as running,
    ):
        running.wait_ready(20)
        command, env = _lfr("status", "--json", home=disk)
        told = subprocess.run(command, env=env, capture_output=True, text=True, check=False)

    status = json.loads(told.stdout)
    assert told.returncode == 1
    assert [child["state"] for child in status["children"]] == ["ready"]
    assert "MiB free under" in status["disk_trouble"]
