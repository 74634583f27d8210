"""The one place where a frame's fate is decided, in the order of the frames' sequences.

Between capture and sending there is space for one frame: the newest wins and the one it replaces is dropped
(`wait=False`), or capture waits until it is taken (`wait=True`, back-pressure). A frame's header carries
the counts of frames *before* it that were never sent, so that between two sent frames a < b

    b - a - 1 = d(not_sampled) + d(dropped) + lost

holds exactly. Hence two counts of drops: those made at capture are noted when a frame is put in, those made by
the sender, which takes frames in order, are added when it is taken out; neither then counts a frame after it.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass

from streams.camera.stop_token import StopToken

__all__ = ["Counts", "FrameAccounts", "FrameToSend", "Picture"]


@dataclass(frozen=True, slots=True)
class Counts:
    """Of the frames with a sequence below `sequence`: how many were not sampled, how many dropped."""

    sequence: int
    not_sampled: int
    dropped: int


@dataclass(frozen=True, slots=True)
class Picture:
    """A sampled frame."""

    captured_ns: int
    jpeg: bytes


@dataclass(frozen=True, slots=True)
class FrameToSend:
    """A frame to be sent, with the counts for its header."""

    picture: Picture
    counts: Counts


class FrameAccounts:
    """Counts frames and holds at most one. Capture and sender are one thread each."""

    def __init__(self, *, wait: bool) -> None:
        self._wait = wait
        self._changed = threading.Condition()
        self._captured = 0
        self._not_sampled = 0
        self._dropped_at_capture = 0
        self._dropped_by_sender = 0
        self._slot: FrameToSend | None = None
        self._closed = False

    # --- the capture thread ---

    def skip(self) -> None:
        """Count the next frame, which was captured and which nobody will look at."""
        with self._changed:
            if not self._closed:
                self._captured += 1
                self._not_sampled += 1

    def drop(self) -> None:
        """Count the next frame, which was captured and was to be looked at, but has no usable picture."""
        with self._changed:
            if not self._closed:
                self._captured += 1
                self._dropped_at_capture += 1

    def offer(self, picture: Picture, stop_token: StopToken) -> None:
        """Put in the next frame, which was captured and is to be sent; with back-pressure, when there is space."""
        with self._changed:
            if self._wait:
                while self._slot is not None and not stop_token.is_set():
                    self._changed.wait(0.1)
            if self._closed:
                return
            if self._slot is not None:
                self._dropped_at_capture += 1
            # `_dropped_by_sender` is left out here: it is added when the frame is taken
            counts = Counts(self._captured, self._not_sampled, self._dropped_at_capture)
            self._captured += 1
            self._slot = FrameToSend(picture, counts)
            self._changed.notify_all()

    def close(self) -> None:
        """Take no more frames; what a hanging capture thread may still bring is not counted."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    # --- the sender ---

    def take(self, timeout_s: float) -> FrameToSend | None:
        """Take the frame to send now, or None when there is none in this time."""
        with self._changed:
            if self._slot is None and not self._closed:
                self._changed.wait(timeout_s)
            taken, self._slot = self._slot, None
            if taken is None:
                return None
            self._changed.notify_all()
            counts = taken.counts
            return FrameToSend(
                taken.picture, Counts(counts.sequence, counts.not_sampled, counts.dropped + self._dropped_by_sender)
            )

    def refuse(self) -> None:
        """Count the frame just taken as not sent after all."""
        with self._changed:
            self._dropped_by_sender += 1

    @property
    def finished(self) -> bool:
        """Whether no frame is left and none will come."""
        with self._changed:
            return self._closed and self._slot is None

    def settled(self) -> Counts:
        """Return the counts up to the first frame whose fate is open, or to the last one captured if there is none."""
        with self._changed:
            counts = self._slot.counts if self._slot is not None else self._now()
            return Counts(counts.sequence, counts.not_sampled, counts.dropped + self._dropped_by_sender)

    def totals(self) -> Counts:
        """Count everything captured so far, whatever its fate; for screens. `sequence` is the number captured."""
        with self._changed:
            now = self._now()
            return Counts(now.sequence, now.not_sampled, now.dropped + self._dropped_by_sender)

    def _now(self) -> Counts:
        return Counts(self._captured, self._not_sampled, self._dropped_at_capture)
