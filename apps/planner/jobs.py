"""Work that takes longer than a page is drawn: done in a thread, looked at by whoever comes by, whatever is clicked."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Generic, TypeAlias, TypeVar

import structlog

from lfr_core.common.errors import Fatal, LfrError

__all__ = ["Job", "Jobs", "Progress", "words_of_time_left"]

_PACE_AFTER_S = 5.0
"""Until then loading the models would count as pace."""

Progress: TypeAlias = Callable[[int, int], None]
"""Called with how many are done, and of how many."""
T = TypeVar("T")
_log = structlog.get_logger(__name__)


@dataclass(slots=True)
class Job(Generic[T]):
    """One piece of work, as it stands."""

    title: str
    by: str
    """The name of whoever began it."""
    done: int = 0
    total: int = 0
    began_s: float = field(default_factory=time.monotonic)
    over: bool = False
    result: T | None = None
    error: LfrError | None = None


def words_of_time_left(done: int, total: int, elapsed_s: float) -> str:
    """Say how long it takes yet, at the pace so far; "" while that can't be told."""
    if not 0 < done < total or elapsed_s < _PACE_AFTER_S:
        return ""
    left_s = elapsed_s / done * (total - done)
    minutes = math.ceil(left_s / 60)
    return ", less than a minute left" if minutes <= 1 else f", about {minutes:,} minutes left"


class Jobs(Generic[T]):
    """One at a time for each key; what came of the last is kept until it is forgotten or another begins."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._jobs: dict[str, Job[T]] = {}

    def start(self, key: str, title: str, work: Callable[[Progress], T], *, by: str) -> bool:
        """Begin, unless one runs under that key already. Returns whether it began."""
        job: Job[T] = Job(title, by)
        with self._lock:
            if key in self._jobs and not self._jobs[key].over:
                return False
            self._jobs[key] = job
        threading.Thread(target=_run, args=(job, work), name=f"planner-job-{key}", daemon=True).start()
        return True

    def find(self, key: str) -> Job[T] | None:
        """Return the one under that key, running or over."""
        with self._lock:
            return self._jobs.get(key)

    def forget(self, key: str) -> None:
        """Keep nothing of one that is over."""
        with self._lock:
            if key in self._jobs and self._jobs[key].over:
                del self._jobs[key]


def _run(job: Job[T], work: Callable[[Progress], T]) -> None:
    def progress(done: int, total: int) -> None:
        job.done, job.total = done, total

    try:
        job.result = work(progress)
    except LfrError as error:
        job.error = error
    except Exception as error:  # noqa: BLE001  a thread without a reader: its page says so, the log says what
        _log.exception("planner.job-broke")
        job.error = Fatal(f"it broke off ({type(error).__name__}): tell whoever runs the system, and begin it again")
    finally:
        job.over = True
