"""Where the time goes: seconds per stage, added up over a batch."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager

from lfr_core.common.clock import Clock
from lfr_core.domain.messages import StageTime

__all__ = ["Stopwatch"]


class Stopwatch:
    """Adds up the time spent in named stages. Not for several threads at once."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._calls: dict[str, int] = defaultdict(int)
        self._seconds: dict[str, float] = defaultdict(float)

    @contextmanager
    def stage(self, name: str, calls: int = 1) -> Iterator[None]:
        """Measure the body's time as `calls` calls of stage `name`."""
        started = self._clock.monotonic()
        try:
            yield
        finally:
            self._calls[name] += calls
            self._seconds[name] += self._clock.monotonic() - started

    def take(self) -> tuple[StageTime, ...]:
        """Return the stages so far, in the order they were first met, and start again from nothing."""
        times = tuple(
            StageTime(stage=name, calls=self._calls[name], total_ms=seconds * 1e3)
            for name, seconds in self._seconds.items()
        )
        self._calls.clear()
        self._seconds.clear()
        return times
