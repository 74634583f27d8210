"""A live source that survives its camera: a read that hangs, a stream that ends, a camera that is away.

Every call into a live source is made by a thread of its own, which can be left behind when it hangs: no library
promises that a read comes back. The one who waits for it is the watcher.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Generic, TypeVar, cast

import structlog

from lfr_core.common.clock import Clock
from lfr_core.common.errors import LfrError, Poison, Retryable
from lfr_core.domain.frames import PictureState
from streams.camera.jpeg import jpeg_size
from streams.camera.sources import CapturedFrame, Source, SourceInfo, StreamSource
from streams.camera.stop_token import StopToken

__all__ = ["HANG_S", "ReconnectingSource", "compute_back_off_s"]

T = TypeVar("T")
FIRST_WAIT_S = 0.5
LONGEST_WAIT_S = 4.0
"""A camera that comes back is connected within five seconds, however long it was away: a deployment is live."""
HANG_S = 8.0
"""A read that takes longer hangs; above FFmpeg's own time-out, so that FFmpeg may give up first."""
_MOST_LEFT_BEHIND = 3
"""Of threads that hang in a read for ever, each with its memory: then the process ends, and is started anew."""
_SLICE_S = 0.1
"""How often a wait looks whether the camera was asked to stop."""
_log = structlog.get_logger(__name__)


def compute_back_off_s(failures: int) -> float:
    """Return the seconds to wait before the next try, after `failures` (1 and up) in a row: 0.5, 1, 2, 4."""
    return float(min(LONGEST_WAIT_S, FIRST_WAIT_S * 2.0 ** min(max(failures, 1) - 1, 16)))


class _Reply(Generic[T]):
    """What a call gave, or the error it raised."""

    __slots__ = ("done", "error", "value")

    def __init__(self) -> None:
        self.done = threading.Event()
        self.value: T | None = None
        self.error: BaseException | None = None


class _CallThread:
    """A thread that makes calls on behalf of another, which may stop waiting."""

    def __init__(self) -> None:
        self._calls: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._work, name="camera-read", daemon=True)
        self._thread.start()

    @property
    def is_alive(self) -> bool:
        """Whether it still works, or hangs in a call."""
        return self._thread.is_alive()

    def _work(self) -> None:
        while (call := self._calls.get()) is not None:
            call()

    def call(
        self,
        function: Callable[[], T],
        *,
        timeout_s: float,
        clock: Clock,
        stop_token: StopToken,
        progress: Callable[[], int] = lambda: 0,
    ) -> T:
        """Return what `function` gives.

        Raises:
            Retryable: for `timeout_s` it neither returned nor did `progress` change; or it was asked to stop.
        """
        reply: _Reply[T] = _Reply()

        def run() -> None:
            try:
                reply.value = function()
            except BaseException as error:  # noqa: BLE001  handed to the one who waits
                reply.error = error
            reply.done.set()

        self._calls.put(run)
        deadline, made = clock.monotonic() + timeout_s, progress()
        while not reply.done.wait(_SLICE_S):
            if stop_token.is_set():
                raise Retryable("the camera was asked to stop")
            if progress() != made:
                deadline, made = clock.monotonic() + timeout_s, progress()
            if clock.monotonic() > deadline:
                raise Retryable(f"the camera gave nothing for {timeout_s:g} s")
        if reply.error is not None:
            raise reply.error
        return cast("T", reply.value)

    def finish_with(self, last: Callable[[], None]) -> None:
        """Make `last` its last call, whenever it comes back from the one it is in."""
        self._calls.put(last)
        self._calls.put(None)


def _close_all(sources: list[Source]) -> None:
    for source in sources:
        source.close()


