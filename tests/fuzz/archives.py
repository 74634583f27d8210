"""Workbooks and zips of uploads for `parsers.py`: each as it comes, or made of parts, so that chance reaches further.

A zip says of each of its parts how long it is and what its checksum is: hardly a change of one gets past its reader.
So an input that doesn't begin as a workbook is the text of its parts, each below a line `== NAME`.
"""

from __future__ import annotations

import io
import shutil
import struct
import subprocess
import sys
import zipfile
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest import mock

from lfr_core.common import bounded_child
from lfr_core.common.errors import Poison, Refused
from lfr_core.publication.quality.importer import read_table
from lfr_core.watchlists.csv_file import COLUMNS, read_rows
from lfr_core.watchlists.upload import UploadedFile, stage_upload
from tests.support.workbook_files import Cell, DayCell, ods, xlsx

__all__ = ["read_upload", "read_workbook_both_ways", "upload_seeds", "workbook_seeds"]

_CPU_S = 5
"""Of one workbook; the platform gives 60, and refuses it then as well."""
_MARK = b"== "
_SERVER = Path(__file__).with_name("workbook_server.py")


def read_workbook_both_ways(data: bytes, folder: Path) -> tuple[object, ...]:
    """Read a workbook as a list and as a published table, in a process of its own like the platform's."""
    book = _book_of(data)
    server = SimpleNamespace(run=_run, TimeoutExpired=subprocess.TimeoutExpired)
    file = folder / "watchlist.xlsx"
    file.write_bytes(book)
    found: list[object] = []
    with mock.patch.object(bounded_child, "subprocess", server):
        with suppress(Poison):
            found.append(read_rows(folder))
        with suppress(Poison, Refused):
            found.append(read_table(book, "table.xlsx"))
    return tuple(found)


def read_upload(data: bytes, folder: Path) -> object:
    """Put a zip into an empty folder, as the page for lists does."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    archive = _book_of(data)
    found = stage_upload([UploadedFile("list.zip", lambda: io.BytesIO(archive))], folder)
    assert all(file.resolve().is_relative_to(folder.resolve()) for file in folder.rglob("*"))
    return found


def workbook_seeds() -> tuple[bytes, ...]:
    """Return workbooks whole and in parts, of either kind, as a list and as a published table."""
    row: list[Cell] = ["Somebody", "wanted_by_courts", "Warrant 1", "A. Person", DayCell(50000), "a.jpg"]
    books = (
        xlsx({"List": [COLUMNS, row], "Notes": [["a", 1.5]]}),
        ods([COLUMNS, ["Somebody", "wanted_by_courts", "Warrant 1", "A. Person", "2030-01-01", "a.jpg"]]),
    )
    return (*books, *map(_parts_of, books))


def upload_seeds() -> tuple[bytes, ...]:
    """Return a zip whole and in parts."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("list/watchlist.csv", ",".join(COLUMNS))
        archive.writestr("list/photographs/a.jpg", b"\xff\xd8")
        archive.writestr("__MACOSX/._a.jpg", b"")
    return (out.getvalue(), _parts_of(out.getvalue()))


def _book_of(data: bytes) -> bytes:
    if not data.startswith(_MARK):
        return data
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as book:
        for part in data.removeprefix(_MARK).split(b"\n" + _MARK):
            name, _, content = part.partition(b"\n")
            info = zipfile.ZipInfo(name.decode("utf-8", "replace")[:200])
            with suppress(UserWarning):  # a name that is there twice
                book.writestr(info, content)
    return out.getvalue()


def _parts_of(book: bytes) -> bytes:
    with zipfile.ZipFile(io.BytesIO(book)) as archive:
        parts = (_MARK + info.filename.encode() + b"\n" + archive.read(info) for info in archive.infolist())
        return b"\n".join(parts)


@lru_cache(maxsize=1)
def _server(*arguments: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-I", str(_SERVER), *arguments], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )


@lru_cache(maxsize=1)
def _ask(data: bytes, program: str, memory: str, rows: str, columns: str) -> tuple[int, bytes, bytes]:
    server = _server(program, str(_CPU_S), memory, rows, columns)
    assert server.stdin is not None
    assert server.stdout is not None
    server.stdin.write(struct.pack("<Q", len(data)) + data)
    server.stdin.flush()
    status, output, errors = struct.unpack("<qQQ", server.stdout.read(24))
    return status, server.stdout.read(output), server.stdout.read(errors)


def _run(command: list[str], *, input: bytes, **_: Any) -> subprocess.CompletedProcess[bytes]:
    *_start, program, _seconds, memory, _rows, columns = command
    status, output, errors = _ask(input, program, memory, "100001", columns)  # the most that either reader asks for
    return subprocess.CompletedProcess(command, status, output, errors)
