"""Time is passed in, so that tests own it."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Final, Protocol

__all__ = ["Clock", "SystemClock", "utc_from_ns"]


class Clock(Protocol):
    """Where the time comes from."""

    def time_ns(self) -> int:
        """Return the wall time in nanoseconds since the Unix epoch."""
        ...

    def monotonic(self) -> float:
        """Return the seconds of a clock that never goes back, nor stands while the machine sleeps.

        Only differences mean anything.
        """
        ...


_SINCE_BOOT: Final = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)
"""Linux: CLOCK_MONOTONIC stands while the machine sleeps, and what is kept for seconds would outlive the night."""


class SystemClock:
    """The machine's own clocks."""

    def time_ns(self) -> int:
        return time.time_ns()

    def monotonic(self) -> float:
        return time.clock_gettime(_SINCE_BOOT)


def utc_from_ns(time_ns: int) -> datetime:
    """Return the aware UTC datetime of `time_ns` (nanoseconds since the epoch), to the microsecond."""
    return datetime.fromtimestamp(time_ns // 1_000 / 1e6, tz=UTC)
