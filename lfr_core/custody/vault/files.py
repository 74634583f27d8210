"""Small private files, written whole or not at all."""

from __future__ import annotations

import errno
import os
import secrets
from contextlib import suppress
from pathlib import Path

from lfr_core.common.errors import Refused

__all__ = ["append_private", "remove_private", "write_private"]


def write_private(file: Path, content: bytes) -> None:
    """Replace `file` by `content`, mode 0600, on the disk before this returns.

    Raises:
        Refused: `vault.keystore`: the folder is read-only or the disk is full; the old content stands.
    """
    temporary = file.with_name(f".{file.name}.{secrets.token_hex(4)}")
    try:
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        temporary.replace(file)
        _sync_folder(file.parent)
    except OSError as error:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)
        raise Refused(
            "vault.keystore",
            f"{file} can't be written ({error.strerror}): give its folder space and write access; nothing was changed",
        ) from error


def append_private(file: Path, content: bytes) -> None:
    """Append to `file`, mode 0600, on the disk before this returns.

    Raises:
        Refused: `vault.keystore`: the disk is full or takes no write; the file ends as before, or in the middle of
            `content`.
    """
    try:
        is_new = not file.exists()
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            size = os.fstat(descriptor).st_size
            try:
                if os.write(descriptor, content) < len(content):
                    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
                os.fsync(descriptor)
            except OSError:
                with suppress(OSError):
                    os.ftruncate(descriptor, size)
                raise
        finally:
            os.close(descriptor)
        if is_new:
            _sync_folder(file.parent)
    except OSError as error:
        raise Refused(
            "vault.keystore",
            f"{file} can't be written ({error.strerror}): give its folder space and write access; nothing was changed",
        ) from error


def remove_private(file: Path) -> None:
    """Overwrite a file with noise and remove it. Flash memory and file systems may keep the old blocks all the same."""
    with suppress(FileNotFoundError):
        size = file.stat().st_size
        with suppress(OSError), file.open("r+b") as stream:
            stream.write(os.urandom(size))
            stream.flush()
            os.fsync(stream.fileno())
        file.unlink()
        _sync_folder(file.parent)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
