"""The pace of a recording that is played in real time."""

from __future__ import annotations

from lfr_core.domain.policy import load_policy
from streams.camera.capture import Capture
from streams.camera.feedback import InFlightFrames
from streams.camera.frame_accounting import FrameAccounts
from streams.camera.job import CameraJob
from streams.camera.sources import CapturedFrame, SourceInfo
from streams.camera.stop_token import StopToken
from tests.support.records import ManualClock

SLEPT_S = 25 * 3_600.0
FPS = 25.0


class Recording:
    """A recording of frames without pictures; the machine sleeps before one of them."""

    info = SourceInfo(
        shown="film", live=False, width_px=16, height_px=16, fps=FPS, codec="MJPG", passthrough=True, frames=None
    )

    def __init__(self, clock: ManualClock, frames: int, slept_before: int) -> None:
        self._clock, self._frames, self._slept_before, self._taken = clock, frames, slept_before, 0

    def grab(self) -> CapturedFrame | None:
        if self._taken == self._frames:
            return None
        self._taken += 1
        if self._taken == self._slept_before:
            self._clock.advance(SLEPT_S)
        return CapturedFrame(self._clock.now_ns, (self._taken - 1) / FPS)

    def jpeg(self) -> bytes:
        return b"no picture"

    def close(self) -> None:
        pass


class Waits(StopToken):
    """Waits on the manual clock."""

    def __init__(self, clock: ManualClock) -> None:
        super().__init__()
        self._clock, self.waited = clock, list[float]()

    def wait(self, timeout_s: float) -> bool:
        self.waited.append(timeout_s)
        self._clock.advance(timeout_s)
        return False


def test_a_recording_goes_on_at_its_own_pace_after_the_machine_slept_and_makes_up_for_no_night() -> None:
    clock, policy = ManualClock(), load_policy()
    film, stop = Recording(clock, frames=100, slept_before=50), Waits(clock)

    capture = Capture(
        CameraJob("film", "dep", "north"),
        policy,
        film,
        lambda: film,
        FrameAccounts(wait=False),
        InFlightFrames(clock, bound=12, lost_after_s=None),
        clock=clock,
        stop_token=stop,
    )
    capture._run()

    assert capture.error is None
    assert sum(stop.waited[50:]) > 0.9 * 50 / FPS
