"""Signals that ask a process to stop become an exception in its main thread, so that `with` blocks end in order."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

__all__ = ["StopAsked", "stop_on_signals"]

_ASKING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class StopAsked(BaseException):
    """Somebody asked us to stop: Ctrl-C, `lfr down`, or the terminal closed. Not an error."""


@contextmanager
def stop_on_signals() -> Iterator[None]:
    """Raise StopAsked in the body at SIGINT, SIGTERM or SIGHUP.

    Once: while the stop is under way a second signal has its usual effect, so that an impatient second Ctrl-C
    ends the process at once (its children are then killed).
    """
    before = {number: signal.getsignal(number) for number in _ASKING}

    def restore() -> None:
        for number, handler in before.items():
            signal.signal(number, handler)

    def asked(_number: int, _frame: FrameType | None) -> None:
        restore()
        raise StopAsked

    for number in _ASKING:
        signal.signal(number, asked)
    try:
        yield
    finally:
        restore()
