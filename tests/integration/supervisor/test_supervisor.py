"""Real processes: started in order, restarted, stopped in order, and never left behind."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest

from apps.supervisor import ChildSpec, ChildState, Supervisor, read_state
from apps.supervisor.probes import port_answers
from apps.supervisor.state import is_held, process_created
from lfr_core.common.clock import SystemClock
from lfr_core.common.errors import Fatal, Retryable
from tests.integration.supervisor.toys import NOTER, PARENT, QUICK, SLEEPER, STUBBORN, Ahead, toy
from tests.support.brokers import free_ports

pytestmark = pytest.mark.timeout(60)


def _until(true: Callable[[], bool], seconds: float = 10.0) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if true():
            return True
        time.sleep(0.02)
    return true()


def test_children_start_in_order_and_stop_in_reverse(tmp_path: Path) -> None:
    notes = tmp_path / "notes"
    specs = [
        toy("worker", NOTER, tmp_path, str(notes), "worker", after=("broker",)),
        toy("broker", NOTER, tmp_path, str(notes), "broker"),
    ]
    seen: list[tuple[ChildState, ...]] = []

    with Supervisor(
        specs, tmp_path, on_change=lambda reported: seen.append(tuple(r.state for r in reported)), clock=SystemClock()
    ) as running:
        running.wait_ready(20)
        pids = [report.pid for report in running.reports]
    state = read_state(tmp_path)

    assert (ChildState.STARTING, ChildState.WAITING) in seen
    assert not any(broker is not ChildState.READY and worker is ChildState.STARTING for broker, worker in seen)
    assert notes.read_text().split() == ["worker", "broker"]
    assert state is not None
    assert [child.state for child in state.children] == [ChildState.STOPPED] * 2
    assert all(pid is not None and process_created(pid) is None for pid in pids)
    assert not is_held(tmp_path)


def test_what_is_wanted_besides_comes_and_goes_and_its_failure_leaves_the_others_alone(tmp_path: Path) -> None:
    wanted = [toy("camera-one", SLEEPER, tmp_path), toy("camera-bad", "raise SystemExit(70)", tmp_path)]

    def states() -> dict[str, ChildState]:
        return {report.name: report.state for report in running.reports}

    def pids() -> dict[str, int | None]:
        return {report.name: report.pid for report in running.reports}

    with Supervisor(
        [toy("worker", SLEEPER, tmp_path)], tmp_path, wanted=lambda: wanted, clock=SystemClock()
    ) as running:
        running.wait_ready(20)
        assert _until(lambda: states().get("camera-one") is ChildState.READY)
        assert _until(lambda: states().get("camera-bad") is ChildState.FAILED)
        running.check()
        first = pids()
        wanted[:] = [toy("camera-one", SLEEPER, tmp_path, env={"AT": "another address"})]

        assert _until(lambda: "camera-bad" not in states())
        assert _until(lambda: pids().get("camera-one") not in {None, first["camera-one"]})
        assert pids()["worker"] == first["worker"]
        wanted.clear()
        assert _until(lambda: list(states()) == ["worker"])
        wanted[:] = [toy("camera-two", SLEEPER, tmp_path)]
        assert _until(lambda: states().get("camera-two") is ChildState.READY)
        last = pids()

    assert all(pid is not None and process_created(pid) is None for pid in last.values())


def test_a_killed_child_is_started_again_and_counted(tmp_path: Path) -> None:
    with Supervisor([toy("worker", SLEEPER, tmp_path)], tmp_path, backoff=QUICK, clock=SystemClock()) as running:
        running.wait_ready(20)
        first = running.reports[0].pid
        assert first is not None
        os.kill(first, signal.SIGKILL)

        assert _until(lambda: running.reports[0].restarts == 1 and running.reports[0].state is ChildState.READY)
        assert running.reports[0].pid != first


def test_a_child_that_crashes_again_and_again_is_given_up_with_its_last_words(tmp_path: Path) -> None:
    crash = "import sys; sys.exit('the model file is missing')"
    with (
        Supervisor([toy("worker", crash, tmp_path)], tmp_path, backoff=QUICK, clock=SystemClock()) as running,
        pytest.raises(Fatal, match=r"died 4 times in a row.*the model file is missing.*worker\.log"),
    ):
        running.wait_ready(20)


def test_one_that_was_killed_too_often_runs_again_once_nobody_kills_it(tmp_path: Path) -> None:
    again = replace(QUICK, again_s=0.5)
    with Supervisor([toy("worker", SLEEPER, tmp_path)], tmp_path, backoff=again, clock=SystemClock()) as running:
        running.wait_ready(20)
        while (report := running.reports[0]).state is not ChildState.FAILED:
            if report.pid is not None and report.state is ChildState.READY:
                with suppress(ProcessLookupError):  # it is dead already, and the supervisor doesn't know it yet
                    os.kill(report.pid, signal.SIGKILL)
            time.sleep(0.01)

        assert "died 4 times in a row; it is tried again after 0 s" in report.why
        assert _until(lambda: running.reports[0].state is ChildState.READY)
        running.check()


def test_a_child_that_says_fatal_is_not_tried_again(tmp_path: Path) -> None:
    with Supervisor([toy("worker", "raise SystemExit(70)", tmp_path)], tmp_path, clock=SystemClock()) as running:
        with pytest.raises(Fatal, match="it can't run as things are"):
            running.wait_ready(20)
        assert running.reports[0].restarts == 0


def test_a_program_that_is_not_there_is_a_clear_error(tmp_path: Path) -> None:
    absent = ChildSpec("broker", ("/nowhere/java",), ready=lambda _pid: False)
    with (
        Supervisor([absent], tmp_path, backoff=QUICK, clock=SystemClock()) as running,
        pytest.raises(Fatal, match=r"/nowhere/java can't be started: No such file"),
    ):
        running.wait_ready(20)


def test_a_child_that_never_gets_ready_is_killed_and_counted_as_dead(tmp_path: Path) -> None:
    late = toy("page", "import time; time.sleep(600)", tmp_path, start_deadline_s=0.3)
    with (
        Supervisor([late], tmp_path, backoff=QUICK, clock=SystemClock()) as running,
        pytest.raises(Fatal, match=r"wasn't ready within"),
    ):
        running.wait_ready(20)


def test_what_must_be_done_once_ready_is_tried_until_it_works_and_done_again_after_a_restart(tmp_path: Path) -> None:
    calls: list[int] = []

    def once_ready() -> None:
        calls.append(1)
        if len(calls) < 3:
            raise Retryable("not yet")

    with Supervisor(
        [toy("broker", SLEEPER, tmp_path, once_ready=once_ready)], tmp_path, backoff=QUICK, clock=SystemClock()
    ) as running:
        running.wait_ready(20)
        before, pid = len(calls), running.reports[0].pid
        assert pid is not None
        os.kill(pid, signal.SIGKILL)

        assert _until(lambda: running.reports[0].restarts == 1 and running.reports[0].state is ChildState.READY)
    assert (before, len(calls)) == (3, 4)


def test_a_stubborn_child_is_killed_at_its_deadline(tmp_path: Path) -> None:
    clock = Ahead()
    with Supervisor([toy("worker", STUBBORN, tmp_path, stop_deadline_s=3_600.0)], tmp_path, clock=clock) as running:
        running.wait_ready(20)
        pid = running.reports[0].pid
        stopping = threading.Thread(target=running.stop)
        stopping.start()
        assert _until(lambda: running.reports[0].state is ChildState.STOPPING)
        clock.seconds = 1_800.0
        looks = clock.looks
        assert _until(lambda: clock.looks > looks + 3)
        assert pid is not None
        before = process_created(pid)
        clock.seconds = 3_601.0
        stopping.join(20)
    state = read_state(tmp_path)

    assert before is not None
    assert process_created(pid) is None
    assert state is not None
    assert "killed" in state.children[0].why


def test_a_child_of_a_child_goes_with_it(tmp_path: Path) -> None:
    with Supervisor([toy("worker", PARENT, tmp_path)], tmp_path, clock=SystemClock()) as running:
        running.wait_ready(20)
        grandchild = int((tmp_path / "worker.ready.grandchild").read_text())
        assert process_created(grandchild) is not None

    assert _until(lambda: process_created(grandchild) is None)


def test_a_second_start_is_refused_and_the_first_goes_on(tmp_path: Path) -> None:
    with Supervisor([toy("worker", SLEEPER, tmp_path)], tmp_path, clock=SystemClock()) as running:
        running.wait_ready(20)
        with (
            pytest.raises(Fatal, match="runs already"),
            Supervisor([toy("other", SLEEPER, tmp_path)], tmp_path, clock=SystemClock()),
        ):
            pass
        running.check()
        state = read_state(tmp_path)

        assert state is not None
        assert [child.name for child in state.children] == ["worker"]


def test_a_taken_port_is_refused_before_anything_starts(tmp_path: Path) -> None:
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        taken = holder.getsockname()[1]
        specs = [toy("first", SLEEPER, tmp_path), toy("page", SLEEPER, tmp_path, ports=(taken,))]
        with (
            pytest.raises(Fatal, match=rf"port {taken} \(page\) is taken by"),
            Supervisor(specs, tmp_path, clock=SystemClock()),
        ):
            pass

    assert not (tmp_path / "log").exists()
    assert not is_held(tmp_path)


def test_output_goes_to_a_log_of_its_own(tmp_path: Path) -> None:
    talk = "print('hello from the worker', flush=True)\n" + SLEEPER
    with Supervisor([toy("worker", talk, tmp_path)], tmp_path, clock=SystemClock()) as running:
        running.wait_ready(20)

    assert (tmp_path / "log" / "worker.log").read_text() == "hello from the worker\n"


EMBEDDER = """
import pathlib, sys, time
from apps.supervisor import Supervisor
from lfr_core.common.clock import SystemClock
from tests.integration.supervisor.toys import PARENT, SLEEPER, toy
folder = pathlib.Path(sys.argv[1])
toys = [toy("a", SLEEPER, folder), toy("b", PARENT, folder, after=("a",))]
with Supervisor(toys, folder, clock=SystemClock()) as running:
    running.wait_ready(20)
    (folder / "up").write_text("")
    time.sleep(600)
