"""A working folder that one process at a time has, and that a process killed in mid-work doesn't leave behind."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock

__all__ = ["scratch_folder"]


@contextmanager
def scratch_folder(parent: Path, name: str) -> Iterator[Path]:
    """Make an empty folder `parent/name`, removed at the end; wait for another process that is using it.

    What a killed process left there is removed first: the lock dies with its holder, so nobody else is in it.

    Raises:
        OSError: `parent` can't be written.
    """
    parent.mkdir(parents=True, exist_ok=True)
    folder = parent / name
    with FileLock(parent / f"{name}.lock", thread_local=False, fallback_to_soft=False):
        if folder.exists():
            shutil.rmtree(folder)
        folder.mkdir()
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)
