"""The file of a list: `watchlist.csv` or a workbook, from bytes to rows of text, whatever program wrote it.

What can be read without guessing is read, with a note; everything else is Poison with what to do.
"""

from __future__ import annotations

import csv
import errno
import io
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Final

from lfr_core.common.errors import Poison
from lfr_core.common.files import read_bounded
from lfr_core.common.text_encoding import decode_text
from lfr_core.common.workbooks import is_workbook, read_workbook

__all__ = ["ADVICE", "FILE_NAME", "ListFile", "ListLine", "read_list_file"]

FILE_NAME = "watchlist.csv"
ADVICE = f"`lfr watchlist template FOLDER` writes a {FILE_NAME} to start from."

_STEM = Path(FILE_NAME).stem
_SUFFIXES = (".csv", ".tsv", ".txt", ".xlsx", ".xlsm", ".xlsb", ".xls", ".ods")

_MOST_BYTES = 32_000_000
"""`_MOST_LINES` with long references; anything larger isn't a watchlist."""

_MOST_LINES = 100_000
"""Lists of up to 20,000 entries (docs/domain.md 2.4), five photographs each; more can't be looked at within a day."""

_MOST_VALUES = 200
"""In one line; there are 12 columns."""

_NO_TABLES: Final = {"<": "a web page or XML", "ID;P": "a file of the form SYLK", "{": "JSON", "[{": "JSON"}
"""What some systems export under a spreadsheet's name, by how it begins."""
_SEPARATORS = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "bars"}
_SEPARATOR_LINE = re.compile(r'\A"?sep=(.)"?[ \t,;]*(?=\r|\n|\Z)', re.IGNORECASE)
_LOOK_FOR_HEADER_CHARACTERS = 20_000

NamedColumns = Callable[[Sequence[str]], int]
"""How many columns of a list the values of a line name."""


@dataclass(frozen=True, slots=True)
class ListLine:
    """A line: its number in the file, the first being 1, and its values, or why they can't be parted."""

    line: int
    values: list[str]
    fault: str = ""


@dataclass(frozen=True, slots=True)
class ListFile:
    """path: where it lies. records: lines that aren't blank. notes: how it was read, where that isn't plain."""

    path: Path
    records: list[ListLine]
    notes: list[str]
    is_workbook: bool


def read_list_file(folder: Path, named: NamedColumns) -> ListFile:
    """Read the one list in `folder`.

    Raises:
        Poison: there is none or several, it is no regular file in the folder, is larger than `_MOST_BYTES` or longer
            than `_MOST_LINES`, or can be read neither as text nor as a workbook.
    """
    path = _find(folder)
    data = _bytes(folder, path)
    if is_workbook(data):
        return _from_workbook(path, data, named)
    text, encoding = decode_text(data, str(path))
    for sign, what in _NO_TABLES.items():
        if text.lstrip("\ufeff \t\r\n").startswith(sign):
            raise Poison(f"{path} is {what}, whatever its name says: open it in a spreadsheet and save it as .xlsx")
    notes = []
    if encoding not in {"UTF-8", "ASCII"}:
        words = "" if encoding.startswith("UTF-") else _words_to_check(text)
        notes.append(f"{path.name} isn't UTF-8 and was read as {encoding}{f': check {words}' if words else ''}")
    separator = ","
    candidates = list(_SEPARATORS)
    if declared := _SEPARATOR_LINE.match(text):
        text = text[declared.end() :]
        candidates.insert(0, declared[1])  # it counts, unless another reads the headings and it doesn't
    separator = max(candidates, key=lambda each: _named_by(text, each, named))  # the first of equals
    if separator != ",":
        notes.append(f"{path.name} is separated by {_SEPARATORS.get(separator, repr(separator))}")
    return ListFile(path, list(_records(path, text, separator)), notes, is_workbook=False)


def _find(folder: Path) -> Path:
    try:
        names = sorted(folder.iterdir())
    except (FileNotFoundError, NotADirectoryError) as error:
        raise Poison(f"{folder} is not a folder. A watchlist is a folder with photographs and {FILE_NAME}.") from error
    except OSError as error:
        raise Poison(f"{folder} can't be read: {error.strerror}. Check its permissions.") from error
    lists = [path for path in names if path.suffix.casefold() in _SUFFIXES]
    found = [path for path in lists if path.stem.casefold() == _STEM]
    if len(found) > 1:
        raise Poison(f"{folder} holds {' and '.join(path.name for path in found)}: leave the one that counts")
    if not found:
        other = f" Is it {lists[0].name}? Then name it {_STEM}{lists[0].suffix}." if len(lists) == 1 else ""
        raise Poison(f"there is no {FILE_NAME} (nor {_STEM}.xlsx or .ods) in {folder}.{other} {ADVICE}")
    return found[0]


def _bytes(folder: Path, path: Path) -> bytes:
    try:
        return read_bounded(path, _MOST_BYTES, inside=folder)
    except OSError as error:
        advice = {errno.EACCES: "Check its permissions.", errno.EFBIG: "That is no list of photographs."}
        raise Poison(
            f"{path} can't be read: {error.strerror}. "
            f"{advice.get(error.errno or 0, 'Put the list itself into the folder.')}"
        ) from error


def _from_workbook(path: Path, data: bytes, named: NamedColumns) -> ListFile:
    sheets = read_workbook(data, str(path), most_rows=_MOST_LINES + 1, most_columns=_MOST_VALUES)
    chosen = max(sheets, key=lambda sheet: max((named(row) for row in sheet.rows[:20]), default=0))
    if len(chosen.rows) > _MOST_LINES + 1:
        raise _too_long(path)
    others = ", ".join(sheet.name for sheet in sheets if sheet is not chosen)
    notes = [f"of {path.name} the sheet {chosen.name} was read{f'; not read: {others}' if others else ''}"]
    notes += chosen.notes()
    records = [
        ListLine(line, values, f"more than {_MOST_VALUES} values" if len(values) > _MOST_VALUES else "")
        for line, values in enumerate(chosen.rows, start=1)
        if any(value.strip() for value in values)
    ]
    return ListFile(path, records, notes, is_workbook=True)


def _records(path: Path, text: str, separator: str) -> Iterator[ListLine]:
    """Read the lines of the CSV with the number of the line on which each begins; blank ones left out."""
    reader = csv.reader(io.StringIO(text, newline=""), strict=True, skipinitialspace=True, delimiter=separator)
    while True:
        line, fault = reader.line_num + 1, ""
        try:
            values = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            values, fault = [], str(error)
        if reader.line_num > _MOST_LINES + 1:  # the header is one
            raise _too_long(path)
        if len(values) > _MOST_VALUES:
            fault = f"more than {_MOST_VALUES} values"
        if fault:
            yield ListLine(line, [], fault)
        elif any(value.strip() for value in values):
            yield ListLine(line, values)


def _named_by(text: str, separator: str, named: NamedColumns) -> int:
    """Count the columns that the best of the first lines names, parted so."""
    reader = csv.reader(io.StringIO(text[:_LOOK_FOR_HEADER_CHARACTERS], newline=""), delimiter=separator)
    try:
        return max((named(values) for values in islice(reader, 20)), default=0)
    except csv.Error:
        return 0


def _words_to_check(text: str) -> str:
    words = re.findall(r'[^\s,;|"]{0,40}[^\x00-\x7f][^\s,;|"]{0,40}', text)
    return ", ".join(map(repr, words[:3]))


def _too_long(path: Path) -> Poison:
    return Poison(f"{path} has more than {_MOST_LINES:,} lines: split the list")
