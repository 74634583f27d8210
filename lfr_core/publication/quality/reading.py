"""From a file's text to lines of cells: separators, headers over one or two lines."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import islice, pairwise

from lfr_core.common.errors import Poison
from lfr_core.publication.quality.columns import REQUIRED, Column
from lfr_core.publication.quality.headings import column_of

__all__ = ["Line", "TableHeader", "find_header", "header_again", "lines_of", "named_columns"]

_LOOK_FOR_HEADER_LINES = 20
_SEPARATORS = ",;\t|"
_LARGEST_CELL = 131_072  # csv's own limit

Line = tuple[int, list[str]]
"""Number in the file as a spreadsheet shows it, from 1, and cells."""


@dataclass(frozen=True, slots=True)
class TableHeader:
    """Which cell of a line belongs to which column. last_line: its last line's number. width: in cells."""

    positions: Mapping[Column, int]
    printed: Mapping[Column, str]
    unknown: tuple[str, ...]
    last_line: int
    width: int


def lines_of(text: str, *, most_rows: int, most_columns: int) -> list[Line]:
    """Read the lines with the separator that makes the most columns known; at most a row and a column more than asked.

    None: no separator makes one known, or reads the lines.
    """
    known = {
        separator: named_columns(_read(text, separator, _LOOK_FOR_HEADER_LINES, most_columns))
        for separator in _SEPARATORS
    }
    best = max(known, key=lambda separator: known[separator])
    return _read(text, best, most_rows + 1, most_columns) if known[best] else []


def _read(text: str, separator: str, most_rows: int, most_columns: int) -> list[Line]:
    """Read the first lines; none where this separator reads one of them not."""
    try:
        read = islice(csv.reader(io.StringIO(text, newline=""), delimiter=separator), most_rows)
        return [(number, cells[: most_columns + 1]) for number, cells in enumerate(read, start=1)]
    except csv.Error:
        return []


def named_columns(lines: Sequence[Line]) -> int:
    """Count the columns that the line names which, of the first lines, names the most."""
    return max((len(_named(cells)) for _, cells in lines[:_LOOK_FOR_HEADER_LINES]), default=0)


def find_header(lines: Sequence[Line]) -> TableHeader:
    """Find the header: the line, or two lines under merged cells, that names the most columns.

    Raises:
        Poison: a column that every table needs isn't there; names it, and what was found.
    """
    candidates: list[tuple[int, list[str]]] = []
    top = [(number, cells) for number, cells in lines[:_LOOK_FOR_HEADER_LINES] if any(map(str.strip, cells))]
    candidates += top
    candidates += [(number, _under_merged(above, below)) for (_, above), (number, below) in pairwise(top)]
    if not candidates:
        raise Poison("the file holds no table of deployments: it is empty or its header names no column we know")
    number, cells = max(candidates, key=lambda each: len(_named(each[1])))
    if missing := [column.value for column in REQUIRED if column not in _named(cells)]:
        found = ", ".join(cell.strip() for cell in cells if cell.strip()) or "nothing"
        raise Poison(
            f"no header with {', '.join(missing)} was found (best line: {found}): is this a table of deployments?"
        )
    return _header(cells, number)


def header_again(lines: Sequence[Line], at: int) -> TableHeader | None:
    """Find the header that stands at `at` once more, or None.

    It may be over one line or two, and perhaps in another order.
    """
    number, cells = lines[at]
    if any(_is_figure(cell) for cell in cells):
        return None
    if _names_required(cells):
        return _header(cells, number)
    if at + 1 < len(lines) and not any(_is_figure(cell) for cell in lines[at + 1][1]):
        merged = _under_merged(cells, lines[at + 1][1])
        if _names_required(merged) and _named(cells):
            return _header(merged, lines[at + 1][0])
    return None


def _header(cells: Sequence[str], number: int) -> TableHeader:
    positions = _named(cells)
    unknown = [cell.strip() for i, cell in enumerate(cells) if cell.strip() and i not in positions.values()]
    width = max(i for i, cell in enumerate(cells) if cell.strip()) + 1
    return TableHeader(positions, {column: cells[i] for column, i in positions.items()}, tuple(unknown), number, width)


def _names_required(cells: Sequence[str]) -> bool:
    return sum(map(bool, map(str.strip, cells))) >= len(REQUIRED) and _named(cells).keys() >= set(REQUIRED)


def _is_figure(cell: str) -> bool:
    return cell.strip().replace(",", "").isdigit()


def _named(cells: Sequence[str]) -> dict[Column, int]:
    """Return the columns that `cells` name, each at its first place."""
    found: dict[Column, int] = {}
    for i, cell in enumerate(cells):
        column = column_of(cell)
        if column is not None:
            found.setdefault(column, i)
    return found


def _under_merged(above: Sequence[str], below: Sequence[str]) -> list[str]:
    """Make one header from two lines; a cell of the upper that spans several leaves blanks to its right."""
    merged, spanning = [], ""
    for i in range(max(len(above), len(below))):
        upper = above[i].strip() if i < len(above) else ""
        lower = below[i].strip() if i < len(below) else ""
        spanning = upper or spanning
        merged.append(f"{spanning} {lower}" if lower and column_of(lower) is None else lower or upper)
        if lower and column_of(merged[-1]) is None and column_of(lower) is None:
            merged[-1] = lower
    return merged
