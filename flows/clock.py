"""Where flows get their time from: one function, so that a test can move the clock of flows that run in its process."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from lfr_core.common.clock import Clock, SystemClock

__all__ = ["now_source", "using"]

_SYSTEM = SystemClock()
_given: ContextVar[Clock] = ContextVar("flows_clock", default=_SYSTEM)


def now_source() -> Clock:
    """The machine's clock, unless a test is `using` another."""
    return _given.get()


@contextmanager
def using(clock: Clock) -> Iterator[None]:
    """Give flows called in this block `clock`. For tests."""
    token = _given.set(clock)
    try:
        yield
    finally:
        _given.reset(token)
