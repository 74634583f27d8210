from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from apps.supervisor.backoff import Backoff, GiveUp, Restart, after_death

RULE = Backoff(first_s=1.0, factor=2.0, longest_s=5.0, quick_s=10.0, give_up_after=5)


def _die(streak: int, lived_s: float = 0.1, *, was_ready: bool = True, code: int | None = 1) -> Restart | GiveUp:
    return after_death(RULE, streak, lived_s=lived_s, was_ready=was_ready, exit_code=code)


def test_the_delay_doubles_up_to_the_longest_and_then_it_gives_up() -> None:
    assert [_die(streak) for streak in range(5)] == [
        Restart(1.0, 1),
        Restart(2.0, 2),
        Restart(4.0, 3),
        Restart(5.0, 4),
        GiveUp("it died 5 times in a row", again_s=60.0),
    ]


def test_a_long_run_clears_the_count() -> None:
    assert _die(4, lived_s=60.0) == Restart(1.0, 1)


def test_a_long_run_that_never_got_ready_counts_as_quick() -> None:
    assert _die(4, lived_s=60.0, was_ready=False, code=None) == GiveUp("it died 5 times in a row", again_s=60.0)


def test_a_fatal_exit_before_readiness_is_not_tried_again() -> None:
    assert _die(0, was_ready=False, code=70) == GiveUp("it can't run as things are", again_s=None)
    assert isinstance(_die(0, was_ready=True, code=70), Restart)


def test_a_child_that_says_a_service_is_away_is_tried_again_for_ever_and_it_is_not_held_against_it() -> None:
    away = [_die(streak, was_ready=False, code=75) for streak in (0, 1, 3, 4, 50)]

    assert away == [Restart(4.0, 1), Restart(4.0, 1), Restart(4.0, 3), Restart(4.0, 4), Restart(4.0, 4)]


@given(streak=st.integers(0, 50), lived_s=st.floats(0, 1e6), was_ready=st.booleans(), code=st.integers(-64, 255))
def test_no_delay_is_negative_or_beyond_the_longest(streak: int, lived_s: float, was_ready: bool, code: int) -> None:  # noqa: FBT001
    verdict = after_death(RULE, streak, lived_s=lived_s, was_ready=was_ready, exit_code=code)

    if isinstance(verdict, Restart):
        assert RULE.first_s <= verdict.delay_s <= RULE.longest_s
        assert 1 <= verdict.streak < RULE.give_up_after
