from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lfr_core.domain.policy import SamplingPolicy
from streams.camera.sampler import SLACK, Pacer, adapt

POLICY = SamplingPolicy(looks_per_second=6.25, min_looks_per_second=4.2, max_in_flight=12, comfortable_age_s=0.6)
GAPS = st.lists(st.floats(0.001, 0.5), min_size=1, max_size=300)
RATES = st.floats(0.5, 50.0)


def looks(times: list[float], rate: float) -> list[float]:
    pacer, looked_at = Pacer(), []
    for at_s in times:
        look, pacer = pacer.take(at_s, rate)
        if look:
            looked_at.append(at_s)
    return looked_at


def running(gaps: list[float]) -> list[float]:
    times = [0.0]
    for gap in gaps:
        times.append(times[-1] + gap)
    return times


@given(GAPS, RATES)
def test_looks_never_exceed_the_rate_in_any_stretch(gaps: list[float], rate: float) -> None:
    looked_at = looks(running(gaps), rate)

    for first in range(0, len(looked_at), 7):
        for last in range(first, len(looked_at)):
            stretch = looked_at[last] - looked_at[first]
            # a look may come late, and the next on time again: at most one more than the rate alone allows
            assert last - first <= stretch * rate + 1 + SLACK + 1e-6


@given(GAPS, RATES)
def test_no_look_is_put_off_longer_than_two_intervals_and_a_frame(gaps: list[float], rate: float) -> None:
    times = running(gaps)
    looked_at = looks(times, rate)

    for before, after in zip(looked_at, [*looked_at[1:], times[-1]], strict=True):
        assert after - before <= 2 / rate + max(gaps) + 1e-9


@given(RATES, st.floats(0.1, 100.0), st.integers(1, 400))
def test_the_mean_rate_over_steady_frames_is_the_wanted_one_or_the_camera_s(
    rate: float, fps: float, frames: int
) -> None:
    count = len(looks([n / fps for n in range(frames)], rate))

    wanted = min(rate, fps) * (frames - 1) / fps
    assert math.floor(wanted) <= count + 1
    assert count <= wanted + 2


def test_every_fourth_of_25_frames_a_second_is_looked_at_in_spite_of_jitter() -> None:
    times = [n / 25 + (0.004 if n % 3 else -0.004) for n in range(1000)]

    looked_at = [times.index(at) for at in looks(times, 6.25)]

    assert looked_at == list(range(0, 1000, 4))


def test_after_a_silence_nothing_is_caught_up() -> None:
    times = [0.0, *[60 + n / 25 for n in range(26)]]

    assert len(looks(times, 6.25)) == 1 + 7


def test_a_clock_set_back_does_not_stop_the_looks() -> None:
    times = [1_000 + n / 25 for n in range(25)] + [n / 25 for n in range(25)]

    assert len(looks(times, 6.25)) == 14


@given(st.floats(0.0, 100.0), st.integers(0, 100), st.none() | st.floats(0.0, 1e6), st.floats(-5.0, 1e6))
def test_the_rate_stays_within_the_policy_s_bounds(
    rate: float, in_flight: int, age_s: float | None, elapsed_s: float
) -> None:
    now = adapt(POLICY, rate, in_flight=in_flight, outcome_age_s=age_s, elapsed_s=elapsed_s)

    assert POLICY.min_looks_per_second <= now <= POLICY.looks_per_second


@given(st.floats(4.2, 6.25), st.floats(0.01, 1.0))
def test_old_outcomes_or_many_in_flight_make_looks_rarer(rate: float, elapsed_s: float) -> None:
    for in_flight, age_s in ((0, 0.61), (7, None), (7, 0.1)):
        now = adapt(POLICY, rate, in_flight=in_flight, outcome_age_s=age_s, elapsed_s=elapsed_s)

        assert now < rate or now == POLICY.min_looks_per_second


def test_between_comfort_and_half_of_it_the_rate_stays() -> None:
    assert adapt(POLICY, 5.0, in_flight=4, outcome_age_s=0.45, elapsed_s=1.0) == 5.0


def test_recovery_is_slow_and_descent_is_fast() -> None:
    down = up = 0
    rate = POLICY.looks_per_second
    while rate > POLICY.min_looks_per_second:
        rate = adapt(POLICY, rate, in_flight=12, outcome_age_s=1.0, elapsed_s=0.1)
        down += 1
    while rate < POLICY.looks_per_second:
        rate = adapt(POLICY, rate, in_flight=0, outcome_age_s=0.1, elapsed_s=0.1)
        up += 1

    assert down * 5 < up
    assert up == pytest.approx(100, abs=2)
