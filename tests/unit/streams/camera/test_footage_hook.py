"""What a camera hands to footage."""

from __future__ import annotations

import time

import cv2
import numpy as np

from lfr_core.domain.policy import load_policy
from streams.camera.capture import Capture
from streams.camera.feedback import InFlightFrames
from streams.camera.frame_accounting import FrameAccounts
from streams.camera.job import CameraJob
from streams.camera.sources import CapturedFrame, SourceInfo
from streams.camera.stop_token import StopToken
from tests.support.records import NOW_NS, ManualClock

GOOD = cv2.imencode(".jpg", np.zeros((16, 16, 3), np.uint8))[1].tobytes()


class Film:
    """A live source of a few frames, 25 a second; one of them can't be decoded."""

    def __init__(self, clock: ManualClock, frames: int, damaged: int) -> None:
        self._clock, self._left, self._damaged = clock, frames, damaged
        self.asked = 0

    @property
    def info(self) -> SourceInfo:
        return SourceInfo(
            shown="film",
            live=True,
            width_px=16,
            height_px=16,
            fps=25.0,
            codec="MJPG",
            passthrough=True,
            frames=None,
        )

    def grab(self) -> CapturedFrame | None:
        if self._left == 0:
            return None
        self._left -= 1
        self._clock.advance(0.04)
        return CapturedFrame(self._clock.now_ns, None)

    def jpeg(self) -> bytes:
        self.asked += 1
        return b"no picture" if self.asked == self._damaged else GOOD

    def close(self) -> None:
        pass


class Kept:
    def __init__(self) -> None:
        self.frames: list[tuple[int, bytes]] = []

    def offer(self, captured_ns: int, jpeg: bytes) -> None:
        self.frames.append((captured_ns, jpeg))


def test_every_picture_that_is_looked_at_is_footage_also_one_that_is_never_sent() -> None:
    clock, footage, policy = ManualClock(), Kept(), load_policy()
    film = Film(clock, frames=50, damaged=3)
    accounts = FrameAccounts(wait=False)  # nobody takes: all but the newest are dropped

    capture = Capture(
        CameraJob("film", "dep", "north"),
        policy,
        film,
        lambda: film,
        accounts,
        InFlightFrames(clock, bound=12, lost_after_s=None),
        clock=clock,
        stop_token=StopToken(),
        footage=footage,
    )
    capture.start()
    deadline = time.monotonic() + 20
    while not capture.done and time.monotonic() < deadline:
        time.sleep(0.01)
    capture.finish()

    assert capture.error is None
    assert len(footage.frames) == film.asked - 1 > 5
    assert {picture for _, picture in footage.frames} == {GOOD}
    assert [at for at, _ in footage.frames] == sorted({at for at, _ in footage.frames})
    assert footage.frames[0][0] > NOW_NS
