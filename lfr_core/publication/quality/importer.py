"""Read a published table, whoever published it and however: a file's bytes to a `PublishedTable`.

What can be mended without guessing is mended and noted (merged cells, footnotes, empty lines, encodings); what can't
be read is a finding with its row. Nothing is dropped in silence.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from lfr_core.common.errors import Poison, Refused
from lfr_core.common.quality.findings import Finding
from lfr_core.publication.quality import cells
from lfr_core.publication.quality.columns import COUNTS, GENERATIONS, OURS, REQUIRED, Column
from lfr_core.publication.quality.reading import Line, TableHeader, decode, find_header, lines_of
from lfr_core.publication.quality.table import PublishedRow, PublishedTable

__all__ = ["MAX_BYTES", "read_table"]

MAX_BYTES = 20_000_000
"""Fifty years of the busiest force's deployments are a tenth of it."""

_SPANNING = (Column.DATE, Column.LOCATION, Column.USE_CASE, Column.WATCHLIST_SIZE, Column.THRESHOLD)
"""Columns whose cells are merged over the sessions of one day; below the first line of such a cell it is blank."""

T = TypeVar("T")


def read_table(data: bytes, name: str) -> PublishedTable:
    """The table in `data`; `name` is what people call it.

    Raises:
        Poison: no text, no header, or no row below it. Refused `records.too-large`.
    """
    if len(data) > MAX_BYTES:
        raise Refused("records.too-large", f"{name} has more than {MAX_BYTES:,} bytes: split it by year")
    text, encoding = decode(data)
    lines = lines_of(text)
    header = find_header(lines)
    reader = _Reader(header)
    rows = [row for line in lines if line[0] > header.last_line and (row := reader.row(line)) is not None]
    if not rows:
        raise Poison(f"{name} has a header but no deployment below it")
    generation = "another force's"
    for known, columns in GENERATIONS.items():
        if columns <= header.positions.keys():
            generation = known
    if encoding != "UTF-8":
        message = "special characters may be lost: publish in UTF-8"
        reader.faults.append(Finding("encoding", None, "", "", encoding, message, expected="UTF-8"))
    return PublishedTable(
        name=name,
        generation=generation,
        encoding=encoding,
        headers={column: " ".join(text.split()) for column, text in header.printed.items()},
        unknown=() if generation == OURS else header.unknown,
        rows=tuple(rows),
        faults=tuple(reader.faults),
        footnotes=tuple(reader.footnotes),
        notes=tuple(reader.notes),
    )


class _Reader:
    """Reads line after line, and remembers what the cells above said."""

    def __init__(self, header: TableHeader) -> None:
        self._header = header
        self._above: dict[Column, str] = {}
        self._in_percent = "%" in header.printed.get(Column.FALSE_ALERT_RATE, "") or (
            "percent" in header.printed.get(Column.FALSE_ALERT_RATE, "").casefold()
        )
        self.faults: list[Finding] = []
        self.footnotes: list[str] = []
        self.notes: list[str] = []

    def row(self, line: Line) -> PublishedRow | None:
        """The row, or None where the line isn't one: empty, a footnote, a total, the header again."""
        number, raw = line
        filled = [cell.strip() for cell in raw if cell.strip()]
        if not filled:
            return None
        printed = {column: raw[i].strip() if i < len(raw) else "" for column, i in self._header.positions.items()}
        if self._repeats_header(printed):
            self.notes.append(f"row {number} repeats the header: left out")
            return None
        figures = [printed[column] for column in COUNTS if printed.get(column)]
        if not figures and not printed[Column.DATE]:
            self.footnotes.append(" ".join(filled))
            return None
        if any(cells.clean(cell).casefold().rstrip(":") in {"total", "totals", "grand total"} for cell in filled[:2]):
            self.notes.append(f"row {number} is a total: left out")
            return None
        self._fill_merged(number, printed)
        return self._typed(number, printed)

    def _repeats_header(self, printed: dict[Column, str]) -> bool:
        same = sum(text == self._header.printed[column].strip() for column, text in printed.items() if text)
        return same >= len(REQUIRED)

    def _fill_merged(self, number: int, printed: dict[Column, str]) -> None:
        """A blank where cells span a day's lines says what the cell above says; on another day it doesn't."""
        same_day = printed.get(Column.DATE, "") in {"", self._above.get(Column.DATE, "")}
        if not same_day:
            self._above = {}
        for column in _SPANNING:
            if printed.get(column):
                self._above[column] = printed[column]
            elif column in printed and column in self._above:
                printed[column] = self._above[column]
                self.notes.append(f"row {number}: {column.value} taken from the merged cell above")

    def _typed(self, number: int, printed: dict[Column, str]) -> PublishedRow:
        def read(column: Column, reader: Callable[[str], T]) -> T | None:
            text = printed.get(column, "")
            try:
                return reader(text)
            except cells.UnreadableCell as error:
                message = f"the cell {column.value} can't be read"
                self.faults.append(Finding("cell-unreadable", number, "", "", text, message, expected=str(error)))
                return None

        counts = {}
        for column in COUNTS:
            if (value := read(column, cells.read_count)) is not None:
                counts[column] = value
        return PublishedRow(
            number=number,
            printed=printed,
            location=" ".join(cells.clean(printed.get(Column.LOCATION, "")).split()),
            session=printed.get(Column.SESSION, ""),
            date=read(Column.DATE, cells.read_date),
            duration=read(Column.DURATION, cells.read_duration),
            threshold=read(Column.THRESHOLD, cells.read_decimal),
            rate=read(Column.FALSE_ALERT_RATE, lambda text: cells.read_rate(text, in_percent=self._in_percent)),
            counts=counts,
        )
