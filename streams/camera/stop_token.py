"""Stops one camera without stopping those that share its caller's event."""

from __future__ import annotations

import threading
import time

__all__ = ["StopToken"]

_SLICE_S = 0.1


class StopToken:
    """Set when this run was asked to end, by itself or by its caller's event, which it never sets."""

    def __init__(self, outer: threading.Event | None = None) -> None:
        self._outer = outer or threading.Event()
        self._own = threading.Event()

    def set(self) -> None:
        """End this run."""
        self._own.set()

    def is_set(self) -> bool:
        return self._own.is_set() or self._outer.is_set()

    def wait(self, timeout_s: float) -> bool:
        """Wait so long, or until set, which is seen within a tenth of a second; whether it is set."""
        deadline = time.monotonic() + timeout_s
        while not self.is_set():
            left = deadline - time.monotonic()
            if left <= 0:
                return False
            self._own.wait(min(left, _SLICE_S))
        return True