"""


@pytest.mark.fault("supervisor killed")
def test_a_killed_supervisor_leaves_no_orphan_and_the_home_free(tmp_path: Path) -> None:
    embedder = subprocess.Popen([sys.executable, "-c", EMBEDDER, str(tmp_path)])
    try:
        assert _until((tmp_path / "up").exists, 20)
        state = read_state(tmp_path)
        assert state is not None
        pids = [child.pid or 0 for child in state.children]
        pids.append(int((tmp_path / "b.ready.grandchild").read_text()))
        assert all(process_created(pid) is not None for pid in pids)
    finally:
        embedder.kill()
        embedder.wait(10)

    assert _until(lambda: all(process_created(pid) is None for pid in pids))
    assert _until(lambda: not is_held(tmp_path))
    assert not state.is_alive()


def test_waiting_ends_when_time_is_over_and_names_who_is_late(tmp_path: Path) -> None:
    late = toy("page", "import time; time.sleep(600)", tmp_path)
    with (
        Supervisor([late], tmp_path, clock=SystemClock()) as running,
        pytest.raises(Fatal, match=r"not ready after 0 s: page is starting"),
    ):
        running.wait_ready(0.3)


def test_no_thread_is_left_after_the_end(tmp_path: Path) -> None:
    with Supervisor([toy("worker", SLEEPER, tmp_path)], tmp_path, clock=SystemClock()) as running:
        running.wait_ready(20)

    assert not [thread for thread in threading.enumerate() if thread.name == "supervisor"]


def test_ports_are_free_again_after_the_end(tmp_path: Path) -> None:
    (port,) = free_ports(1)
    serve = f"import http.server\nhttp.server.HTTPServer(('127.0.0.1', {port}), None).serve_forever()"
    spec = ChildSpec("page", (sys.executable, "-c", serve), ready=port_answers(port), ports=(port,))
    for _ in range(2):
        with Supervisor([spec], tmp_path, clock=SystemClock()) as running:
            running.wait_ready(20)
