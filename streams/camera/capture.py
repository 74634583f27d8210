"""The capture thread: takes every frame, decides which are looked at, gives their pictures to the frame accounts."""

from __future__ import annotations

import threading
from collections.abc import Callable

import structlog

from lfr_core.common.clock import Clock
from lfr_core.common.errors import LfrError, Poison
from lfr_core.domain.frames import PictureState
from lfr_core.domain.policy import Policy
from streams.camera.feedback import InFlightFrames
from streams.camera.footage import FootageSink
from streams.camera.frame_accounting import FrameAccounts, Picture
from streams.camera.job import CameraJob
from streams.camera.jpeg import jpeg_size
from streams.camera.rate_limit import RateLimiter
from streams.camera.reconnect import ReconnectingSource
from streams.camera.sampler import Pacer, adapt
from streams.camera.sources import CapturedFrame, Source, StreamSource
from streams.camera.stop_token import StopToken
from streams.camera.view import ViewWatch

__all__ = ["Capture"]

_FINISH_S = 3.0
_MOST_BEHIND_S = 5.0
"""A recording that plays in real time and is later than this isn't hurried: the machine slept, or is too slow."""
_log = structlog.get_logger(__name__)


class Capture:
    """Runs a source in a thread until it ends or is asked to end."""

    def __init__(
        self,
        job: CameraJob,
        policy: Policy,
        source: Source,
        again: Callable[[], Source],
        accounts: FrameAccounts,
        in_flight: InFlightFrames,
        *,
        clock: Clock,
        stop_token: StopToken,
        footage: FootageSink | None = None,
    ) -> None:
        """Args as in `run_camera`; `again` opens the source anew, for a recording that is looped."""
        self._job = job
        self._policy = policy
        self._source = source
        self._again = again
        self._accounts = accounts
        self._in_flight = in_flight
        self._clock = clock
        self._stop_token = stop_token
        self._footage = footage
        self._rate = policy.sampling.looks_per_second
        self._size: tuple[int, int] | None = None
        self._warn = RateLimiter(clock, 5.0)
        self._warn_damaged = RateLimiter(clock, 5.0)
        self._thread = threading.Thread(target=self._run, name="camera-capture", daemon=True)
        self.undecodable = 0
        self.damaged = 0
        self._view = ViewWatch()
        self.error: Exception | None = None
        """What ended it, if not the source's end or `finish`."""
        self.done = False

    @property
    def looks_per_second(self) -> float:
        return self._rate

    @property
    def reconnects(self) -> int:
        return self._source.reconnects if isinstance(self._source, ReconnectingSource) else 0

    @property
    def connected(self) -> bool:
        if isinstance(self._source, ReconnectingSource):
            return self._source.connected
        return not self.done

    @property
    def picture(self) -> PictureState:
        """What is the matter with the pictures: with their stream first, then with what they show."""
        state = self._source.state if isinstance(self._source, StreamSource) else PictureState.SOUND
        if state is PictureState.SOUND and self.connected:
            return self._view.state(self._clock.monotonic())
        return state

    def start(self) -> None:
        self._thread.start()

    def finish(self) -> None:
        """Make it stop, and wait a little; a thread that hangs in a read is left behind and counts no more."""
        self._stop_token.set()
        self._thread.join(_FINISH_S)
        self._accounts.close()

    def _run(self) -> None:
        try:
            frames = self._play()
            if frames == 0 and not self._stop_token.is_set():
                raise Poison(f"{self._source.info.shown} holds no frame that can be read")
        except Exception as error:  # noqa: BLE001  raised again by the sender, after the END record
            self.error = error
        finally:
            self.done = True
            self._source.close()
            self._accounts.close()

    def _play(self) -> int:
        """Take every frame there is; how many that was."""
        started_ns, started = self._clock.time_ns(), self._clock.monotonic()
        pacer, frames, frames_before, offset_s, media_s = Pacer(), 0, 0, 0.0, 0.0
        adapted = started
        while not self._stop_token.is_set():
            grab = self._source.grab()
            if grab is None:
                if not self._job.loop or self._source.info.live or self._stop_token.is_set() or frames == frames_before:
                    break
                self._source.close()
                self._source = self._again()
                frames_before, offset_s = frames, media_s + 1 / self._source.info.fps
                continue
            for _ in range(grab.passed_over):
                self._accounts.drop()
            self._count_damaged(grab.damaged)
            captured_ns = grab.captured_ns
            if grab.media_s is None:
                at_s = self._clock.monotonic()
            else:
                at_s = media_s = offset_s + grab.media_s
                if not self._job.as_fast_as_possible:
                    wait_s = started + media_s - self._clock.monotonic()
                    if wait_s < -_MOST_BEHIND_S:
                        started -= wait_s  # it goes on from here
                    if self._stop_token.wait(max(0.0, wait_s)):
                        break  # not captured: its time has not come
                    captured_ns = self._clock.time_ns()
                if self._job.uses_media_time:
                    captured_ns = started_ns + round(media_s * 1e9)
            frames += 1
            if not self._job.as_fast_as_possible:
                now = self._clock.monotonic()
                self._rate = adapt(
                    self._policy.sampling,
                    self._rate,
                    in_flight=self._in_flight.count,
                    outcome_age_s=self._in_flight.outcome_age_s(),
                    elapsed_s=now - adapted,
                )
                adapted = now
            looked_at, pacer = pacer.take(at_s, self.looks_per_second)
            if looked_at:
                self._look(grab, captured_ns)
            else:
                self._accounts.skip()
        return frames

    def _count_damaged(self, pictures: int) -> None:
        self.damaged += pictures
        if pictures and self._warn_damaged.allow():
            _log.warning("camera.damaged", camera=self._job.camera, pictures=pictures, so_far=self.damaged)

    def _look(self, grab: CapturedFrame, captured_ns: int) -> None:
        """Put a frame's picture into the frame accounts, or count it as dropped if it has none."""
        try:
            jpeg = self._source.jpeg()
            self._check(jpeg_size(jpeg))
        except LfrError as error:
            self.undecodable += 1
            self._accounts.drop()
            if self._warn.allow():
                _log.warning(
                    "camera.undecodable-frame",
                    camera=self._job.camera,
                    media_s=grab.media_s,
                    reason=str(error),
                    so_far=self.undecodable,
                )
            return
        if self._source.info.live:
            self._view = self._view.see(jpeg, self._clock.monotonic())
        if self._footage is not None:
            self._footage.offer(captured_ns, jpeg)
        self._accounts.offer(Picture(captured_ns, jpeg), self._stop_token)

    def _check(self, size: tuple[int, int]) -> None:
        """Refuse a picture larger than the policy lets anybody decode; say so when the size changes."""
        width, height = size
        limit = self._policy.images.max_frame_megapixels
        if width * height > limit * 1e6:
            raise Poison(f"a picture of {width} x {height} px is more than the {limit:g} megapixels allowed")
        is_told_by_source = isinstance(self._source, ReconnectingSource)
        if self._size not in {None, size} and not self._job.loop and self._source.info.live and not is_told_by_source:
            _log.warning("camera.resolution-changed", camera=self._job.camera, was=self._size, now=size)
        self._size = size