class ReconnectingSource:
    """A live `Source` that is opened again, with back-off, whenever it hangs, ends or fails."""

    def __init__(
        self,
        make: Callable[[], Source],
        *,
        clock: Clock,
        stop_token: StopToken,
        open_timeout_s: float = 15.0,
        hang_s: float = HANG_S,
        wait: Callable[[float], object] | None = None,
    ) -> None:
        """Open it for the first time.

        Args:
            make: opens the source; called again after each failure.
            clock: for the time-outs.
            stop_token: when set, `grab` returns None soon, even out of a read that hangs.
            open_timeout_s: how long opening may take.
            hang_s: how long nothing may come; longer than the source's own time-out. A stream that sends may take
                longer to give a picture: there is none before its first key frame.
            wait: waits that many seconds or until asked to stop; for tests.

        Raises:
            Retryable, Poison: it can't be opened now. Later failures are waited out instead.
        """
        self._make = make
        self._clock = clock
        self._stop_token = stop_token
        self._open_timeout_s = open_timeout_s
        self._hang_s = hang_s
        self._wait = wait or stop_token.wait
        self._failures = 0
        self.reconnects = 0
        """How often it was opened again with success."""
        self.connected = False
        self._size: tuple[int, int] | None = None
        self._left_behind: list[_CallThread] = []
        self._thread, self._source = self._open()

    def _open(self) -> tuple[_CallThread, Source]:
        thread = _CallThread()
        opened: list[Source] = []

        def make() -> Source:
            opened.append(self._make())
            return opened[0]

        try:
            source = thread.call(make, timeout_s=self._open_timeout_s, clock=self._clock, stop_token=self._stop_token)
        except BaseException:
            self._leave(thread, lambda: _close_all(opened))
            raise
        self.connected = True
        self._info = source.info
        return thread, source

    @property
    def info(self) -> SourceInfo:
        return self._info

    def grab(self) -> CapturedFrame | None:
        """Return the next frame, however long it takes; None only when asked to stop.

        Raises:
            Retryable: so many reads of it hang for ever that only a new process reads it again.
        """
        while not self._stop_token.is_set():
            if not self.connected and sum(each.is_alive for each in self._left_behind) > _MOST_LEFT_BEHIND:
                raise Retryable(
                    f"{self._info.shown} was opened again and again, and what it sends is never read to its end: the "
                    "camera's process has to start anew"
                )
            try:
                if not self.connected:
                    self._thread, self._source = self._open()
                    self.reconnects += 1
                    _log.info("camera.reconnected", source=self._info.shown, after_failures=self._failures)
                grab = self._thread.call(
                    self._source.grab,
                    timeout_s=self._hang_s,
                    clock=self._clock,
                    stop_token=self._stop_token,
                    progress=self._packets,
                )
                if grab is not None:
                    self._failures = 0
                    return grab
                if not self._info.live:  # a recording behind a URL
                    return None
                reason, again_s = "the stream ended", 0.0
            except LfrError as error:
                reason, again_s = str(error), getattr(error, "retry_after_s", None) or 0.0
            self._disconnect()
            if self._stop_token.is_set():
                break
            self._failures += 1
            wait_s = max(compute_back_off_s(self._failures), again_s if again_s > LONGEST_WAIT_S else 0.0)
            _log.warning("camera.lost", source=self._info.shown, reason=reason, retry_in_s=wait_s)
            self._wait(wait_s)
        return None

    def _packets(self) -> int:
        return self._source.packets if isinstance(self._source, StreamSource) else 0

    @property
    def state(self) -> PictureState:
        """What is the matter with the stream's pictures; none is known of while it is away."""
        return self._source.state if self.connected and isinstance(self._source, StreamSource) else PictureState.SOUND

    def jpeg(self) -> bytes:
        try:
            picture = self._thread.call(
                self._source.jpeg, timeout_s=self._hang_s, clock=self._clock, stop_token=self._stop_token
            )
        except Retryable:  # it hangs: the next grab opens it again
            self._disconnect()
            raise
        with suppress(Poison):  # whoever asked finds out that it is none
            self._note_size(jpeg_size(picture))
        return picture

    def _note_size(self, size: tuple[int, int]) -> None:
        if self._size not in {None, size}:
            _log.warning("camera.resolution-changed", source=self._info.shown, was=self._size, now=size)
        self._size = size

    def _disconnect(self) -> None:
        if self.connected:
            self.connected = False
            self._leave(self._thread, self._source.close)

    def _leave(self, thread: _CallThread, last: Callable[[], None]) -> None:
        """Let a thread end with `last`, and remember those that don't come back."""
        thread.finish_with(last)
        self._left_behind = [*(each for each in self._left_behind if each.is_alive), thread]

    def close(self) -> None:
        self._disconnect()
