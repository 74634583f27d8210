"""Read a published table, whoever published it and however: a file's bytes to a `PublishedTable`.

What can be mended without guessing is mended and noted (merged cells, footnotes, empty lines, encodings); what can't
be read is a finding with its row. Nothing is dropped in silence.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import TypeVar

from lfr_core.common.errors import Poison, Refused
from lfr_core.common.quality.findings import Finding
from lfr_core.common.text_encoding import decode_text
from lfr_core.common.workbooks import is_workbook, read_workbook
from lfr_core.publication.quality import cells
from lfr_core.publication.quality.columns import COUNTS, GENERATIONS, OURS, REQUIRED, Column
from lfr_core.publication.quality.plain_cells import read_words
from lfr_core.publication.quality.reading import (
    Line,
    TableHeader,
    find_header,
    header_again,
    lines_of,
    named_columns,
)
from lfr_core.publication.quality.structure import TableLine, separate_totals
from lfr_core.publication.quality.suppressed_cells import SuppressedCell, read_suppressed
from lfr_core.publication.quality.table import PublishedRow, PublishedTable

__all__ = ["MAX_BYTES", "read_table"]

MAX_BYTES = 20_000_000
"""Fifty years of the busiest force's deployments are a tenth of it."""

_MOST_ROWS, _MOST_COLUMNS = 100_000, 200
_WORKBOOK = "workbook"

_SPANNING = (Column.DATE, Column.LOCATION, Column.USE_CASE, Column.WATCHLIST_SIZE, Column.THRESHOLD)
"""Columns whose cells are merged over the sessions of one day; below the first line of such a cell it is blank."""

_HOURS_ALONE = re.compile(r"(?is)(?!.*min).*\b(?:hours|hrs)\b.*")
"""A heading by which a number alone is hours: "Duration (hours)"."""

T = TypeVar("T")


def read_table(data: bytes, name: str) -> PublishedTable:
    """Read the table in `data`; `name` is what people call it.

    Raises:
        Poison: neither text nor a workbook, no header, or no row below it. Refused `records.too-large`.
    """
    if len(data) > MAX_BYTES:
        raise Refused("records.too-large", f"{name} has more than {MAX_BYTES:,} bytes: split it by year")
    lines, encoding, notes = _lines(data, name)
    if len(lines) > _MOST_ROWS:
        raise Refused("records.too-large", f"{name} has more than {_MOST_ROWS:,} lines: split it by year")
    reader = _Reader(find_header(lines))
    reader.notes += notes
    separated = separate_totals(reader.table_lines(lines), frozenset(reader.headers))
    reader.notes += separated.notes
    reader.faults += separated.faults
    rows = [reader.typed(line) for line in reader.fill_merged(separated.deployments)]
    reader.note_suppressed()
    if not rows:
        raise Poison(f"{name} has a header but no deployment below it")
    generation = "another force's"
    for known, columns in GENERATIONS.items():
        if columns <= reader.headers.keys():
            generation = known
    if encoding not in {"UTF-8", _WORKBOOK}:
        message = "special characters may be lost: publish in UTF-8"
        reader.faults.append(Finding("encoding", None, "", "", encoding, message, expected="UTF-8"))
    return PublishedTable(
        name=name,
        generation=generation,
        encoding=encoding,
        headers={column: " ".join(text.split()) for column, text in reader.headers.items()},
        unknown=() if generation == OURS else tuple(reader.unknown),
        rows=tuple(rows),
        faults=tuple(reader.faults),
        footnotes=tuple(reader.footnotes),
        notes=tuple(reader.notes),
    )


def _lines(data: bytes, name: str) -> tuple[list[Line], str, list[str]]:
    """Return the lines, what they were written in, and which sheets of a workbook weren't read."""
    if not is_workbook(data):
        text, encoding = decode_text(data, name)
        return lines_of(text, most_rows=_MOST_ROWS, most_columns=_MOST_COLUMNS), encoding, []
    sheets = read_workbook(data, name, most_rows=_MOST_ROWS, most_columns=_MOST_COLUMNS)
    numbered = [(sheet, list(enumerate(sheet.rows, start=1))) for sheet in sheets]
    chosen, lines = max(numbered, key=lambda each: named_columns(each[1]))
    others = ", ".join(sheet.name for sheet, _ in numbered if sheet is not chosen)
    notes = [f"the sheet {chosen.name} was read; not read: {others}"] if others else []
    return lines, _WORKBOOK, notes + chosen.notes()


