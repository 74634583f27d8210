"""When a network camera's picture was seen, worked out from the times in its stream. Pure: clock readings come in.

A stream says how far apart its pictures are, not what time it is. The quickest picture so far gives the difference
between the stream's clock and ours; whatever comes later than that difference says was on its way, or waited, for as
long. A picture is never taken for newer than that.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto

from lfr_core.common.errors import Retryable

__all__ = ["DRIFT", "MAX_AGE_S", "WAITED_S", "Fate", "Lateness", "StreamTimes"]

DRIFT = 100e-6
"""How much faster the difference may grow than it was: crystals of cameras are off by some 50 parts in a million."""

WAITED_S = 0.005
"""A read that takes longer waited for the camera: what it gives has just come, nothing was queued before us."""

_AHEAD_S = 10.0
_BACK_S = 1.0
"""Times that step this far on or back, against our clock, jumped; pictures out of order step back less."""
_STANDING_STILL = 25
"""So many pictures of one time: the stream has no times."""

MAX_AGE_S = 2.0
"""[proposal] How old a live picture may be where no policy is at hand: as long as the policy that we ship allows."""
CATCH_UP_S = 1.0
"""Too late for longer, and pictures between key frames aren't decoded any more; reading alone is fast."""
REOPEN_S = 6.0
"""Too late for longer, and the camera is connected again, which throws away what waits there."""


class StreamTimes:
    """Gives each picture's age. Times are seconds: `now_s` on our monotonic clock, `time_s` on the stream's."""

    def __init__(self, *, timed: bool) -> None:
        """Start with no picture read.

        `timed` is off for a stream whose times are made up by the reader (Motion JPEG over HTTP).
        """
        self.timed = timed
        self._offset_s: float | None = None
        self._now_s = self._time_s = 0.0
        self._still = 0
        self._waited_at_s: float | None = None

    def note_arrival(self, now_s: float, time_s: float | None, waited_s: float) -> None:
        """Note that a picture was read; `waited_s`: how long the read took."""
        if self._waited_at_s is None or waited_s > WAITED_S:
            self._waited_at_s = now_s
        if not self.timed:
            return
        if time_s is None:
            self._stands_still()
            return
        if self._offset_s is None:
            self._offset_s = now_s - time_s
        else:
            elapsed_s, step_s = now_s - self._now_s, time_s - self._time_s
            if step_s == 0:
                self._stands_still()
            else:
                self._still = 0
            if step_s < -_BACK_S or step_s > elapsed_s + _AHEAD_S:
                self._offset_s += elapsed_s - step_s  # as late as the one before
            else:
                self._offset_s = min(self._offset_s + elapsed_s * DRIFT, now_s - time_s)
        self._now_s, self._time_s = now_s, time_s

    def _stands_still(self) -> None:
        self._still += 1
        self.timed = self._still < _STANDING_STILL

    def age_s(self, now_s: float, time_s: float | None) -> float | None:
        """Return how long ago the picture of `time_s` was seen, at least; None where that can't be told.

        Of a stream without times: at most. Everything read since a read waited has come since then.
        """
        if not self.timed:
            return now_s - (now_s if self._waited_at_s is None else self._waited_at_s)
        if time_s is None or self._offset_s is None:
            return None
        return max(0.0, now_s - self._offset_s - time_s)


class Fate(Enum):
    """What becomes of a picture that was read."""

    DECODE = auto()
    PASS_OVER = auto()
    """Not decoded; counted as dropped."""


@dataclass(frozen=True, slots=True)
class Lateness:
    """Notices that the reader falls behind, and says what to do about it. Frozen; `step` gives the next state."""

    limit_s: float
    """Older pictures aren't live."""
    since_s: float | None = None
    """When it fell behind; None while it keeps up."""
    key_frames_only: bool = False

    def step(self, now_s: float, age_s: float, *, key_frame: bool) -> tuple[Fate, Lateness]:
        """Return the fate of a picture just read, `age_s` old, and the state for the next.

        Raises:
            Retryable: it has been behind for `REOPEN_S`: connect again.
        """
        late = age_s > self.limit_s
        if not late and (key_frame or not self.key_frames_only):
            return Fate.DECODE, Lateness(self.limit_s)
        since_s = now_s if self.since_s is None else self.since_s
        if now_s - since_s > REOPEN_S:
            raise Retryable(f"its pictures come {age_s:.1f} s late, or its own clock runs slow")
        only = self.key_frames_only or now_s - since_s > CATCH_UP_S
        fate = Fate.PASS_OVER if only and not key_frame else Fate.DECODE
        return fate, Lateness(self.limit_s, since_s, only)
