from __future__ import annotations

import math
from collections import Counter
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lfr_core.alerts.health import CameraState, Health, HealthLimits, LastTimes, Recent, assess_health
from lfr_core.alerts.latency import bucket_of, percentile
from lfr_core.domain.frames import PictureState


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


SECOND = 10**9
NOW_NS = 1_000 * SECOND + 300_000_000
GOOD = Recent(captured=25, recognised=6, latency_total_ms=6 * 100.0)
LIVE = HealthLimits(max_age_s=2.0, min_frames_per_second=4.2)
FRESH = LastTimes(first_heard_ns=0, heard_ns=NOW_NS, frame_ns=NOW_NS, look_ns=NOW_NS)


def standing(
    each: Recent, last: LastTimes = FRESH, *, begun: int = 0, ended: bool = False, limits: HealthLimits = LIVE
) -> CameraState:
    """Of a camera that was good until second `begun`, and as `each` says since."""
    return assess_health(lambda second: each if second >= begun else GOOD, last, limits, now_ns=NOW_NS, ended=ended)


@pytest.mark.parametrize(
    ("each", "last", "expected"),
    [
        (GOOD, FRESH, CameraState(Health.GOOD)),
        (GOOD, replace(FRESH, heard_ns=NOW_NS - 6 * SECOND), CameraState(Health.SILENT, NOW_NS - 6 * SECOND)),
        (
            Recent(),
            replace(FRESH, frame_ns=NOW_NS - 75 * SECOND),
            CameraState(Health.NO_PICTURES, NOW_NS - 75 * SECOND),
        ),
        (
            Recent(captured=25),
            replace(FRESH, look_ns=NOW_NS - 6 * SECOND),
            CameraState(Health.NOT_RECOGNISING, NOW_NS - 6 * SECOND),
        ),
        (Recent(captured=25, recognised=6, failed=1), FRESH, CameraState(Health.LOSING, 991 * SECOND)),
        (Recent(captured=25, recognised=6, stale=1), FRESH, CameraState(Health.BEHIND, 991 * SECOND)),
        (
            Recent(captured=25, recognised=6, latency_total_ms=6 * 2_100.0),
            FRESH,
            CameraState(Health.BEHIND, 995 * SECOND),
        ),
        (Recent(captured=4, recognised=4), FRESH, CameraState(Health.SLOW, 996 * SECOND)),
        (Recent(captured=25, recognised=2), FRESH, CameraState(Health.SLOW, 995 * SECOND)),
    ],
    ids=lambda value: value.health.value if isinstance(value, CameraState) else "",
)
def test_each_state_of_a_camera_is_found_and_has_its_beginning(
    each: Recent, last: LastTimes, expected: CameraState
) -> None:
    found = standing(each, last, begun=990)

    assert found.health is expected.health
    assert found.since_ns is None or expected.since_ns is None or abs(found.since_ns - expected.since_ns) <= 5 * SECOND
    assert (found.since_ns is None) == (expected.since_ns is None)


@pytest.mark.parametrize(
    "each",
    [Recent(captured=25, recognised=6, failed=9), Recent(captured=25, stale=9), Recent(captured=1, recognised=1)],
)
def test_a_state_shows_within_10_seconds_of_its_cause_and_goes_within_10_of_its_end(each: Recent) -> None:
    assert standing(each, begun=993).health is not Health.GOOD
    recovered = assess_health(lambda second: GOOD if second >= 993 else each, FRESH, LIVE, now_ns=NOW_NS, ended=False)
    assert recovered.health is Health.GOOD


@pytest.mark.parametrize(
    ("picture", "health"),
    [
        (PictureState.DAMAGED, Health.DAMAGED),
        (PictureState.BEHIND, Health.BEHIND),
        (PictureState.DARK, Health.DARK),
        (PictureState.STILL, Health.STILL),
        (PictureState.MOVED, Health.MOVED),
    ],
)
def test_a_camera_whose_pictures_are_no_good_is_not_good_and_does_not_work(
    picture: PictureState, health: Health
) -> None:
    found = standing(GOOD, replace(FRESH, picture=picture, picture_ns=NOW_NS - SECOND))

    assert (found, found.health.works) == (CameraState(health, NOW_NS - SECOND), False)


def test_a_stream_before_its_first_key_frame_is_told_from_a_camera_that_gives_nothing() -> None:
    waiting = replace(FRESH, frame_ns=0, picture=PictureState.NO_KEY_FRAME, picture_ns=5)

    assert standing(Recent(), waiting) == CameraState(Health.NO_KEY_FRAME, 5)


def test_a_camera_that_stood_still_and_then_gave_nothing_gives_nothing() -> None:
    gone = replace(FRESH, frame_ns=5, picture=PictureState.STILL, picture_ns=5)

    assert standing(Recent(), gone) == CameraState(Health.NO_PICTURES, 5)


@pytest.mark.parametrize("limits", [LIVE, HealthLimits()])
@pytest.mark.parametrize("first_heard_ns", [0, NOW_NS])
def test_a_camera_at_no_frames_a_second_is_never_good(limits: HealthLimits, first_heard_ns: int) -> None:
    found = standing(Recent(), replace(FRESH, first_heard_ns=first_heard_ns), limits=limits)

    assert found.health is Health.NO_PICTURES
    assert not found.health.works


def test_a_state_older_than_the_kept_seconds_has_no_invented_beginning() -> None:
    assert standing(Recent(captured=2, recognised=2)) == CameraState(Health.SLOW, None)


def test_a_camera_that_has_just_begun_is_not_called_slow() -> None:
    begun = replace(FRESH, first_heard_ns=NOW_NS - 2 * SECOND)

    assert standing(Recent(captured=1, recognised=1), begun).health is Health.GOOD


def test_a_camera_that_ended_is_neither_silent_nor_slow() -> None:
    assert standing(Recent(), replace(FRESH, heard_ns=0), ended=True) == CameraState(Health.ENDED, 0)


def test_recorded_video_is_never_behind_by_its_age_nor_slow() -> None:
    late = Recent(captured=1, recognised=1, latency_total_ms=60_000.0)

    assert standing(late, limits=HealthLimits()).health is Health.GOOD
