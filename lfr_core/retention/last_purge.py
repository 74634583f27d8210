"""When a purge of this installation last ended, and who ran it: a file that only a purge writes whose every step ran.

The supervisor's purge looks whether the text changes, on a clock that nobody sets; the time in it is for people.
"""

from __future__ import annotations

import os
from enum import StrEnum
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

__all__ = ["EndedPurge", "Purger", "ended_file", "read_ended", "write_ended"]

_MOST_BYTES = 4096


class Purger(StrEnum):
    """Who runs a purge."""

    FLOW = "the retention flow"
    SUPERVISOR = "the supervisor"
    COMMAND = "a person's command"


class EndedPurge(BaseModel):
    """The last purge that ended."""

    model_config = ConfigDict(frozen=True)

    by: Purger
    ended_ns: int
    """Wall time."""
    pid: int


def ended_file(home: Path) -> Path:
    return home / "retention.ended"


def write_ended(home: Path, by: Purger, now_ns: int) -> None:
    """Say that a purge has ended; whole or not at all. Raises OSError."""
    file = ended_file(home)
    fresh = file.with_name(f"{file.name}.new")  # one purge at a time writes: it holds the lock
    fresh.write_text(EndedPurge(by=by, ended_ns=now_ns, pid=os.getpid()).model_dump_json(), encoding="utf-8")
    fresh.replace(file)


def read_ended(home: Path) -> EndedPurge | None:
    """The last purge that ended; None if there was none, or the file doesn't say."""
    try:
        with ended_file(home).open("rb") as file:
            return EndedPurge.model_validate_json(file.read(_MOST_BYTES))
    except (OSError, ValidationError):
        return None
