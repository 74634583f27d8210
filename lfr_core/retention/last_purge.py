"""When a purge of this installation last ended, who ran it, what it couldn't reach, and why a later one wasn't begun.

Two files in the home folder, so that people are told also while the records are away. The first only a purge writes
whose every step ran: the supervisor's purge looks whether its text changes, on a clock that nobody sets; the times in
both are for people.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from contextlib import suppress
from enum import StrEnum
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

__all__ = [
    "EndedPurge",
    "Purger",
    "RefusedPurge",
    "ended_file",
    "read_ended",
    "read_refused",
    "write_ended",
    "write_refused",
]

_MOST_BYTES = 16_384
_MOST_WORDS = 500
"""Of one reason, characters."""
_MOST_NAMED = 5
_LONGEST_NAME = 100

_Said = TypeVar("_Said", bound=BaseModel)


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
    not_reached: dict[str, str] = {}
    """Why a step couldn't do all of its work, by its name."""
    since_ns: dict[str, int] = {}
    """Since when it couldn't, purge after purge; wall time."""
    unknown: dict[str, tuple[str, ...]] = {}
    """Names of what lies on no record, some of them; by the place (`lfr_core.retention.unknown_files`)."""
    unknown_count: dict[str, int] = {}


class RefusedPurge(BaseModel):
    """A purge that couldn't be begun: the clock isn't trusted, or the disk is full."""

    model_config = ConfigDict(frozen=True)

    by: Purger
    at_ns: int
    """Wall time."""
    why: str


def ended_file(home: Path) -> Path:
    return home / "retention.ended"


def _refused_file(home: Path) -> Path:
    return home / "retention.refused"


def write_ended(
    home: Path,
    by: Purger,
    now_ns: int,
    not_reached: Mapping[str, str] | None = None,
    unknown: Mapping[str, Sequence[str]] | None = None,
) -> None:
    """Say that a purge has ended; whole or not at all. Raises OSError."""
    failed = {step: why[:_MOST_WORDS] for step, why in (not_reached or {}).items()}
    before, strange = read_ended(home), unknown or {}
    since = {} if before is None else {step: before.since_ns.get(step, before.ended_ns) for step in before.not_reached}
    ended = EndedPurge(
        by=by,
        ended_ns=now_ns,
        pid=os.getpid(),
        not_reached=failed,
        since_ns={step: since.get(step, now_ns) for step in failed},
        unknown={
            place: tuple(name[:_LONGEST_NAME] for name in names[:_MOST_NAMED]) for place, names in strange.items()
        },
        unknown_count={place: len(names) for place, names in strange.items()},
    )
    _write(ended_file(home), ended)
    _refused_file(home).unlink(missing_ok=True)


def write_refused(home: Path, by: Purger, now_ns: int, why: str) -> None:
    """Say why a purge wasn't begun, if the disk takes it."""
    with suppress(OSError):
        _write(_refused_file(home), RefusedPurge(by=by, at_ns=now_ns, why=why[:_MOST_WORDS]))


def read_ended(home: Path) -> EndedPurge | None:
    """Read the last purge that ended; None if there was none, or the file doesn't say."""
    return _read(ended_file(home), EndedPurge)


def read_refused(home: Path) -> RefusedPurge | None:
    """Read the last purge that couldn't be begun, if none has ended since."""
    return _read(_refused_file(home), RefusedPurge)


def _write(file: Path, said: BaseModel) -> None:
    fresh = file.with_name(f"{file.name}.{os.getpid()}.new")
    try:
        fresh.write_text(said.model_dump_json(), encoding="utf-8")
        fresh.replace(file)
    finally:
        fresh.unlink(missing_ok=True)


def _read(file: Path, kind: type[_Said]) -> _Said | None:
    try:
        with file.open("rb") as stream:
            return kind.model_validate_json(stream.read(_MOST_BYTES))
    except (OSError, ValidationError):
        return None
