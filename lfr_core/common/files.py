"""Reads files from outside (regular files only, up to a bound, never waited for), and writes files whole or not at all.

A named pipe would be waited for without end, a device such as /dev/zero gives bytes without end, and a link in a folder
that somebody else filled may lead anywhere.
"""

from __future__ import annotations

import errno
import io
import os
import stat
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, BinaryIO

from lfr_core.common.errors import Fatal

__all__ = [
    "IMAGE_BYTES",
    "SETTINGS_BYTES",
    "open_atomic",
    "open_regular",
    "read_bounded",
    "read_text_bounded",
    "read_toml",
]

SETTINGS_BYTES = 200_000
"""Of a policy, an application, a register or a manifest: the largest of ours has 20 kB."""

IMAGE_BYTES = 200_000_000
"""Of an image's file; 60 megapixels of uncompressed 8-bit colour are 180 MB."""

_MOST_DOTS = 200
"""In a line of TOML: its parser takes quadratic time on a key of many parts."""

_FLAGS = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_PIECE = 1 << 20


class _Unreadable(tomllib.TOMLDecodeError):
    """A sentence alone: from Python 3.14 on its own constructor wants the text and a place in it."""

    def __init__(self, message: str) -> None:
        ValueError.__init__(self, message)


def open_regular(path: Path, *, inside: Path | None = None) -> BinaryIO:
    """Open a regular file for reading; a pipe, a device, a socket or a folder is refused without waiting for it.

    Args:
        path: what somebody named. A link is followed, once.
        inside: a folder that somebody else filled: the file must lie in it, whatever links lead to it. Each part of
            the way is opened without following links, so that exchanging one meanwhile doesn't lead outside.

    Raises:
        OSError: it can't be opened, or isn't such a file; `strerror` says which.
    """
    real = Path(os.path.realpath(path, strict=True))  # `resolve` raises RuntimeError for a loop of links
    if inside is None:
        descriptor = os.open(real, _FLAGS)
    else:
        root = Path(os.path.realpath(inside, strict=True))
        if not real.is_relative_to(root):
            raise OSError(errno.EXDEV, f"it lies outside the folder {inside}", str(path))
        descriptor = _open_below(root, real.relative_to(root).parts or (".",))
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise OSError(errno.EINVAL, "it is no regular file but a folder, a pipe or a device", str(path))
        return os.fdopen(descriptor, "rb")
    except BaseException:
        os.close(descriptor)
        raise


def read_bounded(path: Path, limit_bytes: int, *, inside: Path | None = None) -> bytes:
    """Read the content of a regular file of at most `limit_bytes`; a file that grows meanwhile is not read on.

    Raises:
        OSError: as `open_regular`, and EFBIG for a larger one; `strerror` says what it is.
    """
    with open_regular(path, inside=inside) as stream:
        size = os.fstat(stream.fileno()).st_size
        content = io.BytesIO()
        while size <= limit_bytes and (piece := stream.read(min(_PIECE, limit_bytes + 1 - content.tell()))):
            size = max(size, content.tell() + len(piece))
            content.write(piece)
    if size > limit_bytes:
        raise OSError(errno.EFBIG, f"it is larger than {_amount(limit_bytes)}", str(path))
    return content.getvalue()


def read_text_bounded(path: Path, limit_bytes: int = SETTINGS_BYTES, *, encoding: str = "utf-8") -> str:
    """Read and decode a file as `read_bounded` does. Raises OSError as that, and UnicodeDecodeError."""
    return read_bounded(path, limit_bytes).decode(encoding)


def read_toml(path: Path, *, encoding: str = "utf-8") -> dict[str, Any]:
    """Read a file of settings.

    Raises:
        OSError: as `read_bounded`.
        UnicodeDecodeError, tomllib.TOMLDecodeError: it isn't TOML, or is nested too deeply or holds a number that is
            too long to be read.
    """
    text = read_text_bounded(path, encoding=encoding)
    if any(line.count(".") > _MOST_DOTS for line in text.splitlines()):
        raise _Unreadable(f"it has a line with more than {_MOST_DOTS} dots")
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        raise
    except (RecursionError, ValueError) as error:  # hundreds of brackets, thousands of digits
        raise _Unreadable(f"it can't be read: {type(error).__name__}") from error


@contextmanager
def open_atomic(file: Path) -> Iterator[BinaryIO]:
    """Open a file to write, readable by its owner alone, that is there only once the block has ended well.

    Raises:
        Fatal: it can't be written, or something that is no file stands there.
    """
    part = file.with_name(f".{file.name}.{os.getpid()}.part")
    if file.exists() and not file.is_file():  # a device would be replaced for the whole machine
        raise Fatal(f"{file} is no file but a folder, a device or a pipe: nothing was written; give another file")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as out:
            yield out
            out.flush()
            os.fsync(out.fileno())
        part.replace(file)
    except OSError as error:
        raise Fatal(f"{file} can't be written: {error.strerror}. Nothing is left of it; give another file") from error
    finally:
        with suppress(OSError):
            part.unlink(missing_ok=True)


def _open_below(root: Path, parts: tuple[str, ...]) -> int:
    descriptor = os.open(root, _FLAGS | os.O_DIRECTORY)
    for number, part in enumerate(parts, start=1):
        try:
            below = os.open(part, _FLAGS | (os.O_DIRECTORY if number < len(parts) else 0), dir_fd=descriptor)
        finally:
            os.close(descriptor)
        descriptor = below
    return descriptor


def _amount(size: int) -> str:
    return f"{size / 1e6:g} MB" if size >= 1_000_000 else f"{size / 1e3:g} kB"  # a megabyte
