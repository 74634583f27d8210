"""A child that was ready and answers no more is no longer called ready."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from apps.operator.parts import read_silent_parts
from apps.supervisor.backoff import Backoff
from apps.supervisor.child import Child
from apps.supervisor.children import ChildSpec, ChildState, Probe
from apps.supervisor.plan import BROKER, GALLERY, plan
from apps.supervisor.probes import says_alive, says_ready
from apps.supervisor.process import OrphanKiller
from apps.supervisor.state import (
    SILENT_AFTER_S,
    ChildReport,
    SystemState,
    process_created,
    read_state,
    touch_state,
    write_state,
)
from lfr_core.common import liveness
from lfr_core.common.liveness import STALE_AFTER_S, LivenessFile
from lfr_core.common.settings import Settings
from lfr_core.domain.policy import load_policy
from streams.broker import KAFKA
from streams.broker.choose import BrokerChoice
from tests.support.records import ManualClock


def test_a_child_that_hangs_is_unresponsive_within_10_seconds_and_replaced_after_30(tmp_path: Path) -> None:
    answers = [True]
    spec = ChildSpec(
        "hanger",
        (sys.executable, "-c", "import time; time.sleep(60)"),
        alive=lambda _pid: answers[0],
        stop_deadline_s=1,
    )
    clock = ManualClock()
    with OrphanKiller() as orphan_killer:
        child = Child(spec, tmp_path / "log", Backoff(), clock, orphan_killer)
        states = {0: _state_after(child, clock, 4)}
        answers[0] = False
        states[10] = _state_after(child, clock, 10)
        answers[0] = True
        states[12] = _state_after(child, clock, 2)
        answers[0] = False
        states[46] = _state_after(child, clock, 34)
        child.terminate()
        child.has_stopped(kill=True)

    assert states == {
        0: ChildState.READY,
        10: ChildState.UNRESPONSIVE,
        12: ChildState.READY,
        46: ChildState.READY,  # started again
    }
    assert child.report().restarts == 1


def test_a_report_is_made_anew_when_something_has_changed_and_not_before(tmp_path: Path) -> None:
    spec = ChildSpec("sleeper", (sys.executable, "-c", "import time; time.sleep(60)"), stop_deadline_s=1)
    with OrphanKiller() as orphan_killer:
        child = Child(spec, tmp_path / "log", Backoff(), ManualClock(), orphan_killer)
        waiting, again = child.report(), child.report()
        child.step(may_start=True)
        started = child.report()
        child.terminate()
        child.has_stopped(kill=True)

    assert waiting is again
    assert [each.state for each in (waiting, started, child.report())] == [
        ChildState.WAITING, ChildState.STARTING, ChildState.STOPPED,
    ]  # fmt: skip


@pytest.mark.fault("recogniser stopped by SIGSTOP")
def test_a_process_that_was_stopped_in_its_tracks_is_not_alive(tmp_path: Path) -> None:
    """As SIGSTOP does, and as a hang does: it runs, it has said that it is ready, and touches its file no more."""
    file = tmp_path / "run" / "worker.ready"
    own, alive = LivenessFile(file), says_alive(file)
    assert not alive(os.getpid())

    with own.kept_fresh():
        assert (says_ready(file)(os.getpid()), alive(os.getpid()), alive(os.getpid() + 1)) == (True, True, False)
        long_ago = time.time() - STALE_AFTER_S - 1
        os.utime(file, (long_ago, long_ago))
        assert (says_ready(file)(os.getpid()), alive(os.getpid())) == (True, False)
        own.touch()
        assert alive(os.getpid())
    assert not file.exists()


@pytest.mark.fault("recogniser stopped by SIGSTOP")
def test_a_process_that_sigstop_holds_is_neither_alive_nor_ready_and_nobody_believes_its_supervisor(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(liveness, "STALE_AFTER_S", 0.5)
    file = tmp_path / "worker.ready"
    touching = f"""
