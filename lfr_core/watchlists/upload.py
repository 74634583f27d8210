"""Puts an uploaded list into a folder as the reader of lists wants it: photographs, and the list itself at the top.

What is uploaded is a zip, or files with their paths in the folder they lay in. Everything is bounded before it is
written, nothing leads out of the folder, and what a computer adds by itself (`__MACOSX`, `Thumbs.db`) is left out.
"""

from __future__ import annotations

import errno
import os
import zipfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO, Final

from lfr_core.common.errors import Poison, Retryable
from lfr_core.common.files import IMAGE_BYTES
from lfr_core.watchlists.csv_file import FILE_NAME

__all__ = ["MOST_BYTES", "MOST_FILES", "LeftOut", "StagedUpload", "UploadedFile", "stage_upload"]

MOST_BYTES: Final = 4_000_000_000
"""Of all files together, unpacked: 20,000 people with two photographs of 100 kB."""
MOST_FILES: Final = 100_001
"""Photographs of the longest list there may be, and the list itself."""
_TABLES: Final = (".csv", ".xlsx", ".ods", ".xls", ".tsv", ".txt")
"""What a list may be written in, the likeliest first; whether it can be read the reader says."""
_NO_PICTURES: Final = frozenset(
    {*_TABLES, ".md", ".pdf", ".doc", ".docx", ".odt", ".rtf", ".html", ".htm", ".json", ".xml", ".zip", ".ini", ".log"}
)
"""What no photograph ends with. It is kept beside the list, since a row may name it, and then is refused there."""
_FAULTS_OF_NAMES: Final = {
    errno.ENAMETOOLONG: "a file or folder has a name that is too long for this machine",
    errno.EEXIST: "a file and a folder have the same name",
    errno.ENOTDIR: "a file and a folder have the same name",
}
_PIECE: Final = 1 << 20
_DEEPEST: Final = 12
"""Folders within folders."""
_LEFT_OUT: Final = frozenset({"__macosx", "thumbs.db", "desktop.ini"})
_ENCRYPTED: Final = 0x1
_SAYS_UTF_8: Final = 0x800
_METHODS: Final = frozenset({zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED})
"""Those that computers pack with by themselves. Of the others the library unpacks without bound: 4 kB may be 4 GB."""
_DAMAGES: Final = (zipfile.BadZipFile, zlib.error, RuntimeError, EOFError, ValueError, OverflowError)
"""What the library raises while it unpacks: EOFError where a zip is cut off, ValueError and OverflowError for places
outside it, RuntimeError (NotImplementedError is one) for what it can't do."""
_LARGEST_DIRECTORY: Final = 200 * MOST_FILES
"""Bytes of a zip's directory: 46 and a name for each file."""
_LONGEST_END: Final = 22 + 65_535 + 20 + 56
"""Bytes of what ends a zip: the record with the longest comment, and the two of Zip64 before it."""


@dataclass(frozen=True, slots=True)
class UploadedFile:
    """A file as somebody uploaded it. `path`: in the folder it lay in, or its name alone."""

    path: str
    open: Callable[[], IO[bytes]]


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A file that is neither the list nor a photograph of it."""

    path: str
    why: str


@dataclass(frozen=True, slots=True)
class StagedUpload:
    """What of an upload is there for the reader of lists."""

    photographs: int
    left_out: tuple[LeftOut, ...]
    """Not what a computer adds by itself."""


def stage_upload(files: Sequence[UploadedFile], folder: Path) -> StagedUpload:
    """Write what was uploaded into `folder`, which is there and empty.

    Raises:
        Poison: it holds no list, or several; it is too large; a zip is damaged, has a password or leads outside.
        Retryable: the disk is full.
    """
    members = list(_members(files))
    if len(members) > MOST_FILES:
        raise Poison(f"there are {len(members):,} files, {MOST_FILES:,} at most are taken: split the list")
    table = _table(members)
    left = MOST_BYTES
    try:
        for member in members:
            relative = _make_relative(member.path, table.parent)
            if relative is None:
                continue  # beside the list's own folder
            name = PurePosixPath(_table_name(table)) if member.path == table else relative
            left -= _write(member, folder.joinpath(*name.parts), left)
    except OSError as error:
        if error.errno in _FAULTS_OF_NAMES:
            raise Poison(f"{_FAULTS_OF_NAMES[error.errno]}: give it another, and upload it again") from error
        raise Retryable(f"the list can't be kept: {error.strerror}. Tell whoever runs the system") from error
    left_out = tuple(filter(None, (_leave_out(each.path, table) for each in members)))
    return StagedUpload(len(members) - 1 - len(left_out), left_out)


@dataclass(frozen=True, slots=True)
class _Member:
    path: PurePosixPath
    open: Callable[[], IO[bytes]]


def _members(files: Sequence[UploadedFile]) -> Iterator[_Member]:
    for file in files:
        path = _path(file.path)
        if path is None:
            continue
        if path.suffix.casefold() == ".zip":
            yield from _unzip(file)
        else:
            yield _Member(path, file.open)


def _unzip(file: UploadedFile) -> Iterator[_Member]:
    try:
        stream = file.open()
        if _directory_bytes(stream) > _LARGEST_DIRECTORY:  # before it is read, whole, by the library
            raise Poison(f"{file.path} holds more than {MOST_FILES:,} files: split the list")
        archive = zipfile.ZipFile(stream)
    except _DAMAGES as error:
        raise Poison(f"{file.path} is no zip that can be read: make it again, and upload that") from error
    if len(archive.infolist()) > MOST_FILES:
        raise Poison(f"{file.path} holds more than {MOST_FILES:,} files: split the list")
    for info in archive.infolist():
        if not info.filename or info.compress_type not in _METHODS:
            raise _damaged()
        if info.is_dir():
            continue
        if info.flag_bits & _ENCRYPTED:
            raise Poison(f"{file.path} has a password: upload the photographs without one, over this login")
        path = _path(_name_of(info))
        if path is not None:
            yield _Member(path, lambda archive=archive, info=info: _open_packed(archive, info))  # type: ignore[misc]


def _name_of(info: zipfile.ZipInfo) -> str:
    """Return the name of a packed file: a Mac writes UTF-8 and doesn't say so, and the library takes it for cp437."""
    if info.flag_bits & _SAYS_UTF_8 or info.filename.isascii():
        return info.filename
    try:
        return info.filename.encode("cp437").decode()
    except UnicodeError:
        return info.filename


