"""What a process of `lfr up` does differently until it has started. Standard library only.

Its imports make hundreds of thousands of objects that stay: looking through them for garbage again and again took a
seventh of their time. So the collector is asked less often until `end_start`, and what is there by then is left out of
later looks.

One that comes after others imports what it needs while these start, and begins when they are ready
(`wait_to_begin`): on a machine with two cores nobody waits for anybody then.
"""

from __future__ import annotations

import gc
import importlib
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import Final

__all__ = [
    "STARTING",
    "WAITS",
    "begin_start",
    "collect_seldom",
    "end_start",
    "leave_out",
    "load_when_used",
    "wait_to_begin",
]

STARTING: Final = "OPENLFR_STARTING"
"""Set to 1 in the environment of a process that calls `end_start`; what it starts itself isn't given it."""
WAITS: Final = "OPENLFR_WAITS_TO_BEGIN"
"""Set to 1 in the environment of a process that calls `wait_to_begin`: its standard input ends when it may."""
_RARELY: Final = (50_000, 50, 1_000)
_usual: list[tuple[int, int, int]] = []
"""How often it was before; empty while no start is under way."""
_waits: list[str] = []
"""Not empty: this process hasn't begun yet."""


def begin_start() -> None:
    """Ask the collector less often, where the environment says that this process is starting."""
    if os.environ.pop(WAITS, "") == "1":
        _waits.append(WAITS)
    if os.environ.pop(STARTING, "") == "1" and not _usual:
        _usual.append(gc.get_threshold())
        gc.set_threshold(*_RARELY)


def end_start() -> None:
    """Ask the collector as often as usual again; what is there now is looked at no more. Nothing without a beginning.

    Called when what stays has been imported, and before anything of a deployment is read.
    """
    if _usual:
        gc.collect()
        gc.freeze()
        gc.set_threshold(*_usual.pop())


def wait_to_begin() -> None:
    """Return when those that this process comes after are ready; at once where nobody said that it waits.

    Called when everything is imported, and before anything is asked of them or of the home folder.
    """
    while _waits:
        if not os.read(0, 1):  # the supervisor has closed it, or is gone, and then this process is killed
            _waits.clear()


@contextmanager
def leave_out(module: str) -> Iterator[None]:
    """Keep `module` from being imported within the block, unless it is there: for what a library can do without."""
    if module in sys.modules:
        yield
        return
    sys.modules[module] = None  # type: ignore[assignment]  # as the import system documents it
    try:
        yield
    finally:
        if sys.modules.get(module, module) is None:
            del sys.modules[module]


@contextmanager
def load_when_used(package: str, name: str) -> Iterator[None]:
    """Let what is imported within the block have the module `name` of `package` without loading it.

    It is loaded when something of it is asked for. For what imports a large library for one function that nobody calls.
    """
    parent = importlib.import_module(package)
    if f"{package}.{name}" in sys.modules:
        yield
        return
    later = _Later(f"{package}.{name}")
    setattr(parent, name, later)  # `from package import name` takes it from there; other threads' works all the same
    try:
        yield
    finally:
        if vars(parent).get(name) is later:
            delattr(parent, name)


class _Later(ModuleType):
    """Stands for a module until something of it is asked for."""

    def __getattr__(self, name: str) -> object:
        return getattr(importlib.import_module(self.__name__), name)


@contextmanager
def collect_seldom() -> Iterator[None]:
    """Ask the collector less often within the block, which imports a large library."""
    usual = gc.get_threshold()
    gc.set_threshold(*max(usual, _RARELY))
    try:
        yield
    finally:
        gc.set_threshold(*usual)
