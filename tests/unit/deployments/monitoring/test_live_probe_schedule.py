"""When a live probe is due, answered or missed."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from lfr_core.deployments.monitoring.live_probe_schedule import (
    LiveProbeAction,
    LiveProbeSchedule,
    after_round,
    next_step,
)
from lfr_core.domain.policy import load_policy

POLICY = load_policy().live_probe


def run(schedule: LiveProbeSchedule, now_s: float, *, green: bool = False) -> tuple[LiveProbeSchedule, LiveProbeAction]:
    return next_step(schedule, now_s=now_s, green=green, policy=POLICY)


def test_the_first_proof_goes_at_once() -> None:
    assert run(LiveProbeSchedule(), 0.0)[1] is LiveProbeAction.SEND


def test_an_answered_proof_is_followed_by_the_next_after_the_interval_and_not_before() -> None:
    answered, step = run(after_round(LiveProbeSchedule(), now_s=0.0), 1.0, green=True)

    assert step is LiveProbeAction.WAIT
    assert run(answered, POLICY.every_s - 1.0)[1] is LiveProbeAction.WAIT
    assert run(answered, POLICY.every_s)[1] is LiveProbeAction.SEND


def test_one_missed_proof_is_sent_again_at_once_and_does_not_suspend() -> None:
    missed, step = run(after_round(LiveProbeSchedule(), now_s=0.0), POLICY.answer_s)

    assert (step, missed.missed) == (LiveProbeAction.SEND, 1)


def test_two_missed_in_a_row_suspend() -> None:
    missed, _ = run(after_round(LiveProbeSchedule(), now_s=0.0), POLICY.answer_s)

    _, step = run(after_round(missed, now_s=POLICY.answer_s), 2 * POLICY.answer_s)

    assert step is LiveProbeAction.SUSPEND


def test_an_answer_in_between_makes_the_next_miss_the_first() -> None:
    missed, _ = run(after_round(LiveProbeSchedule(), now_s=0.0), POLICY.answer_s)
    answered, _ = run(after_round(missed, now_s=40.0), 41.0, green=True)

    _, step = run(after_round(answered, now_s=300.0), 300.0 + POLICY.answer_s)

    assert step is LiveProbeAction.SEND


def test_a_suspension_that_could_not_be_made_is_asked_for_again() -> None:
    missed, _ = run(after_round(LiveProbeSchedule(), now_s=0.0), POLICY.answer_s)
    waiting = after_round(missed, now_s=POLICY.answer_s)

    assert [run(waiting, 100.0)[1], run(waiting, 101.0)[1]] == [LiveProbeAction.SUSPEND, LiveProbeAction.SUSPEND]


@given(answers=st.lists(st.booleans(), min_size=1, max_size=12))
def test_a_chain_is_suspended_exactly_when_so_many_in_a_row_are_missed(answers: list[bool]) -> None:
    schedule, now_s, suspended, in_a_row, expected = LiveProbeSchedule(), 0.0, False, 0, False
    for answered in answers:
        schedule = after_round(schedule, now_s=now_s)
        now_s += 1.0 if answered else POLICY.answer_s
        schedule, step = run(schedule, now_s, green=answered)
        suspended = suspended or step is LiveProbeAction.SUSPEND
        in_a_row = 0 if answered else in_a_row + 1
        expected = expected or in_a_row >= POLICY.missed_in_a_row
        now_s += POLICY.every_s

    assert suspended == expected
