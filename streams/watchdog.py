"""Ends a worker that lives while its lag grows.

A Faust worker can live on without consuming: denied by ACLs, or hanging in Faust (docs/facts.md#faust-and-kafka).
Nothing it says of itself can be trusted then, so the watchdog judges by what was consumed: if records
wait in the worker's partitions and nothing has been processed for a while, the process ends, and the
supervisor starts another. Nothing is lost: what wasn't acknowledged is delivered again.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from lfr_core.common.errors import LfrError
from lfr_core.common.logs import get_logger

__all__ = ["Heartbeat", "StallRule", "Watchdog"]

EXIT_STALLED = 71
EMPTY_FOR = 3
"""Rounds that are left out after one in which nothing waited: each asks the broker with a login of its own."""


class Heartbeat:
    """When the worker last did something."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._last = monotonic()

    def record(self) -> None:
        self._last = self._monotonic()

    @property
    def age_s(self) -> float:
        return self._monotonic() - self._last


@dataclass(frozen=True, slots=True)
class StallRule:
    """When a worker counts as stalled. Pure."""

    silent_s: float = 30.0
    """Seconds without a heartbeat while records wait. The longest honest batch takes 2 s."""
    unassigned_s: float = 90.0
    """Seconds without any partition, from the start: a group's first balance takes 6 s."""

    def reason(self, *, lag: int | None, silent_s: float, assigned: bool, up_s: float) -> str | None:
        """Return why the worker must end, or None. `lag` is None while it can't be measured."""
        if not assigned and up_s > self.unassigned_s:
            return f"no partition was given to it in {up_s:.0f} s"
        if assigned and lag and silent_s > self.silent_s:
            return f"{lag} records wait and nothing was processed for {silent_s:.0f} s"
        return None


class Watchdog(threading.Thread):
    """Asks the rule every few seconds, from a thread of its own: the event loop may be what hangs."""

    def __init__(
        self,
        *,
        heartbeat: Heartbeat,
        lag: Callable[[], int],
        assigned: Callable[[], bool],
        rule: StallRule | None = None,
        every_s: float = 5.0,
        end: Callable[[int], None] = os._exit,
    ) -> None:
        super().__init__(name="watchdog", daemon=True)
        self._heartbeat = heartbeat
        self._lag = lag
        self._assigned = assigned
        self._rule = rule or StallRule()
        self._every_s = every_s
        self._end = end
        self._not_before = 0.0
        self._stop_event = threading.Event()

    def stop(self) -> None:
        self._stop_event.set()

    def run(self) -> None:
        started = time.monotonic()
        while not self._stop_event.wait(self._every_s):
            assigned = self._assigned()
            reason = self._rule.reason(
                lag=self._measure_lag() if assigned and self._may_stall() else 0,
                silent_s=self._heartbeat.age_s,
                assigned=assigned,
                up_s=time.monotonic() - started,
            )
            if reason:
                get_logger().error("worker_stalled", reason=reason)
                self._end(EXIT_STALLED)

    def _may_stall(self) -> bool:
        """Return whether it has been silent so long that the broker is asked; where nothing waited, less often."""
        return self._heartbeat.age_s > self._rule.silent_s and time.monotonic() >= self._not_before

    def _measure_lag(self) -> int | None:
        try:
            found = self._lag()
            self._not_before = time.monotonic() + (0 if found else EMPTY_FOR * self._every_s)
            return found
        except LfrError:  # the broker is away: not this worker's fault
            return None
