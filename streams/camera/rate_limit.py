"""Limits how often something is logged, instead of at every frame."""

from __future__ import annotations

import logging

from lfr_core.common.clock import Clock

__all__ = ["RateLimiter", "silence_kafka_logs"]


class RateLimiter:
    """Lets one through each `every_s` seconds."""

    def __init__(self, clock: Clock, every_s: float) -> None:
        self._clock = clock
        self._every_s = every_s
        self._last: float | None = None

    def allow(self) -> bool:
        """Return whether the interval is over; if so, start the next one."""
        now = self._clock.monotonic()
        if self._last is not None and now - self._last < self._every_s:
            return False
        self._last = now
        return True


def silence_kafka_logs() -> None:
    """Keep kafka-python's lines, thousands in an outage, out of the log (docs/facts.md#brokers); ours suffice."""
    logging.getLogger("kafka").setLevel(logging.CRITICAL)
