"""The age of a stream's pictures, and what is done when they come too late."""

from __future__ import annotations

import inspect
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lfr_core.common.errors import Retryable
from lfr_core.domain.policy import load_policy
from streams.camera.device import age_s_of
from streams.camera.open_source import open_source
from streams.camera.times import CATCH_UP_S, MAX_AGE_S, REOPEN_S, Fate, Lateness, StreamTimes
from streams.camera.video import VideoSource

FRAME_S = 0.04


def fed(*arrivals: tuple[float, float], timed: bool = True) -> StreamTimes:
    """Pictures of (our clock, stream's clock), the reads having waited."""
    times = StreamTimes(timed=timed)
    for now_s, time_s in arrivals:
        times.note_arrival(now_s, time_s, 1.0)
    return times


def test_a_picture_that_comes_later_than_its_time_says_is_that_old() -> None:
    times = fed((100.0, 5.0), (100.04, 5.04), (103.08, 5.08))

    assert times.age_s(103.08, 5.08) == pytest.approx(3.0, abs=0.001)
    assert times.age_s(103.58, 5.08) == pytest.approx(3.5, abs=0.001)


def test_of_what_a_camera_had_kept_only_the_newest_is_new() -> None:
    burst = [(100.0, second / 25) for second in range(50)]
    times = fed(*burst)

    assert times.age_s(100.0, burst[0][1]) == pytest.approx(49 * FRAME_S)
    assert times.age_s(100.0, burst[-1][1]) == 0.0


@given(st.lists(st.floats(0.0, 5.0), min_size=2, max_size=60))
def test_with_whatever_delays_no_picture_is_taken_for_newer_than_it_is(delays: list[float]) -> None:
    """But for the least delay of all, which nobody can see, and the drift allowed to a camera's clock."""
    times, now = StreamTimes(timed=True), 0.0
    for index, delay in enumerate([0.0, *delays]):
        now = max(now, index * FRAME_S + delay)  # pictures come in order
        times.note_arrival(now, index * FRAME_S, 1.0)
        age = times.age_s(now, index * FRAME_S)

        assert age is not None
        assert age >= now - index * FRAME_S - now * 101e-6 - 1e-9


def test_a_clock_a_little_slower_than_ours_makes_no_picture_late() -> None:
    times = StreamTimes(timed=True)
    for index in range(8 * 3600):  # a day's deployment, once a second
        times.note_arrival(index * 1.00005, float(index), 1.0)

    age = times.age_s(8 * 3600 * 1.00005, 8 * 3600.0)
    assert age is not None
    assert age < 0.1


@pytest.mark.parametrize("jump_s", [3_600.0, -3_600.0])
def test_times_that_jump_leave_the_age_as_it_was(jump_s: float) -> None:
    times = fed((100.0, 5.0), (101.04, 5.04), (101.08, 5.08 + jump_s), (101.12, 5.12 + jump_s))

    assert times.age_s(101.12, 5.12 + jump_s) == pytest.approx(1.0, abs=0.001)


def test_times_that_stand_still_are_no_times() -> None:
    times = fed(*[(100.0 + index * FRAME_S, 5.0) for index in range(30)])

    assert not times.timed
    assert times.age_s(100.0 + 29 * FRAME_S, 5.0) == 0.0


def test_a_picture_without_a_time_has_no_age_until_the_stream_shows_that_it_has_none() -> None:
    times = StreamTimes(timed=True)
    times.note_arrival(100.0, None, 1.0)
    assert times.age_s(100.0, None) is None
    for _ in range(30):
        times.note_arrival(101.0, None, 1.0)

    assert times.age_s(101.0, None) == 0.0


def test_without_times_a_picture_is_at_most_as_old_as_the_last_wait_for_the_camera() -> None:
    times = fed((100.0, 0.0), timed=False)
    times.note_arrival(101.0, 0.04, 0.0001)
    times.note_arrival(103.0, 0.08, 0.0001)
    assert times.age_s(103.0, 0.08) == 3.0

    times.note_arrival(103.1, 0.12, 0.03)
    assert times.age_s(103.1, 0.12) == 0.0


def test_a_short_delay_is_caught_up_with_by_decoding() -> None:
    state = Lateness(2.0)
    for now, age in ((0.0, 2.5), (0.1, 2.3), (0.2, 1.9)):
        fate, state = state.step(now, age, key_frame=False)
        assert fate is Fate.DECODE

    assert state == Lateness(2.0)


def test_while_it_stays_behind_only_key_frames_are_decoded_until_one_is_in_time() -> None:
    fate, state = Lateness(2.0).step(0.0, 3.0, key_frame=False)
    assert fate is Fate.DECODE
    behind = CATCH_UP_S + 0.1
    fates = []
    for age, key in ((3.0, False), (2.5, True), (0.2, False), (0.1, True), (0.1, False)):
        fate, state = state.step(behind, age, key_frame=key)
        fates.append(fate)

    assert fates == [Fate.PASS_OVER, Fate.DECODE, Fate.PASS_OVER, Fate.DECODE, Fate.DECODE]
    assert state == Lateness(2.0)


def test_a_reader_that_stays_behind_is_connected_again() -> None:
    _, state = Lateness(2.0).step(0.0, 3.0, key_frame=True)

    with pytest.raises(Retryable, match=r"its pictures come 62\.0 s late"):
        state.step(REOPEN_S + 0.1, 62.0, key_frame=True)


@pytest.mark.parametrize(
    ("position_ms", "age_s"), [(99_800.0, 0.2), (0.0, 0.0), (-1.0, 0.0), (100_500.0, 0.0), (1_000.0, 0.0)]
)
def test_a_device_s_own_stamp_is_taken_where_it_can_be_true(position_ms: float, age_s: float) -> None:
    assert age_s_of(position_ms, 100.0) == age_s


@pytest.mark.parametrize("odd_s", [-9_800.0, 37_600.0, 2.0**32 / 90_000, -(2.0**32) / 90_000])
def test_a_picture_whose_time_is_hours_from_its_neighbours_makes_no_picture_old(odd_s: float) -> None:
    """Some recorders stamp one every few seconds so (bluenviron/mediamtx#6255), and RTP's clock ends every 13 hours."""
    times, oldest_s = StreamTimes(timed=True), 0.0
    for number in range(500):
        now_s = number / 25
        time_s = now_s + (odd_s if number % 50 == 30 else 0.0)
        times.note_arrival(now_s, time_s, 0.04)
        age_s = times.age_s(now_s, time_s)
        assert age_s is not None
        oldest_s = max(oldest_s, age_s)

    assert oldest_s < 0.1


def test_a_stream_s_clock_that_begins_anew_makes_no_picture_old() -> None:
    times = StreamTimes(timed=True)
    for number in range(500):
        now_s = number / 25
        time_s = now_s + (47_000.0 if number < 250 else -40.0)
        times.note_arrival(now_s, time_s, 0.04)
        age_s = times.age_s(now_s, time_s)
        assert age_s is not None
        assert age_s < 0.1


@pytest.mark.parametrize("opens", [open_source, VideoSource])
def test_whoever_names_no_age_has_that_of_the_policy_that_we_ship_and_never_none(opens: Callable[..., object]) -> None:
    said = inspect.signature(opens).parameters["max_age_s"].default

    assert said == MAX_AGE_S == load_policy().live.frame_max_age_s
