"""As a program: a workbook on standard input becomes JSON of its sheets' cells, as a spreadsheet shows them.

A workbook of some kilobytes may unpack to gigabytes, or name a cell so far out that a table up to it fills the memory;
so `workbooks.py` runs this in a process of its own, which limits itself. Hence nothing of ours is imported here.
"""

from __future__ import annotations

import json
import re
import resource
import sys
import zipfile
import zlib
from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from io import BytesIO
from xml.etree import ElementTree as ET

from python_calamine import CalamineWorkbook, SheetVisibleEnum

__all__ = ["text_of"]

_MOST_SHEETS = 20
_LONGEST_CELL = 32_767
"""Characters: as many as a spreadsheet takes."""
_MOST_CHARACTERS = 60_000_000
"""[proposal] Of all cells together, which whoever asked holds in memory: a list of 100,000 rows has 24 million."""
_CELL = re.compile(rb"<(?:\w+:)?c\s([^>]*[^/>])>(.*?)</(?:\w+:)?c>", re.DOTALL)
_PLACE = re.compile(rb'\br="([A-Z]{1,3})(\d{1,7})"')
_SHOWN = re.compile(rb"<(?:\w+:)?v>([^<]{1,20})<")
_RELATION = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"
_MIDNIGHT = time(0)
_EXACT = 10**15
"""From here on a spreadsheet has lost digits of a number; it is shown as the spreadsheet does, in powers of ten."""


def text_of(cell: object) -> str:
    """Write a cell as text: days as 2027-03-31, times as 5:03, whole numbers without a point."""
    if isinstance(cell, datetime):
        day = cell.date().isoformat()
        return day if cell.time() == _MIDNIGHT else f"{day} {cell.time().isoformat('seconds')}"
    if isinstance(cell, date):
        return cell.isoformat()
    if isinstance(cell, time):
        return f"{cell.hour}:{cell.minute:02}"
    if isinstance(cell, timedelta):
        minutes = round(cell.total_seconds() / 60)
        return f"{minutes // 60}:{minutes % 60:02}"
    if isinstance(cell, bool):
        return "TRUE" if cell else "FALSE"
    if isinstance(cell, int | float):
        if abs(cell) >= _EXACT:
            return f"{cell:.5E}"
        return str(int(cell)) if cell == int(cell) else f"{Decimal(repr(cell)):f}"  # 0.00002, not 2e-05
    return str(cell)


def _rows(sheet: Sequence[Sequence[object]], most_rows: int, most_columns: int) -> list[list[str]]:
    rows = []
    for row in sheet[: most_rows + 1]:  # one more, so that what is too long shows
        cells = [text_of(cell)[: _LONGEST_CELL + 1] for cell in row[: most_columns + 1]]
        if any(len(cell) > _LONGEST_CELL for cell in cells):
            raise MemoryError("a cell with more than a spreadsheet takes")
        while cells and not cells[-1]:
            cells.pop()
        rows.append(cells)
    while rows and not rows[-1]:
        rows.pop()
    return rows


def _find_failed(data: bytes) -> dict[str, list[tuple[int, int, str]]]:
    """Find the cells of each sheet of an `.xlsx` whose formula failed: row and column from 0, and what is shown there.

    The library reads them as empty: an age that couldn't be looked up would be one that nobody gave.
    """
    try:
        with zipfile.ZipFile(BytesIO(data)) as book:
            relations = ET.fromstring(book.read("xl/_rels/workbook.xml.rels"))  # noqa: S314  bounded, as all here
            targets = {each.get("Id"): each.get("Target", "") for each in relations}
            sheets = ET.fromstring(book.read("xl/workbook.xml")).iter()  # noqa: S314
            files = {
                each.get("name", ""): targets.get(each.get(_RELATION), "")
                for each in sheets
                if each.tag.endswith("}sheet")
            }
            return {name: _failed_in(book.read(_member_of(target))) for name, target in files.items() if target}
    except (zipfile.BadZipFile, KeyError, ET.ParseError, zlib.error, EOFError, ValueError, NotImplementedError):
        return {}  # another kind of workbook, or one that the library says is damaged


def _member_of(target: str) -> str:
    return target[1:] if target.startswith("/") else f"xl/{target}"


def _failed_in(sheet: bytes) -> list[tuple[int, int, str]]:
    if b't="e"' not in sheet:
        return []
    found = []
    for cell in _CELL.finditer(sheet):
        place, shown = _PLACE.search(cell[1]), _SHOWN.search(cell[2])
        if b't="e"' in cell[1] and place and shown:
            column = 0
            for letter in place[1]:
                column = column * 26 + letter - 64
            found.append((int(place[2]) - 1, column - 1, shown[1].decode("utf-8", "replace")))
    return found


def _main() -> None:
    seconds, memory, most_rows, most_columns = map(int, sys.argv[1:5])
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    data = sys.stdin.buffer.read()
    book = CalamineWorkbook.from_filelike(BytesIO(data))
    failed = _find_failed(data)
    found, characters = [], 0
    for sheet in book.sheets_metadata[:_MOST_SHEETS]:
        if sheet.visible is SheetVisibleEnum.Visible:
            cells = book.get_sheet_by_name(sheet.name).to_python(skip_empty_area=False)
            for row, column, shown in failed.get(sheet.name, ()):
                if row < len(cells) and column < len(cells[row]):
                    cells[row][column] = shown
            rows = _rows(cells, most_rows, most_columns)
            characters += sum(len(cell) for row in rows for cell in row)
            if characters > _MOST_CHARACTERS:
                raise MemoryError("more than anybody reads")
            found.append({"name": sheet.name, "rows": rows})
    sys.stdout.buffer.write(json.dumps(found, ensure_ascii=False).encode())


if __name__ == "__main__":
    _main()
