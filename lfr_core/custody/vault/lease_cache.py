"""Keys lent by the vault to a camera or a worker: dropped when their lease is over, by a thread of their own.

So a camera whose source hangs, or a worker that waits for a gallery, holds no key longer than half a second beyond
its lease. Python can't overwrite the bytes; nothing refers to them any more.
"""

from __future__ import annotations

import threading
import time
import weakref
from collections import OrderedDict
from typing import Any, Generic, TypeVar

from lfr_core.common.clock import Clock
from lfr_core.custody.vault.port import FrameKey, RecordKey

__all__ = ["Leases"]

_DROP_EVERY_S = 0.25
_IN_USE_S = 0.25
"""A key asked for at the last moment of its lease may still seal the frame in hand."""


Key = TypeVar("Key", bound=FrameKey | RecordKey)


class Leases(Generic[Key]):
    """The newest of the keys lent to one part of the program. Safe to use from several threads."""

    def __init__(self, clock: Clock, most: int) -> None:
        self._clock = clock
        self._most = most
        self._lock = threading.Lock()
        self._lent: OrderedDict[str, tuple[Key, float]] = OrderedDict()
        _dropper.watch(self)

    def put(self, name: str, key: Key, until: float) -> None:
        """Keep a key under a name until a moment of the monotonic clock; of too many the least used goes."""
        with self._lock:
            self._lent[name] = (key, until)
            self._lent.move_to_end(name)
            while len(self._lent) > self._most:
                self._lent.popitem(last=False)

    def get(self, name: str) -> tuple[Key, float] | None:
        """Return the key and until when it is lent, if it is still here: look at the time before it is used."""
        with self._lock:
            if name in self._lent:
                self._lent.move_to_end(name)
            return self._lent.get(name)

    def drop_ended(self) -> None:
        """Forget the keys whose lease is over."""
        now = self._clock.monotonic()
        with self._lock:
            for name in [name for name, (_, until) in self._lent.items() if now >= until + _IN_USE_S]:
                del self._lent[name]

    def clear(self) -> None:
        """Forget them all."""
        with self._lock:
            self._lent.clear()

    def __len__(self) -> int:
        return len(self._lent)


class _Dropper:
    """One thread a process, begun with the first lease."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._watched: weakref.WeakSet[Leases[Any]] = weakref.WeakSet()
        self._thread: threading.Thread | None = None

    def watch(self, leases: Leases[Any]) -> None:
        with self._lock:
            self._watched.add(leases)
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="vault-leases", daemon=True)
                self._thread.start()

    def _run(self) -> None:
        while True:
            time.sleep(_DROP_EVERY_S)
            self._drop()

    def _drop(self) -> None:
        with self._lock:
            watched = list(self._watched)
        for each in watched:
            each.drop_ended()


_dropper = _Dropper()
