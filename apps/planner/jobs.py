"""Work that takes longer than a page is drawn: done in a thread, looked at by whoever comes by, whatever is clicked."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Generic, Protocol, TypeVar

import structlog

from lfr_core.common.counts import counted
from lfr_core.common.errors import Fatal, LfrError

__all__ = ["Job", "Jobs", "Progress", "words_of_progress", "words_of_time_left"]

_PACE_AFTER_S = 5.0
"""Until then loading the models would count as pace."""

T = TypeVar("T")
_log = structlog.get_logger(__name__)


class Progress(Protocol):
    """What work tells of itself."""

    def __call__(self, done: int, total: int, /) -> None:
        """Say how many are done, and of how many."""
        ...

    def begin(self, step: str) -> None:
        """Say what is being done, before there is anything to count."""
        ...


@dataclass(slots=True)
class Job(Generic[T]):
    """One piece of work, as it stands."""

    title: str
    by: str
    """The name of whoever began it."""
    step: str = ""
    """What is being done before, or while, there is nothing to count."""
    done: int = 0
    total: int = 0
    began_s: float = field(default_factory=time.monotonic)
    over: bool = False
    result: T | None = None
    error: LfrError | None = None


@dataclass(frozen=True, slots=True)
class _Told(Generic[T]):
    job: Job[T]

    def __call__(self, done: int, total: int, /) -> None:
        self.job.done, self.job.total = done, total

    def begin(self, step: str) -> None:
        self.job.step = step


def words_of_progress(job: Job[T], elapsed_s: float) -> str:
    """Say what a list's check or compile is at: by photographs once they are counted, before that by what is begun."""
    if not job.total:
        return f"{job.title}: {job.step or 'reading the rows'}, for {max(0, round(elapsed_s))} s"
    if job.done >= job.total:
        return f"{job.title}: all read of {counted(job.total, 'photograph')}, the rest is being done"
    left = words_of_time_left(job.done, job.total, elapsed_s)
    return f"{job.title}: photograph {job.done + 1:,} of {job.total:,}{left}"


def words_of_time_left(done: int, total: int, elapsed_s: float) -> str:
    """Say how long it takes yet, at the pace so far; "" while that can't be told."""
    if not 0 < done < total or elapsed_s < _PACE_AFTER_S:
        return ""
    left_s = elapsed_s / done * (total - done)
    minutes = math.ceil(left_s / 60)
    return ", less than a minute left" if minutes <= 1 else f", about {counted(minutes, 'minute')} left"


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
    try:
        job.result = work(_Told(job))
    except LfrError as error:
        job.error = error
    except Exception as error:  # noqa: BLE001  a thread without a reader: its page says so, the log says what
        _log.exception("planner.job-broke")
        job.error = Fatal(f"it broke off ({type(error).__name__}): tell whoever runs the system, and begin it again")
    finally:
        job.over = True
