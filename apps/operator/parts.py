"""Which parts of the platform run and answer nothing, as the supervisor sees them, in words for officers."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path

from apps.supervisor.children import ChildState
from apps.supervisor.state import read_state
from lfr_core.common.errors import Fatal

__all__ = ["SilentPart", "read_silent_parts"]

_WORDS = {
    "recognise": "the recogniser",
    "record": "the recorder",
    "broker": "the message broker",
    "gallery": "the gallery",
}
"""By the first word of the child's name. The page asks the vault itself; without the rest people are still seen."""


@dataclass(frozen=True, slots=True)
class SilentPart:
    """A part that frames pass through, and that isn't ready."""

    name: str
    """As people say it."""
    since_ns: int
    """Wall time, nanoseconds since the epoch."""


def read_silent_parts(home: Path) -> tuple[SilentPart, ...]:
    """Read which parts aren't ready; none where no supervisor runs here, or what it wrote can't be read."""
    try:
        state = read_state(home)
    except Fatal:
        return ()
    if state is None or not state.is_alive():
        return ()
    if state.trouble:
        return (SilentPart("the watch over all parts", round((time.time() - state.silent_s) * 1e9)),)
    return tuple(
        SilentPart(word, child.since_ns)
        for child in state.children
        if (word := _WORDS.get(child.name.partition("-")[0])) and child.check_state() is not ChildState.READY
    )
