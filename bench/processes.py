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
    ("apps.vault", "vault"),
    ("flows.prefect_server", "workflow server"),
    ("flows.serve", "flows"),
    ("flows.purge", "purge"),
    ("prefect.engine", "sweep"),
    ("apps.identity", "identity server"),
    ("apps.public", "public site"),
    ("streamlit", "pages"),
    ("apps.staff", "pages"),
    ("apps.watch", "watch"),
    ("apps.supervisor", "supervisor"),
)


def kind_of(command: str) -> str:
    """Say what a process is, by its command line."""
    return next((kind for word, kind in _KINDS if word in command), "other")


class ProcessorTimes:
    """Adds up user and system seconds of all descendants by kind, while it is entered; with `root`, its own too."""

    def __init__(self, root: psutil.Process | None = None) -> None:
        self._roots = () if root is None else (root,)
        self._parent = root or psutil.Process()
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

    def start_anew(self) -> None:
        """Count from now on: what starting cost is left out."""
        self._look()
        self._first = {key: used for key, (_, used) in self._last.items()}

    @property
    def seconds(self) -> Mapping[str, float]:
        """Processor seconds by kind, the dearest first."""
        total: dict[str, float] = defaultdict(float)
        for key, (kind, last) in self._last.items():
            total[kind] += last - self._first.get(key, 0.0)
        return dict(sorted(total.items(), key=lambda each: -each[1]))

    def _run(self) -> None:
        while not self._stop.wait(_EVERY_S):
            self._look()

    def _look(self) -> None:
        began = not self._last
        for process in (*self._roots, *self._parent.children(recursive=True)):
            with suppress(psutil.Error):
                key = (process.pid, process.create_time())
                times = process.cpu_times()
                used = times.user + times.system
                self._first.setdefault(key, used if began else 0.0)
                self._last[key] = kind_of(" ".join(process.cmdline())), used
