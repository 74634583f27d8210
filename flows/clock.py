"""Gives flows their clock, so that a test can move the time of flows that run in its process."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from lfr_core.common.clock import Clock, SystemClock

__all__ = ["current_clock", "use_clock"]

_SYSTEM = SystemClock()
_given: ContextVar[Clock] = ContextVar("flows_clock", default=_SYSTEM)


def current_clock() -> Clock:
    """Return the machine's clock, unless a test has given another by `use_clock`."""
    return _given.get()


@contextmanager
def use_clock(clock: Clock) -> Iterator[None]:
    """Give flows called in this block `clock`. For tests."""
    token = _given.set(clock)
    try:
        yield
    finally:
        _given.reset(token)
