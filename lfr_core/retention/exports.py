"""Pictures in the clear, written out for a person: one private folder, and each export in it has its end.

`exports/20261204T143000Z-NAME` in the home folder goes at that time (UTC). While it is written its name begins with a
dot and its folder is locked (flock); the system lets go of the lock however the process ends. So what has a dot and no
lock was left by a process that was killed, and goes at once: the sweep sees to both, and so does each later export.
"""

from __future__ import annotations

import errno
import fcntl
import os
import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from lfr_core.common.clock import utc_from_ns
from lfr_core.common.errors import Fatal, Refused, Retryable
from lfr_core.common.owned_file import is_own_folder
from lfr_core.retention.folders import Tree, entries, measure_tree, remove_tree

__all__ = ["Export", "Exports", "find_unknown_exports", "write_picture"]

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_TIME = "%Y%m%dT%H%M%SZ"
_TRIES = 5  # to lock a folder that was just made: a sweep may have taken it for one that was left
_FULL = frozenset({errno.ENOSPC, errno.EDQUOT})
_NS_PER_H = 3_600 * 10**9


@dataclass(frozen=True, slots=True)
class Export:
    """One that is being written."""

    writing: Path
    """Where its files go now: private, and removed unless all of it is written."""
    folder: Path
    """Where they are when it is whole."""
    until_ns: int
    """When it goes, wall time."""


class Exports:
    """The exports of an installation."""

    def __init__(self, home: Path, *, keep_h: int) -> None:
        """`keep_h`: how long one is kept at most."""
        self.folder = _folder(home)
        self._keep_ns = keep_h * _NS_PER_H

    @contextmanager
    def make(self, name: str, *, now_ns: int, until_ns: int | None = None) -> Iterator[Export]:
        """Give a private folder that gets its name when the block ends, or is removed when the block raises.

        What is due of earlier exports is removed before and after.

        Args:
            name: of the new export; letters, digits, `.`, `_`, `-`.
            now_ns: wall time.
            until_ns: it goes then at the latest; `keep_h` from now when that is earlier, or None.

        Raises:
            Refused: `export.name`, `export.exists`.
            Fatal: the folder can't be written, or others may write it.
            Retryable: the disk is full; nothing is left behind.
        """
        if not _NAME.fullmatch(name):
            words = f"{name!r} is no name for an export: letters, digits, '.', '_', '-'; it is made in {self.folder}"
            raise Refused("export.name", words)
        goes_ns = min(now_ns + self._keep_ns, now_ns + self._keep_ns if until_ns is None else until_ns)
        final = self.folder / f"{utc_from_ns(goes_ns).strftime(_TIME)}-{name}"
        try:
            self._open()
            self.clear(now_ns)
            if any(each.partition("-")[2] == name for each in entries(self.folder) if not each.startswith(".")):
                raise Refused("export.exists", f"there is an export {name} in {self.folder} already: give another name")
            with self._locked(final.name) as partial:
                try:
                    yield Export(partial, final, goes_ns)
                    partial.rename(final)
                finally:
                    remove_tree(self.folder, partial.name)
        except OSError as error:
            raise _unwritable(final, error) from error
        finally:
            self.clear(now_ns)

    def due(self, now_ns: int) -> list[tuple[str, int]]:
        """List the names of what has to go, and since when (wall time). Raises OSError: the folder can't be read."""
        found: list[tuple[str, int]] = []
        for name in entries(self.folder):
            changed_ns = min(measure_tree(self.folder, name).newest_ns, now_ns)
            until_ns = _until(name.removeprefix("."))
            if until_ns is None:  # nothing of ours; it is kept no longer for that
                until_ns = changed_ns + self._keep_ns
            if name.startswith(".") and not self._is_locked(name):
                until_ns = min(until_ns, changed_ns)
            if until_ns <= now_ns:
                found.append((name, until_ns))
        return found

    def remove(self, name: str, now_ns: int) -> Tree:
        """Remove one that is due, but not what somebody has just begun to write. Raises OSError."""
        if not name.startswith("."):
            return remove_tree(self.folder, name)
        with _lock(self.folder / name) as is_ours:
            is_over = (_until(name[1:]) or now_ns) <= now_ns
            return remove_tree(self.folder, name) if is_ours or is_over else Tree()

    def clear(self, now_ns: int) -> None:
        """Remove what is due, as far as it can be: the sweep says what can't."""
        with suppress(OSError):
            for name, _ in self.due(now_ns):
                self.remove(name, now_ns)

    def _open(self) -> None:
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not is_own_folder(self.folder):
            raise Fatal(f"{self.folder} isn't a folder of this user's alone: move it away")
        self.folder.chmod(0o700)

    def _is_locked(self, name: str) -> bool:
        with _lock(self.folder / name) as is_ours:
            return not is_ours

    @contextmanager
    def _locked(self, name: str) -> Iterator[Path]:
        """Make a new hidden folder that is locked until the block ends."""
        for _ in range(_TRIES):
            partial = self.folder / f".{name}.{secrets.token_hex(8)}"
            partial.mkdir(mode=0o700)
            with _lock(partial) as is_ours:
                if is_ours and partial.exists():
                    yield partial
                    return
        raise Retryable(f"{self.folder} is being cleared; try again")


def find_unknown_exports(home: Path) -> list[str]:
    """List the names of what no export of ours is called. Raises OSError: the folder can't be read."""
    return [name for name in entries(_folder(home)) if _until(name.removeprefix(".")) is None]


def _folder(home: Path) -> Path:
    return home.resolve() / "exports"


def write_picture(file: Path, jpeg: bytes) -> None:
    """Write a picture that this user alone may read. Raises OSError, also where the file is there already."""
    with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as stream:
        stream.write(jpeg)


@contextmanager
def _lock(path: Path) -> Iterator[bool]:
    """Lock a folder for as long as the block takes; False: another process has it, or it is gone or no folder."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except FileNotFoundError:
        yield False
        return
    except NotADirectoryError:
        yield True  # a file: nobody writes into it
        return
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        yield False
        return
    try:
        yield True
    finally:
        os.close(descriptor)


def _until(name: str) -> int | None:
    """Return when an export of that name goes, wall time."""
    try:
        at = datetime.strptime(name.partition("-")[0], _TIME).replace(tzinfo=UTC)
    except ValueError:
        return None
    return round(at.timestamp()) * 10**9


def _unwritable(folder: Path, error: OSError) -> Fatal | Retryable:
    words = f"{folder} can't be written: {error.strerror}; nothing is left there"
    return Retryable(words) if error.errno in _FULL else Fatal(words)  # free space and try again
