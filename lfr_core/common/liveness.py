"""A process says that it is ready and that it lives: a file with its number, touched every few seconds."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from lfr_core.common.starting import end_start

__all__ = ["STALE_AFTER_S", "TOUCH_EVERY_S", "LivenessFile"]

TOUCH_EVERY_S: Final = 2.0
STALE_AFTER_S: Final = 8.0
"""A process that hasn't touched its file for so long hangs, or was stopped; longer than a busy machine's pauses."""


class LivenessFile:
    """The file of one process. Whoever supervises the process asks `is_of` and `is_fresh`."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def say_ready(self) -> None:
        """Write this process's number: its start is over. Raises OSError."""
        end_start()
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self.path.write_text(str(os.getpid()), encoding="ascii")

    def touch(self) -> None:
        """Say that this process lives, if it has said that it is ready."""
        with suppress(OSError):
            os.utime(self.path)

    def remove(self) -> None:
        """Say that it isn't ready, or no longer."""
        with suppress(OSError):
            self.path.unlink(missing_ok=True)

    @contextmanager
    def kept_fresh(self) -> Iterator[None]:
        """Say ready, touch from a thread for as long as the block runs, and remove.

        For a process whose work may rightly last longer than the file may grow old. Raises OSError.
        """
        self.say_ready()
        over = threading.Event()

        def touch() -> None:
            while not over.wait(TOUCH_EVERY_S):
                self.touch()

        thread = threading.Thread(target=touch, name="liveness", daemon=True)
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join()
            self.remove()

    def is_of(self, pid: int) -> bool:
        """Return whether that process wrote it: one left by an earlier process doesn't count."""
        try:
            return int(self.path.read_text(encoding="ascii")) == pid
        except (OSError, ValueError):
            return False

    def is_fresh(self) -> bool:
        """Return whether it was touched lately. A clock that is set back makes it fresh for as long as that."""
        try:
            return time.time() - self.path.stat().st_mtime <= STALE_AFTER_S
        except OSError:
            return False
