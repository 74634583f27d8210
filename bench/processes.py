"""Processor seconds of each kind of process below this one: who costs what in a run."""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Mapping
from contextlib import suppress
from types import TracebackType
from typing import Final, Self

import psutil

__all__ = ["ProcessorTimes", "kind_of"]

_EVERY_S: Final = 0.5
"""How often it looks: what a process used after the last look before its end is missing."""
_KINDS: Final = (
    ("recognise", "recognition"),
    ("streams.worker record", "recorder"),
    ("camera", "cameras"),
    ("kafka.Kafka", "broker"),
    ("milvus", "gallery"),
    ("vault", "vault"),
    ("prefect", "workflows"),
    ("flows", "workflows"),
    ("streamlit", "pages"),
    ("apps.staff", "pages"),
    ("apps.watch", "watch"),
)


def kind_of(command: str) -> str:
    """Say what a process is, by its command line."""
    return next((kind for word, kind in _KINDS if word in command), "other")


class ProcessorTimes:
    """Adds up user and system seconds of all descendants by kind, while it is entered."""

    def __init__(self) -> None:
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True, name="processor-times")
        self._first: dict[tuple[int, float], float] = {}
        self._last: dict[tuple[int, float], tuple[str, float]] = {}

    def __enter__(self) -> Self:
        self._look()
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        self._thread.join()
        self._look()

    @property
    def seconds(self) -> Mapping[str, float]:
        """Processor seconds by kind, the dearest first."""
        total: dict[str, float] = defaultdict(float)
        for key, (kind, last) in self._last.items():
            total[kind] += last - self._first[key]
        return dict(sorted(total.items(), key=lambda each: -each[1]))

    def _run(self) -> None:
        while not self._stop.wait(_EVERY_S):
            self._look()

    def _look(self) -> None:
        began = not self._last
        for process in psutil.Process().children(recursive=True):
            with suppress(psutil.Error):
                key = (process.pid, process.create_time())
                times = process.cpu_times()
                used = times.user + times.system
                self._first.setdefault(key, used if began else 0.0)
                self._last[key] = kind_of(" ".join(process.cmdline())), used
