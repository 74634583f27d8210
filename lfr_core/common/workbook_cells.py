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
from collections.abc import Sequence
from dataclasses import dataclass, field
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
_PLACE = re.compile(r"([A-Z]{1,3})(\d{1,7})")
_PART = re.compile(r'"([^"]*)"|\\(.)|([-/() ])|0')
_COLOUR = re.compile(r"\[[^\]]*\]")
_PADDED = re.compile(r'(?=.*0.*0|[^0]*[A-Za-z])(?:"[^"0]*"|\\[^0]|[-/() ])*0(?:"[^"]*"|\\.|[-/() ]|0)*')
"""A format of a number that isn't reckoned with: two digits or more that are always shown, or letters before it."""
_WRITTEN = re.compile(r"(?:[A-Za-z][A-Za-z/ -]*)?(\d+)")
_TABLE = "{urn:oasis:names:tc:opendocument:xmlns:table:1.0}"
_TEXT = "{urn:oasis:names:tc:opendocument:xmlns:text:1.0}"
_OFFICE = "{urn:oasis:names:tc:opendocument:xmlns:office:1.0}"
_CALC = "{urn:org:documentfoundation:names:experimental:calc:xmlns:calcext:1.0}"
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


@dataclass(slots=True)
class _Shown:
    """What a sheet shows otherwise than the library reads it, rows and columns from 0."""

    cells: list[tuple[int, int, str]] = field(default_factory=list)
    """Formulas that failed, which the library reads as empty: an age that couldn't be looked up would be one that
    nobody gave; and numbers with the zeros or letters that their format puts before them: 42 that is shown as 000042.
    """
    hidden: list[int] = field(default_factory=list)
    """Rows that are hidden or filtered out, and hold something."""
    uncalculated: list[tuple[int, int]] = field(default_factory=list)
    """Formulas whose value the file doesn't hold, or calls out of date: the library reads 0 or nothing."""


def _find_shown(data: bytes) -> dict[str, _Shown]:
    """Find what each sheet of an `.xlsx` or `.ods` shows otherwise than the library reads it.

    Nothing of `.xls` and `.xlsb`, which aren't XML. Raises whatever the library's readers do for what can't be read:
    a workbook that the other library reads and this one doesn't is refused, not read without its failed formulas.
    """
    if not zipfile.is_zipfile(BytesIO(data)):
        return {}
    with zipfile.ZipFile(BytesIO(data)) as book:
        if "content.xml" in book.namelist():
            return _shown_in_ods(book.read("content.xml"))
        if "xl/workbook.bin" in book.namelist():
            return {}
        relations = ET.fromstring(book.read("xl/_rels/workbook.xml.rels"))  # noqa: S314  bounded, as all here
        targets = {each.get("Id"): each.get("Target", "") for each in relations}
        whole = list(ET.fromstring(book.read("xl/workbook.xml")).iter())  # noqa: S314
        sheets = [each for each in whole if _kind(each) == "sheet"]
        formats, is_stale = _formats(book), any(_asks_to_calculate(each) for each in whole)
        return {
            each.get("name", ""): _shown_in(
                book.read(_member_of(targets[_relation_of(each)])), formats, is_stale=is_stale
            )
            for each in sheets[:_MOST_SHEETS]
        }


def _kind(each: ET.Element) -> str:
    """Return the name of an element without its namespace, of which there are two (transitional and strict)."""
    return each.tag.rpartition("}")[2]


def _asks_to_calculate(each: ET.Element) -> bool:
    """Return whether it says that the formulas' values are only to come: by programs that write 0 for each."""
    return _kind(each) == "calcPr" and (
        each.get("fullCalcOnLoad") in {"1", "true"} or each.get("calcCompleted") in {"0", "false"}
    )


def _relation_of(sheet: ET.Element) -> str | None:
    return next((value for name, value in sheet.items() if name.endswith("}id")), None)


def _member_of(target: str) -> str:
    return target[1:] if target.startswith("/") else f"xl/{target}"


def _formats(book: zipfile.ZipFile) -> dict[str, str]:
    """Return the formats that put zeros or letters before a number, by the number of their style."""
    if "xl/styles.xml" not in book.namelist():
        return {}
    codes, styles = dict[str, str](), dict[str, str]()
    for each in ET.fromstring(book.read("xl/styles.xml")).iter():  # noqa: S314
        if _kind(each) == "numFmt":
            codes[each.get("numFmtId", "")] = _COLOUR.sub("", each.get("formatCode", "")).partition(";")[0]
        elif _kind(each) == "cellXfs":
            styles = {str(n): codes.get(xf.get("numFmtId", ""), "") for n, xf in enumerate(each)}
    return {style: code for style, code in styles.items() if _PADDED.fullmatch(code)}


def _padded(number: str, code: str) -> str:
    """Write a whole number as a format of zeros and letters shows it."""
    parts = [(found[1] or found[2] or found[3] or "", found[0] != "0") for found in _PART.finditer(code)]
    digits, written = list(number), list[str]()
    while parts:
        text, is_literal = parts.pop()
        more = not is_literal and not any(not literal for _, literal in parts)  # what is over stands at the first
        written.append(text if is_literal else "".join(digits) or "0" if more else digits.pop() if digits else "0")
    return "".join(reversed(written))


