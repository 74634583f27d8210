from __future__ import annotations

import math
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lfr_core.records.health import Health, Recent, health_of
from lfr_core.records.latency import bucket_of, percentile


@given(st.floats(min_value=1.001, max_value=2**24 - 1))
def test_a_latency_is_read_back_within_the_resolution(latency_ms: float) -> None:
    read = percentile({bucket_of(latency_ms): 1}, 0.5)

    assert read is not None
    assert abs(read - latency_ms) <= latency_ms * 0.0221


@given(st.lists(st.floats(min_value=1.001, max_value=100_000), min_size=1), st.floats(0.01, 1.0))
def test_a_percentile_is_that_of_the_sorted_latencies(latencies: list[float], share: float) -> None:
    true = sorted(latencies)[max(0, math.ceil(share * len(latencies)) - 1)]

    read = percentile(Counter(map(bucket_of, latencies)), share)

    assert read is not None
    assert abs(read - true) <= true * 0.0221


@pytest.mark.parametrize("broken", [0.0, -5.0, math.nan])
def test_a_clock_that_ran_back_is_the_lowest_bucket(broken: float) -> None:
    assert bucket_of(broken) == 0


def test_an_endless_latency_is_the_last_bucket() -> None:
    assert bucket_of(math.inf) == bucket_of(1e300) > bucket_of(60_000.0)


def test_no_frames_have_no_percentile() -> None:
    assert percentile({}, 0.5) is None


GOOD = Recent(captured=125, recognised=31, latency_total_ms=31 * 100.0)


@pytest.mark.parametrize(
    ("recent", "ended", "silence_s", "expected"),
    [
        (GOOD, False, 0.2, Health.GOOD),
        (GOOD, True, 600.0, Health.ENDED),
        (GOOD, False, 5.1, Health.SILENT),
        (Recent(captured=100, recognised=30, failed=3), False, 0.2, Health.LOSING),
        (Recent(captured=100, recognised=30, failed=2), False, 0.2, Health.GOOD),
        (Recent(captured=100, recognised=20, stale=3), False, 0.2, Health.BEHIND),
        (Recent(captured=100, recognised=20, latency_total_ms=20 * 2_100.0), False, 0.2, Health.BEHIND),
        (Recent(), False, 0.2, Health.GOOD),
    ],
)
def test_the_health_word_follows_the_last_seconds(
    recent: Recent, *, ended: bool, silence_s: float, expected: Health
) -> None:
    assert health_of(recent, ended=ended, silence_s=silence_s, max_age_s=2.0) is expected


def test_recorded_video_is_never_behind_by_its_age() -> None:
    late = Recent(captured=100, recognised=20, latency_total_ms=20 * 60_000.0)

    assert health_of(late, ended=False, silence_s=0.0, max_age_s=None) is Health.GOOD
