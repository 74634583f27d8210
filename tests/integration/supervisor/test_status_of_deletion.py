"""What `lfr status` ends with while what is due can't be deleted, though every part runs."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from apps.supervisor import Supervisor
from lfr_core.common.clock import SystemClock
from lfr_core.retention.last_purge import Purger, write_ended, write_refused
from tests.integration.supervisor.toys import QUICK, SLEEPER, toy


def _status(home: Path) -> tuple[int, str]:
    command = [str(Path(sys.executable).with_name("lfr")), "status", "--json"]
    told = subprocess.run(
        command, env=os.environ | {"LFR_HOME": str(home)}, capture_output=True, text=True, check=False
    )
    return told.returncode, json.loads(told.stdout)["purge_trouble"]


def test_status_is_red_until_a_purge_reached_all_by_the_flow(tmp_path: Path) -> None:
    home, clock = tmp_path / "home", SystemClock()
    with Supervisor([toy("broker", SLEEPER, tmp_path)], home, backoff=QUICK, clock=clock) as running:
        running.wait_ready(20)
        write_ended(home, Purger.FLOW, clock.time_ns(), {"footage": "its folder is read-only"})
        unreached = _status(home)
        write_ended(home, Purger.SUPERVISOR, clock.time_ns())
        without_flow = _status(home)
        write_ended(home, Purger.FLOW, clock.time_ns())
        well = _status(home)
        write_refused(home, Purger.FLOW, clock.time_ns(), "the clock isn't trusted")
        refused = _status(home)

    assert (unreached[0], without_flow[0], well, refused[0]) == (1, 1, (0, ""), 1)
    assert "its folder is read-only" in unreached[1]
    assert "the retention flow doesn't run" in without_flow[1]
    assert "the clock isn't trusted" in refused[1]
