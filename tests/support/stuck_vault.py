"""A vault of which one place is stuck for as long as a test wants."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

from lfr_core.common.errors import LfrError

__all__ = ["LONG_S", "Stuck", "done", "ended"]

LONG_S = 20.0
"""Far more than anything here takes on a busy machine; what waits for the database waits longer."""


class Stuck:
    """Calls that don't return before the test ends."""

    def __init__(self) -> None:
        self.reached = threading.Event()
        self.released = threading.Event()

    def wrap(self, call: Callable[..., Any]) -> Callable[..., Any]:
        def waits(*args: Any, **kwargs: Any) -> Any:
            self.reached.set()
            assert self.released.wait(60)
            return call(*args, **kwargs)

        return waits


def done(threads: ThreadPoolExecutor, act: Callable[[], object]) -> object:
    """What it gives, in a thread: one that waits is an error instead of a test that hangs."""
    return threads.submit(act).result(LONG_S)


def ended(asked: Future[Any], stuck: Stuck) -> LfrError | None:
    stuck.released.set()
    error = asked.exception(LONG_S)
    assert error is None or isinstance(error, LfrError)
    return error