def _open_packed(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> IO[bytes]:
    try:
        return archive.open(info)
    except _DAMAGES as error:
        raise _damaged() from error


def _read_piece(stream: IO[bytes]) -> bytes:
    try:
        return stream.read(_PIECE)
    except _DAMAGES as error:
        raise _damaged() from error


def _damaged() -> Poison:
    return Poison("the zip is damaged or of an unusual kind: make it again, and upload that")


def _directory_bytes(stream: IO[bytes]) -> int:
    """Return how long a zip says that its directory is, from the record at its end (APPNOTE.TXT 4.3.14 to 4.3.16).

    0: there is no such record; then it is no zip, as the library says.
    """
    length = stream.seek(0, os.SEEK_END)
    stream.seek(max(0, length - _LONGEST_END))
    tail = stream.read(_LONGEST_END)
    stream.seek(0)
    at = tail.rfind(b"PK\x05\x06")
    if at < 0 or len(tail) < at + 22:
        return 0
    size = int.from_bytes(tail[at + 12 : at + 16], "little")
    longer = tail.rfind(b"PK\x06\x06", 0, at)  # Zip64 says it there
    return max(size % 0xFFFFFFFF, int.from_bytes(tail[longer + 40 : longer + 48], "little") if longer >= 0 else 0)


def _path(name: str) -> PurePosixPath | None:
    """Return where a file lies in what was uploaded; None: a computer's own. Raises Poison where that is outside."""
    path = PurePosixPath(name.replace("\\", "/"))
    if any("\ud800" <= character <= "\udfff" for character in name):  # half a character: no file can be called so
        raise Poison(f"{name[:100]!r} is no name of a file: give it another, and upload it again")
    if path.is_absolute() or ".." in path.parts or "\0" in name or ":" in name or not path.parts:
        raise Poison(f"{name[:100]!r} lies outside the folder that was uploaded: put it inside")
    if len(path.parts) > _DEEPEST:
        raise Poison(f"{name[:100]!r} lies more than {_DEEPEST} folders deep: put it higher")
    if any(part.startswith(".") or part.casefold() in _LEFT_OUT for part in path.parts):
        return None
    return path


def _table(members: Sequence[_Member]) -> PurePosixPath:
    """Find the list itself: the highest file that is a table, one of the wanted name first."""
    tables = [each.path for each in members if each.path.suffix.casefold() in _TABLES]
    if not tables:
        raise Poison(
            "there is no list among the files: add the spreadsheet (or CSV file) that says who is on it, one row a "
            "photograph"
        )
    top = min(len(path.parts) for path in tables)
    highest = [path for path in tables if len(path.parts) == top]
    named = [path for path in highest if path.stem.casefold() == "watchlist"] or highest
    if len(named) > 1:
        raise Poison(f"several files may be the list ({', '.join(path.name for path in named[:4])}): upload one")
    return named[0]


def _table_name(table: PurePosixPath) -> str:
    return FILE_NAME if table.suffix.casefold() == ".csv" else f"watchlist{table.suffix.casefold()}"


def _make_relative(path: PurePosixPath, top: PurePosixPath) -> PurePosixPath | None:
    return path.relative_to(top) if path.is_relative_to(top) else None


def _leave_out(path: PurePosixPath, table: PurePosixPath) -> LeftOut | None:
    """Say why a file of the upload is none of the list's; None for the list itself and each photograph."""
    if path == table:
        return None
    if _make_relative(path, table.parent) is None:
        return LeftOut(str(path), f"it lies outside the folder of {table.name}")
    return LeftOut(str(path), "it is no photograph") if path.suffix.casefold() in _NO_PICTURES else None


def _write(member: _Member, target: Path, left: int) -> int:
    """Write one file; returns its bytes."""
    target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    written = 0
    try:
        descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    except FileExistsError as error:
        raise Poison(f"{member.path.name!r} is there twice: upload it once") from error
    with os.fdopen(descriptor, "wb") as out, member.open() as stream:
        while piece := _read_piece(stream):
            written += len(piece)
            if written > min(left, IMAGE_BYTES):
                raise Poison(
                    f"{member.path.name!r} is too large: {IMAGE_BYTES // 1_000_000} MB a file and "
                    f"{MOST_BYTES // 1_000_000_000} GB together are taken"
                )
            out.write(piece)
    return written
