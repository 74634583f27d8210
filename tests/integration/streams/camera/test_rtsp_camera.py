"""H.264 over RTSP: a picture has the size it was taken with, and the time at which it was seen."""

from __future__ import annotations

import time
from collections.abc import Iterator
from fractions import Fraction

import cv2
import numpy as np
import pytest
from structlog.testing import capture_logs

from lfr_core.common.clock import SystemClock
from lfr_core.common.errors import Poison
from lfr_core.domain.frames import PictureState
from lfr_core.domain.policy import Policy, load_policy
from lfr_core.recognition.faces.types import Image
from streams.camera import times
from streams.camera.capture import Capture
from streams.camera.feedback import InFlightFrames
from streams.camera.frame_accounting import FrameAccounts
from streams.camera.job import CameraJob
from streams.camera.jpeg import jpeg_size
from streams.camera.open_source import open_source
from streams.camera.reconnect import ReconnectingSource
from streams.camera.sources import Source
from streams.camera.stop_token import StopToken
from streams.camera.urls import parse_source
from tests.support.rtsp_camera import FPS, RtspCamera, encoded, number_in, numbered

WIDE, UPRIGHT = (320, 240), (240, 320)
SECOND_S = 1.0
LATEST_S = 0.9
"""A machine with two cores and eight users takes its time; what a queue adds here is more."""


@pytest.fixture(scope="module")
def policy() -> Policy:
    return load_policy()


@pytest.fixture(scope="module")
def wide() -> list[list[bytes]]:
    return encoded(WIDE, 8 * FPS)


@pytest.fixture
def camera(wide: list[list[bytes]]) -> Iterator[RtspCamera]:
    camera = RtspCamera(wide)
    yield camera
    camera.close()


def opened(camera: RtspCamera, policy: Policy, max_age_s: float = 2.0) -> Source:
    return open_source(parse_source(camera.url), policy.images, max_age_s=max_age_s, clock=SystemClock())


def picture(source: Source) -> Image:
    return np.asarray(cv2.imdecode(np.frombuffer(source.jpeg(), np.uint8), cv2.IMREAD_COLOR), np.uint8)


def test_a_stream_that_changes_its_size_gives_pictures_of_the_new_size_unstretched(policy: Policy) -> None:
    camera = RtspCamera([*encoded(WIDE, FPS), *encoded(UPRIGHT, 3 * FPS, first=FPS)])
    source = opened(camera, policy)
    try:
        found: dict[tuple[int, ...], Image] = {}
        while (grab := source.grab()) is not None and len(found) < 2:
            image = picture(source)
            found.setdefault(image.shape[:2], image)
        assert grab is not None
    finally:
        source.close()
        camera.close()

    assert source.info.live
    assert list(found) == [(240, 320), (320, 240)]
    for (height, width), image in found.items():
        expected = numbered(number_in(image), (width, height))
        assert np.abs(image.astype(int) - expected).mean() < 4


def test_a_camera_that_changes_its_size_on_the_way_says_so_once(policy: Policy) -> None:
    clock, accounts = SystemClock(), FrameAccounts(wait=False)
    camera = RtspCamera([*encoded(WIDE, FPS), *encoded(UPRIGHT, FPS, first=FPS)])
    source = opened(camera, policy)
    capture = Capture(
        CameraJob(camera.url, "dep", "north"),
        policy,
        source,
        lambda: source,
        accounts,
        InFlightFrames(clock, bound=12, lost_after_s=None),
        clock=clock,
        stop_token=StopToken(),
    )
    with capture_logs() as logs:
        capture.start()
        until = clock.monotonic() + 10
        while not capture.done and clock.monotonic() < until:
            time.sleep(0.05)
        capture.finish()
    camera.close()

    told = [log for log in logs if log["event"] == "camera.resolution-changed"]
    assert [(log["camera"], log["was"], log["now"]) for log in told] == [("north", WIDE, UPRIGHT)]


def test_a_stream_whose_pixels_are_oblong_gives_square_ones_also_where_that_changes_on_the_way(policy: Policy) -> None:
    narrow = encoded((160, 240), 3 * FPS, first=FPS, pixel_shape=Fraction(3, 2))
    camera = RtspCamera([*encoded(WIDE, FPS), *narrow])
    source = opened(camera, policy)
    try:
        sizes = {jpeg_size(source.jpeg()): None for _ in range(2 * FPS) if source.grab() is not None}
    finally:
        source.close()
        camera.close()

    assert list(sizes) == [WIDE, (240, 240)]


def test_a_picture_that_was_late_is_stamped_with_the_time_it_was_seen_at(camera: RtspCamera, policy: Policy) -> None:
    source = opened(camera, policy)
    wrong = []
    late = 0
    try:
        for number in range(3 * FPS):
            if number == FPS:
                camera.held_back_s = SECOND_S  # and the queue is never made up for
            grab = source.grab()
            assert grab is not None
            now, wall = time.monotonic(), time.time_ns()
            seen_s = camera.seen_s(number_in(picture(source)))
            stamped_s = now - (wall - grab.captured_ns) / 1e9
            wrong.append(stamped_s - seen_s)
            late += now - seen_s > SECOND_S
    finally:
        source.close()

    assert late > FPS
    assert max(wrong) < LATEST_S
    assert min(wrong) > -0.1


@pytest.mark.slow
def test_pictures_that_waited_for_a_slow_reader_are_as_old_as_they_are(camera: RtspCamera, policy: Policy) -> None:
    source = opened(camera, policy)
    try:
        assert source.grab() is not None
        time.sleep(1.5)  # as long as another picture's decoding would take
        grab = source.grab()
        assert grab is not None
        age_s = (time.time_ns() - grab.captured_ns) / 1e9
    finally:
        source.close()

    assert age_s > 1.0


@pytest.mark.slow
def test_a_camera_that_falls_behind_for_good_is_reported_and_connected_again(
    camera: RtspCamera, policy: Policy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(times, "CATCH_UP_S", 0.3)
    monkeypatch.setattr(times, "REOPEN_S", 1.0)
    source = ReconnectingSource(
        lambda: opened(camera, policy, max_age_s=0.5), clock=SystemClock(), stop_token=StopToken(), wait=lambda _: None
    )
    passed_over, states = 0, set()
    with capture_logs() as logs:
        try:
            for number in range(8 * FPS):
                if number == 10:
                    camera.held_back_s = SECOND_S
                grab = source.grab()
                assert grab is not None
                passed_over += grab.passed_over
                states.add(source.state)
                if source.reconnects:
                    break
        finally:
            source.close()

    reported = [log["event"] for log in logs]
    assert reported[:1] == ["camera.behind"]
    assert "camera.lost" in reported
    assert "camera.reconnected" in reported
    assert next(log for log in logs if log["event"] == "camera.lost")["reason"].startswith("its pictures come 1.")
    assert passed_over > 0
    assert states == {PictureState.SOUND, PictureState.BEHIND}
    assert camera.connections == 2


def test_a_camera_s_pictures_never_come_by_way_of_a_proxy(
    camera: RtspCamera, policy: Policy, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9/")  # nobody answers there

    opened(camera, policy).close()

    assert camera.connections == 1


def test_a_camera_whose_pictures_are_larger_than_the_policy_allows_is_refused(
    camera: RtspCamera, policy: Policy
) -> None:
    small = policy.images.model_copy(update={"max_frame_megapixels": 0.05})

    with pytest.raises(Poison, match=r"320 x 240 px, more than the 0\.05 megapixels allowed"):
        open_source(parse_source(camera.url), small, clock=SystemClock())
