"""How much room is left on a disk, and from when on that is said."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

__all__ = ["MEND", "DiskRoom", "measure_rooms", "say_too_little_room"]

_GIB, _MIB = 1 << 30, 1 << 20
_LEAST, _ENOUGH = 1 * _GIB, 5 * _GIB  # a day of alerts is megabytes; Kafka and Milvus break on a full disk
MEND = "make free space, or set LFR_HOME to a larger disk"


@dataclass(frozen=True, slots=True)
class DiskRoom:
    """What is free under a folder."""

    folder: Path
    free: int
    """Bytes."""

    @property
    def is_too_little(self) -> bool:
        """Return whether services will break, if not at once."""
        return self.free < _LEAST

    @property
    def is_enough(self) -> bool:
        return self.free >= _ENOUGH

    @property
    def words(self) -> str:
        """Return it in words, in the unit that leaves a number to read."""
        free = f"{self.free / _GIB:.1f} GiB" if self.free >= _LEAST else f"{self.free // _MIB} MiB"
        return f"{free} free under {self.folder}"


def measure_rooms(*folders: Path) -> list[DiskRoom]:
    """Measure each disk once, under the first of the `folders` (or the nearest one above that exists) on it.

    Raises:
        OSError: one can't be asked.
    """
    found: dict[int, DiskRoom] = {}
    for folder in folders:
        there = folder
        while not there.exists() and there != there.parent:
            there = there.parent
        found.setdefault(there.stat().st_dev, DiskRoom(folder, shutil.disk_usage(there).free))
    return list(found.values())


def say_too_little_room(*folders: Path) -> str:
    """Return that a disk is nearly full, what comes of it and what to do; "" where each has enough to go on."""
    try:
        short = [room.words for room in measure_rooms(*folders) if room.is_too_little]
    except OSError as error:
        return f"nobody knows how full the disk is: {error.strerror}"
    if not short:
        return ""
    return f"the disk is nearly full ({', '.join(short)}): once it is full nothing new is recorded. To mend it, {MEND}"