def _shown_in(sheet: bytes, formats: dict[str, str], *, is_stale: bool) -> _Shown:
    shown, row, column = _Shown(), -1, -1
    for event, each in ET.iterparse(BytesIO(sheet), ("start", "end")):  # noqa: S314  bounded, as all here
        kind = _kind(each)
        if event == "start" and kind == "row":
            row, column = int(each.get("r", row + 2)) - 1, -1
        elif event == "end" and kind == "c":
            place = _PLACE.fullmatch(each.get("r", ""))  # which may be left out: then it is the next one
            column = _column_of(place[1]) if place else column + 1
            if any(_kind(part) == "f" for part in each) and (is_stale or not _has_value(each)):
                shown.uncalculated.append((row, column))
            elif (text := _text_shown(each, formats)) is not None:
                shown.cells.append((row, column, text))
        elif event == "end" and kind == "row":
            if each.get("hidden") in {"1", "true"} and len(each):
                shown.hidden.append(row)
            each.clear()
    return shown


def _column_of(letters: str) -> int:
    column = 0
    for letter in letters:
        column = column * 26 + ord(letter) - 64
    return column - 1


def _has_value(cell: ET.Element) -> bool:
    """Return whether a formula's cell holds what came of it; of a text that may be nothing."""
    values = [part for part in cell if _kind(part) in {"v", "is"}]
    return any(part.text or len(part) for part in values) or bool(values and cell.get("t") == "str")


def _text_shown(cell: ET.Element, formats: dict[str, str]) -> str | None:
    """Return what a cell shows, where that isn't what the library reads."""
    text, kind = next((each.text or "" for each in cell if _kind(each) == "v"), ""), cell.get("t", "n")
    if kind == "e":
        return text
    is_padded = kind == "n" and cell.get("s") in formats and text.isascii() and text.isdigit()
    return _padded(text, formats[cell.get("s", "")]) if is_padded else None


def _shown_in_ods(content: bytes) -> dict[str, _Shown]:
    found: dict[str, _Shown] = {}
    shown, row = _Shown(), 0
    for event, each in ET.iterparse(BytesIO(content), ("start", "end")):  # noqa: S314  bounded, as all here
        if event == "start" and each.tag == f"{_TABLE}table":
            shown, row = found.setdefault(each.get(f"{_TABLE}name", ""), _Shown()), 0
        elif event == "end" and each.tag == f"{_TABLE}table-row":
            _note_row(each, row, shown)
            row += int(each.get(f"{_TABLE}number-rows-repeated", "1"))
            each.clear()
    return found


def _note_row(each: ET.Element, row: int, shown: _Shown) -> None:
    column, filled = 0, False
    for cell in each:
        text = "\n".join("".join(part.itertext()) for part in cell.iter(f"{_TEXT}p"))
        filled = filled or bool(text)
        written = _WRITTEN.fullmatch(text)
        if cell.get(f"{_TABLE}formula") and not cell.get(f"{_OFFICE}value-type"):
            shown.uncalculated.append((row, column))
        padded = cell.get(f"{_OFFICE}value-type") == "float" and written and text != written[1].lstrip("0")
        if cell.get(f"{_CALC}value-type") == "error" or (padded and len(text) > 1):
            shown.cells.append((row, column, text))
        column += int(cell.get(f"{_TABLE}number-columns-repeated", "1"))
    if filled and each.get(f"{_TABLE}visibility") in {"collapse", "filter"}:
        shown.hidden.append(row)


def _place(row: int, column: int) -> str:
    """Name a cell as a spreadsheet does, D7."""
    letters, column = "", column + 1
    while column:
        column, letter = divmod(column - 1, 26)
        letters = chr(65 + letter) + letters
    return f"{letters}{row + 1}"


def _main() -> None:
    seconds, memory, most_rows, most_columns = map(int, sys.argv[1:5])
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    data = sys.stdin.buffer.read()
    otherwise = _find_shown(data)  # first: of XML that breaks off the library looks for the end without one
    book = CalamineWorkbook.from_filelike(BytesIO(data))
    found, characters = [], 0
    for sheet in book.sheets_metadata[:_MOST_SHEETS]:
        if sheet.visible is SheetVisibleEnum.Visible:
            cells = book.get_sheet_by_name(sheet.name).to_python(skip_empty_area=False)
            shown = otherwise.get(sheet.name, _Shown())
            for row, column, text in shown.cells:
                if row < len(cells) and column < len(cells[row]):
                    cells[row][column] = text
            rows = _rows(cells, most_rows, most_columns)
            characters += sum(len(cell) for row in rows for cell in row)
            if characters > _MOST_CHARACTERS:
                raise MemoryError("more than anybody reads")
            hidden = [row + 1 for row in shown.hidden if row < len(rows)]
            uncalculated = [_place(row, column) for row, column in shown.uncalculated]
            found.append({"name": sheet.name, "rows": rows, "hidden": hidden, "uncalculated": uncalculated})
    sys.stdout.buffer.write(json.dumps(found, ensure_ascii=False).encode())


if __name__ == "__main__":
    _main()
