"""Children's ports are their user's from before the first start to the end."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from apps.supervisor import ChildSpec, ChildState, Supervisor
from apps.supervisor.probes import port_answers
from lfr_core.common.clock import SystemClock
from lfr_core.common.errors import Fatal
from tests.integration.supervisor.toys import QUICK, SLEEPER, toy
from tests.support.brokers import free_ports
from tests.support.foreign_listener import foreign_attempts, foreign_listener

pytestmark = [pytest.mark.timeout(60)]


def _until(true: Callable[[], bool], seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline and not true():
        time.sleep(0.02)
    return true()


_SERVE = """
import http.server, sys
from lfr_core.common.loopback_ports import bind_port
server = http.server.HTTPServer(("127.0.0.1", 0), None, bind_and_activate=False)
server.socket = bind_port(int(sys.argv[1]))
server.server_activate()
server.serve_forever()
"""


def test_no_other_user_gets_a_childs_port_before_its_start_or_while_it_is_away(tmp_path: Path) -> None:
    (port,) = free_ports(1)
    waits = toy("broker", f"import time; time.sleep(1)\n{SLEEPER}", tmp_path)
    serve = ChildSpec(
        "identity", (sys.executable, "-c", _SERVE, str(port)), ready=port_answers(port), alive=port_answers(port),
        ports=(port,), shares_ports=True, after=("broker",), start_deadline_s=30.0,
    )  # fmt: skip
    with Supervisor([waits, serve], tmp_path, backoff=QUICK, clock=SystemClock()) as running:
        before = foreign_attempts(port)
        running.wait_ready(30)
        pid = running.reports[1].pid
        assert pid is not None
        os.kill(pid, signal.SIGKILL)
        away = foreign_attempts(port)
        assert _until(lambda: running.reports[1].restarts == 1 and running.reports[1].state is ChildState.READY, 30)

    assert (before, away) == ([], [])


def test_a_child_whose_port_another_user_has_by_then_has_failed_and_is_not_asked(tmp_path: Path) -> None:
    (port,) = free_ports(1)
    asked: list[int] = []

    def ask(pid: int) -> bool:
        asked.append(pid)
        return True

    late = toy("broker", SLEEPER, tmp_path, ports=(port,))
    late = replace(late, ready=ask)
    with Supervisor([late], tmp_path, backoff=QUICK, clock=SystemClock()) as running, foreign_listener(port):
        with pytest.raises(Fatal, match=r"another user of this machine \(nobody\) listens.*where broker belongs"):
            running.wait_ready(20)
        assert asked == []
