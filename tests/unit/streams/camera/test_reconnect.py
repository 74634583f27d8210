from __future__ import annotations

import threading
import time

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from structlog.testing import capture_logs

from lfr_core.common.clock import SystemClock
from lfr_core.common.errors import Retryable
from lfr_core.domain.frames import PictureState
from streams.camera import reconnect
from streams.camera.reconnect import ReconnectingSource, compute_back_off_s
from streams.camera.sources import CapturedFrame, SourceInfo
from streams.camera.stop_token import StopToken


class Camera:
    """A camera that gives `frames` frames and then hangs, ends or fails."""

    def __init__(self, *, frames: int, then: str = "hang") -> None:
        self.info = SourceInfo("rtsp://***@cam/1", live=True, width_px=1, height_px=1, fps=25, codec="x",
                               passthrough=True, frames=None)  # fmt: skip
        self._frames = frames
        self._then = then
        self.released = threading.Event()
        self.gave_up = False
        self.closed = threading.Event()

    def grab(self) -> CapturedFrame | None:
        if self._frames == 0:
            if self._then == "hang":
                self.gave_up = not self.released.wait(30)
            if self._then == "fail":
                raise Retryable("gone")
            return None
        self._frames -= 1
        return CapturedFrame(captured_ns=1, media_s=None)

    def jpeg(self) -> bytes:
        if self._then == "hang-in-jpeg":
            self.released.wait(30)
        return b""

    def close(self) -> None:
        self.closed.set()


class SlowCamera(Camera):
    """Sends without end, and gives its first picture late."""

    state = PictureState.NO_KEY_FRAME
    clock_age_s: float | None = None

    def __init__(self) -> None:
        super().__init__(frames=1)
        self.packets = 0

    def grab(self) -> CapturedFrame | None:
        for _ in range(8):
            time.sleep(0.1)
            self.packets += 1
        return super().grab()


def test_a_stream_that_sends_is_waited_for_longer_than_one_that_is_silent() -> None:
    source = ReconnectingSource(SlowCamera, clock=SystemClock(), stop_token=StopToken(), hang_s=0.4)

    assert source.state is PictureState.NO_KEY_FRAME
    assert source.grab() is not None
    assert source.reconnects == 0
    source.close()


def a_source(
    *cameras: Camera | Exception, stop_token: StopToken | None = None
) -> tuple[ReconnectingSource, list[float]]:
    waits: list[float] = []
    left = iter(cameras)

    def make() -> Camera:
        camera = next(left)
        if isinstance(camera, Exception):
            raise camera
        return camera

    source = ReconnectingSource(
        make,
        clock=SystemClock(),
        stop_token=stop_token or StopToken(),
        hang_s=1.0,
        open_timeout_s=2.0,
        wait=waits.append,
    )
    return source, waits


@pytest.mark.parametrize("then", ["hang", "end", "fail"])
def test_a_camera_that_hangs_ends_or_fails_is_opened_again_and_counted(then: str) -> None:
    first, second = Camera(frames=2, then=then), Camera(frames=3)
    source, waits = a_source(first, second)

    frames = [source.grab() for _ in range(4)]

    assert None not in frames
    assert source.reconnects == 1
    assert waits == [0.5]
    first.released.set()
    assert first.closed.wait(5)
    source.close()
    second.released.set()


def test_a_camera_that_stays_away_is_tried_again_with_growing_waits() -> None:
    away = Retryable("no answer")
    last = Camera(frames=1)
    source, waits = a_source(Camera(frames=1, then="end"), away, away, away, last)

    with capture_logs() as logs:
        assert source.grab() is not None
        assert source.grab() is not None

    assert waits == [0.5, 1.0, 2.0, 4.0]
    assert source.reconnects == 1
    assert [log["event"] for log in logs] == ["camera.lost"] * 4 + ["camera.reconnected"]
    source.close()


def test_a_picture_that_hangs_is_an_error_and_the_camera_is_opened_again() -> None:
    first, second = Camera(frames=5, then="hang-in-jpeg"), Camera(frames=1)
    source, _ = a_source(first, second)
    assert source.grab() is not None

    with pytest.raises(Retryable):
        source.jpeg()

    assert source.grab() is not None
    assert source.reconnects == 1
    first.released.set()
    source.close()


def test_a_camera_in_which_every_read_hangs_for_ever_ends_its_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reconnect, "_MOST_LEFT_BEHIND", 1)
    cameras = [Camera(frames=0), Camera(frames=0), Camera(frames=1)]
    waits: list[float] = []
    source = ReconnectingSource(
        iter(cameras).__next__, clock=SystemClock(), stop_token=StopToken(), hang_s=0.2, wait=waits.append
    )

    with pytest.raises(Retryable, match="has to start anew"):
        source.grab()

    assert len(waits) == 2
    cameras[0].released.set()
    assert cameras[0].closed.wait(5)
    until = time.monotonic() + 5
    while sum(each.is_alive for each in source._left_behind) > 1 and time.monotonic() < until:
        time.sleep(0.01)  # its thread has closed the camera and is about to end
    assert source.grab() is not None  # one came back: it goes on
    cameras[1].released.set()
    source.close()


def test_a_halt_ends_even_a_read_that_hangs() -> None:
    stop_token, camera = StopToken(), Camera(frames=0)
    source = ReconnectingSource(lambda: camera, clock=SystemClock(), stop_token=stop_token, hang_s=3_600)
    threading.Timer(0.2, stop_token.set).start()

    assert source.grab() is None
    assert not camera.gave_up
    camera.released.set()
    source.close()


def test_a_camera_that_is_away_at_the_start_is_an_error_at_once() -> None:
    with pytest.raises(Retryable, match="no answer"):
        a_source(Retryable("no answer"))


@given(st.integers(-5, 10_000))
def test_the_back_off_stays_under_5_seconds_because_a_deployment_is_live(failures: int) -> None:
    assert 0.5 <= compute_back_off_s(failures) <= compute_back_off_s(failures + 1) < 5.0


def test_another_size_is_said_once_also_where_it_comes_with_a_new_connection() -> None:
    def picture(width: int, height: int) -> bytes:
        return cv2.imencode(".jpg", np.zeros((height, width, 3), np.uint8))[1].tobytes()

    first, second = Camera(frames=2, then="fail"), Camera(frames=2)
    first.jpeg, second.jpeg = lambda: picture(64, 36), lambda: picture(36, 64)  # type: ignore[method-assign]
    source, _ = a_source(first, second)

    with capture_logs() as logs:
        for _ in range(4):
            assert source.grab() is not None
            source.jpeg()
    source.close()

    told = [log for log in logs if log["event"] == "camera.resolution-changed"]
    assert [(log["source"], log["was"], log["now"]) for log in told] == [("rtsp://***@cam/1", (64, 36), (36, 64))]
