"""A child that was ready and answers no more is no longer called ready."""

from __future__ import annotations

import sys
from pathlib import Path

from apps.supervisor.backoff import Backoff
from apps.supervisor.child import Child
from apps.supervisor.children import ChildSpec, ChildState
from apps.supervisor.process import Guardian
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
    with Guardian() as guardian:
        child = Child(spec, tmp_path / "log", Backoff(), clock, guardian)
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