import time
from pathlib import Path
from lfr_core.common.liveness import LivenessFile
file = LivenessFile(Path({str(file)!r}))
file.say_ready()
while True:
    file.touch()
    time.sleep(0.05)
"""
    with subprocess.Popen((sys.executable, "-c", touching)) as process:
        try:
            alive = says_alive(file)
            report = ChildReport(
                name="recognise", state=ChildState.READY, pid=process.pid, pid_created=process_created(process.pid),
                since_ns=1, restarts=0, why="", log=tmp_path, ports=(),
            )  # fmt: skip
            write_state(
                tmp_path,
                SystemState(pid=process.pid, pid_created=report.pid_created, started_ns=1, children=(report,)),
            )
            seen = [_look(alive, process.pid, report, tmp_path, is_alive=True)]
            process.send_signal(signal.SIGSTOP)
            seen.append(_look(alive, process.pid, report, tmp_path, is_alive=False))
            process.send_signal(signal.SIGCONT)
            seen.append(_look(alive, process.pid, report, tmp_path, is_alive=True))
        finally:
            process.kill()

    well, stopped = (ChildState.READY, False, ()), (ChildState.UNRESPONSIVE, True, ("the watch over all parts",))
    assert seen == [well, stopped, well]


def _look(
    alive: Probe, pid: int, report: ChildReport, home: Path, *, is_alive: bool
) -> tuple[ChildState, bool, tuple[str, ...]]:
    """Wait until the probe says so, and return what is said of the child, and of it as a supervisor."""
    until = time.monotonic() + 5
    while alive(pid) is not is_alive:
        assert time.monotonic() < until
        time.sleep(0.02)
    state = read_state(home)
    assert state is not None
    silent = tuple(part.name for part in read_silent_parts(home))
    return report.check_state(), "is stopped" in state.trouble, silent


def test_a_supervisor_that_has_written_nothing_for_long_is_not_believed(tmp_path: Path) -> None:
    state = SystemState(pid=os.getpid(), pid_created=process_created(os.getpid()), started_ns=1, children=())
    write_state(tmp_path, state)
    fresh = read_state(tmp_path)
    long_ago = time.time() - SILENT_AFTER_S - 1
    os.utime(tmp_path / "supervisor.json", (long_ago, long_ago))
    silent = read_state(tmp_path)
    touch_state(tmp_path)
    again = read_state(tmp_path)

    assert fresh is not None
    assert silent is not None
    assert again is not None
    assert (fresh.trouble, again.trouble) == ("", "")
    assert "it hangs" in silent.trouble


def test_every_process_of_ours_is_asked_whether_it_lives(tmp_path: Path) -> None:
    choice = BrokerChoice(KAFKA, external=False, needs_maven=False, why="a test")
    children = plan(Settings(home=tmp_path), load_policy(), choice=choice, with_flows=True)

    asked = {child.name for child in children if child.alive is not None}

    # broker and gallery answer a connection even when stopped: the cameras' states and the missed live probe show it
    assert {child.name for child in children} - asked == {BROKER, GALLERY}


def _state_after(child: Child, clock: ManualClock, seconds: int) -> ChildState:
    for _ in range(seconds * 5):
        clock.advance(0.2)
        child.step(may_start=True)
    return child.state


def test_no_wait_before_a_retry_reaches_5_seconds() -> None:
    from streams.broker.traits import KAFKA
    from streams.camera.reconnect import compute_back_off_s
    from streams.retry import MAX_WAIT_S

    rule = Backoff()
    longest_s = {
        "camera": max(map(compute_back_off_s, range(1, 100))),
        "worker": MAX_WAIT_S,
        "producer": float(KAFKA.producer_options()["reconnect_backoff_max_ms"]) / 1_000,
        "child": rule.longest_s,
        "child of an absent service": rule.away_s,
    }

    assert {name: wait_s for name, wait_s in longest_s.items() if wait_s >= 5.0} == {}