class _Reader:
    """Reads line after line under the header that stands above it, which may change."""

    def __init__(self, header: TableHeader) -> None:
        self._first = self._header = header
        self._extra: set[int] = set()
        self.headers = dict(header.printed)
        self.unknown = dict.fromkeys(header.unknown)
        self.faults: list[Finding] = []
        self.footnotes: list[str] = []
        self.notes: list[str] = []
        self._kept_back: dict[tuple[Column, str], list[int]] = {}

    def table_lines(self, lines: Sequence[Line]) -> list[TableLine]:
        """List the lines below the header with a date or figures.

        Blank lines, footnotes and repeated headers part blocks.
        """
        found: list[TableLine] = []
        block = 0
        skip_to = self._first.last_line
        for at, (number, raw) in enumerate(lines):
            if number <= skip_to:
                continue
            filled = [cell.strip() for cell in raw if cell.strip()]
            if filled and (header := header_again(lines, at)) is not None:
                self._take_header(number, header)
                skip_to = header.last_line
                block += 1
                continue
            printed = {column: raw[i].strip() if i < len(raw) else "" for column, i in self._header.positions.items()}
            if not filled or self._repeats_header(number, printed) or self._is_footnote(filled, printed):
                block += 1
                continue
            if any(cell.strip() for cell in raw[self._header.width :]):
                self._extra.add(number)
            found.append(TableLine(number, printed, block))
        return found

    def _take_header(self, number: int, header: TableHeader) -> None:
        """Read on under a header that stands there again."""
        how = "" if header.positions == self._header.positions else " in another order, and was read so"
        self.notes.append(f"row {number} has the header again{how}")
        self._header = header
        self.headers = dict(header.printed) | self.headers
        self.unknown |= dict.fromkeys(header.unknown)

    def _repeats_header(self, number: int, printed: dict[Column, str]) -> bool:
        same = sum(text == self._header.printed[column].strip() for column, text in printed.items() if text)
        if same >= len(REQUIRED):
            self.notes.append(f"row {number} repeats the header: left out")
        return same >= len(REQUIRED)

    def _is_footnote(self, filled: Sequence[str], printed: dict[Column, str]) -> bool:
        if printed[Column.DATE] or any(printed.get(column) for column in COUNTS):
            return False
        self.footnotes.append(" ".join(filled))
        return True

    def fill_merged(self, lines: Sequence[TableLine]) -> Iterator[TableLine]:
        """Let a blank where cells span a day's lines say what the cell above says.

        That is so within a block; on another day not.
        """
        above: dict[Column, str] = {}
        block = -1
        for line in lines:
            if line.block != block or line.printed.get(Column.DATE, "") not in {"", above.get(Column.DATE, "")}:
                above, block = {}, line.block
            taken = [column for column in _SPANNING if not line.printed.get(column, "?") and column in above]
            above |= {column: text for column in _SPANNING if (text := line.printed.get(column))}
            if taken:
                what = ", ".join(column.value for column in taken)
                self.notes.append(f"row {line.number}: {what} taken from the merged cell above")
            yield replace(line, printed=line.printed | {column: above[column] for column in taken})

    def typed(self, line: TableLine) -> PublishedRow:
        """Read the row, its cells as what they mean; one that can't be read is a finding."""
        number, printed = line.number, line.printed
        before = len(self.faults)
        rate_header = self.headers.get(Column.FALSE_ALERT_RATE, "").casefold()
        in_percent = "%" in rate_header or "percent" in rate_header or "per cent" in rate_header
        in_hours = bool(_HOURS_ALONE.fullmatch(self.headers.get(Column.DURATION, "")))

        def read(column: Column, reader: Callable[[str], T]) -> T | None:
            text = printed.get(column, "")
            try:
                return reader(text)
            except cells.UnreadableCell as error:
                message = f"the cell {column.value} can't be read"
                self.faults.append(Finding("cell-unreadable", number, "", "", text, message, expected=str(error)))
                return None

        suppressed = self._suppressed_in(line)
        counts = {
            column: count
            for column in COUNTS
            if column not in suppressed and (count := read(column, cells.read_count)) is not None
        }
        duration = read(Column.DURATION, lambda text: cells.read_duration(text, in_hours=in_hours))
        start, end = read(Column.START, cells.read_clock), read(Column.END, cells.read_clock)
        if duration is None and start is not None and end is not None and start != end:
            duration = cells.DurationCell((end - start) % cells.MINUTES_OF_A_DAY, "from and to")
        row = PublishedRow(
            number=number,
            printed=printed,
            location=read(Column.LOCATION, read_words) or "",
            session=printed.get(Column.SESSION, ""),
            date=read(Column.DATE, cells.read_date),
            duration=duration,
            threshold=read(Column.THRESHOLD, cells.read_decimal),
            rate=read(Column.FALSE_ALERT_RATE, lambda text: cells.read_rate(text, in_percent=in_percent)),
            counts=counts,
            suppressed=suppressed,
        )
        if number in self._extra and len(self.faults) > before:
            message = "the row has more cells than the header, and some can't be read: what stands where isn't known"
            self.faults.append(
                Finding("row-shifted", number, "", "", "", message, expected="quotes around values with separators")
            )
        return row

    def _suppressed_in(self, line: TableLine) -> dict[Column, SuppressedCell]:
        """Return the small numbers that the row keeps back, and remember them for the notes."""
        found = {
            column: cell
            for column in COUNTS
            if (text := line.printed.get(column)) and (cell := read_suppressed(text)) is not None
        }
        for column, cell in found.items():
            self._kept_back.setdefault((column, cell.text), []).append(line.number)
        return found

    def note_suppressed(self) -> None:
        """Note which small numbers are kept back, and in which rows."""
        for (column, text), numbers in self._kept_back.items():
            rows = f"row{'s' * (len(numbers) > 1)} {', '.join(map(str, numbers))}"
            self.notes.append(f'{column.value} is "{text}" in {rows}: a small number kept back, which is in no sum')
