"""Reads and writes files that this user alone may read: secrets and sessions.

A file that somebody else could have written or read is no proof and no secret, so it isn't used.
"""

from __future__ import annotations

import errno
import os
import secrets
import stat
from contextlib import suppress
from pathlib import Path

from lfr_core.common.errors import Fatal, Retryable

__all__ = ["is_own_folder", "is_trusted", "make_owned_once", "read_owned"]

_OTHERS = stat.S_IRWXG | stat.S_IRWXO
_ADMINISTRATOR = 0


def is_own_folder(folder: Path) -> bool:
    """Return whether it is a folder, no link, of this user's, into which no other user may write."""
    status = folder.lstat()
    writable = status.st_mode & (stat.S_IWGRP | stat.S_IWOTH)
    return stat.S_ISDIR(status.st_mode) and status.st_uid == os.getuid() and not writable


def is_trusted(path: Path) -> bool:
    """Return whether nobody but this user and the machine's administrator can have put there what is at `path`.

    A link counts as what it leads to.
    """
    try:
        found = [each.stat() for each in {path, path.resolve(), path.parent, path.resolve().parent}]
    except OSError:
        return False
    return all(
        each.st_uid in {os.getuid(), _ADMINISTRATOR} and not each.st_mode & (stat.S_IWGRP | stat.S_IWOTH)
        for each in found
    )


def read_owned(file: Path, limit_bytes: int, remedy: str) -> bytes:
    """Read a regular file of ours, mode 0600 or narrower, no link, of at most `limit_bytes`.

    Raises:
        Fatal: it isn't such a file; the sentence says why, then `remedy`, which begins with a small letter.
        FileNotFoundError: there is none.
    """
    try:
        descriptor = os.open(file, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError:
        raise
    except OSError as error:
        why = "it is a link" if error.errno == errno.ELOOP else str(error.strerror)
        raise Fatal(f"{file} isn't used: {why}. {_sentence(remedy)}") from error
    if fault := _fault(os.fstat(descriptor)):  # before it is opened as a file: a folder can't be
        os.close(descriptor)
        raise Fatal(f"{file} isn't used: {fault}. {_sentence(remedy)}")
    with os.fdopen(descriptor, "rb") as stream:
        content = stream.read(limit_bytes + 1)
    if len(content) > limit_bytes:
        raise Fatal(f"{file} isn't used: it is larger than {limit_bytes} bytes. {_sentence(remedy)}")
    return content


def make_owned_once(file: Path, content: bytes) -> None:
    """Write a file of mode 0600 unless it is there: whole or not at all; who comes second leaves the first one's.

    Raises:
        Retryable: it can't be written: the disk is full or the folder isn't writable.
    """
    fresh = file.with_name(f".{file.name}.{secrets.token_hex(4)}")
    try:
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        try:
            with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as stream:
                stream.write(content)
                stream.flush()
                os.fsync(stream.fileno())
            with suppress(FileExistsError):
                os.link(fresh, file)
        finally:
            fresh.unlink(missing_ok=True)
    except OSError as error:
        raise Retryable(f"{file} can't be written: {error.strerror}. Free space, or mend the folder's owner") from error


def _fault(status: os.stat_result) -> str:
    if not stat.S_ISREG(status.st_mode):
        return "it is no regular file"
    if status.st_uid != os.getuid():
        return "it belongs to another user of this machine"
    if status.st_mode & _OTHERS:
        return "other users of this machine may read or write it"
    return ""


def _sentence(words: str) -> str:
    return f"{words[:1].upper()}{words[1:]}"
