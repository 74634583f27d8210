import threading
import time

from hypothesis import given
from hypothesis import strategies as st

from lfr_core.common.errors import Retryable
from streams.watchdog import EXIT_STALLED, Heartbeat, StallRule, Watchdog

RULE = StallRule(silent_s=30.0, unassigned_s=90.0)


def test_a_worker_that_is_silent_while_records_wait_is_ended() -> None:
    assert RULE.reason(lag=7, silent_s=31.0, assigned=True, up_s=100.0) is not None


def test_a_worker_with_nothing_to_do_lives_however_silent() -> None:
    assert RULE.reason(lag=0, silent_s=1e6, assigned=True, up_s=1e6) is None


def test_a_worker_is_not_ended_for_a_lag_that_cannot_be_measured() -> None:
    assert RULE.reason(lag=None, silent_s=1e6, assigned=True, up_s=1e6) is None


def test_a_worker_that_is_never_given_a_partition_is_ended() -> None:
    assert RULE.reason(lag=None, silent_s=0.0, assigned=False, up_s=91.0) is not None


@given(lag=st.integers(0, 10**6), silent_s=st.floats(0, 30.0))
def test_a_worker_that_processed_something_lately_lives_whatever_its_lag(lag: int, silent_s: float) -> None:
    assert RULE.reason(lag=lag, silent_s=silent_s, assigned=True, up_s=1e6) is None


def run_watchdog(*, lag: int | Retryable, silent_s: float) -> list[int]:
    """The exit codes a watchdog asks for within a second."""
    now = [0.0]
    heartbeat = Heartbeat(lambda: now[0])
    now[0] = silent_s
    ended: list[int] = []
    done = threading.Event()

    def measure() -> int:
        if isinstance(lag, Retryable):
            done.set()
            raise lag
        return lag

    def end(code: int) -> None:
        ended.append(code)
        done.set()

    watchdog = Watchdog(heartbeat=heartbeat, lag=measure, assigned=lambda: True, rule=RULE, every_s=0.01, end=end)
    watchdog.start()
    done.wait(1.0)
    watchdog.stop()
    watchdog.join(1.0)
    return ended


def test_the_watchdog_thread_ends_a_stalled_process() -> None:
    assert run_watchdog(lag=3, silent_s=31.0)[0] == EXIT_STALLED


def test_the_watchdog_thread_survives_a_broker_that_is_away() -> None:
    assert run_watchdog(lag=Retryable("the broker is away"), silent_s=31.0) == []


def test_where_nothing_waits_the_broker_is_asked_in_one_round_of_a_few() -> None:
    asked: list[float] = []
    heartbeat = Heartbeat(iter([0.0, *[31.0] * 10_000]).__next__)
    rounds = [0]

    def assigned() -> bool:
        rounds[0] += 1
        return True

    def measure() -> int:
        asked.append(rounds[0])
        return 0

    watchdog = Watchdog(
        heartbeat=heartbeat, lag=measure, assigned=assigned, rule=RULE, every_s=0.02, end=lambda _: None
    )
    watchdog.start()
    while rounds[0] < 20:
        time.sleep(0.01)
    watchdog.stop()
    watchdog.join(1.0)

    assert 2 <= len(asked) <= 20 / 2
