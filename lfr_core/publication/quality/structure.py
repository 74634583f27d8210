"""Which lines of a table are deployments and which are sums: by arithmetic, by words only where that fails.

A line is a sum when each of its counts is the sum of those of the lines above it, of some of them up to it, of the
lines below it, of any lines that stand together, of those of one place or month, or of all. What has no date, no place
of its own and is no such sum is neither: a finding.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from lfr_core.common.quality.findings import Finding
from lfr_core.publication.quality import cells
from lfr_core.publication.quality.columns import ADDITIVE, Column
from lfr_core.publication.quality.suppressed_cells import read_suppressed

__all__ = ["STRUCTURAL", "Separated", "TableLine", "separate_totals"]

STRUCTURAL = frozenset({"total-mismatch", "row-unclear", "row-shifted"})
"""Rules about what a row is at all; a table that breaks one isn't added up."""

_DESCRIBING = (
    Column.DURATION,
    Column.USE_CASE,
    Column.WATCHLIST_SIZE,
    Column.THRESHOLD,
    Column.START,
    Column.END,
    Column.CAMERAS,
)
"""What is said of a deployment and not of many."""

_TOTAL = re.compile(
    r"(?:grand |sub[- ]?|running |overall |annual |yearly |monthly )*totals?\b.*|\S.*\btotals?(?: \d{4})?"
    r"|.*\b(?:year|month|quarter|week)[- ]to[- ]date\b.*|.*\b(?:ytd|cumulative|overall|combined|summary)\b.*"
    r"|all (?:deployments|locations|dates|forces|years?|events)\b.*|sums?(?: of .*)?|\(?(?:19|20)\d\d\)?",
    re.IGNORECASE,
)
_AVERAGE = re.compile(r".*\b(?:average|mean|median|per deployment|min(?:imum)?|max(?:imum)?)\b.*", re.IGNORECASE)
_MOST_PATTERNS = 32
"""Of columns that are filled in possible totals; a table has a few, and each costs a pass over it."""
_TELLING = 100
"""A single count from which on equality with a sum is no chance."""

_MONTHS = (
    *("January", "February", "March", "April", "May", "June", "July", "August"),
    *("September", "October", "November", "December"),
)

_Counts = Mapping[Column, int]


@dataclass(frozen=True, slots=True)
class TableLine:
    """A line below the header, its cells by column. block: rises wherever something stands between lines."""

    number: int
    printed: dict[Column, str]
    block: int


@dataclass(frozen=True, slots=True)
class Separated:
    """deployments: the lines that are. notes: what was left out. faults: lines that are neither."""

    deployments: tuple[TableLine, ...]
    notes: tuple[str, ...]
    faults: tuple[Finding, ...]


def separate_totals(lines: Sequence[TableLine], columns: frozenset[Column]) -> Separated:
    """Separate lines that are totals from those of deployments. columns: those that the table has."""
    sums, deployments, notes = _Sums(), list[TableLine](), list[str]()
    summed = _summed_columns(lines)
    open_lines: list[tuple[TableLine, _Counts, int]] = []
    passed = 0  # lines that aren't deployments: a merged cell doesn't reach over them
    for line in lines:
        counts = _counts_of(line, summed)
        said, bare = _says_total(line), _is_bare(line, columns)
        if _is_average(line) or _is_of_percentages(line):
            what = "an average" if _is_average(line) else "of percentages"
            notes.append(f"row {line.number} is {what}: left out")
        elif above := sums.find_sum_of_last(counts, fewest=1 if said or bare else 2, certain=bool(said or bare)):
            notes.append(_note(line.number, above))
        elif said or bare:
            open_lines.append((line, counts, len(deployments)))
        else:
            sums.add(line.number, counts)
            deployments.append(replace(line, block=line.block + passed))
            continue
        passed += 1
    faults = []
    for line, counts, before in open_lines:
        if found := sums.find_sum_of_next(counts, before) or sums.find_sum_of_all(counts) or sums.find_run(counts):
            notes.append(_note(line.number, found))
        elif said_of := _group_of(line, deployments, counts, summed):
            notes.append(f"row {line.number} is the sum of the rows of {said_of}: left out")
        else:
            faults.append(_fault(line, counts, sums.totals(before)))
    return Separated(tuple(deployments), tuple(notes), tuple(faults))


def _note(number: int, rows: tuple[int, int]) -> str:
    return f"row {number} is the sum of rows {rows[0]} to {rows[1]}: left out"


def _fault(line: TableLine, counts: _Counts, above: _Counts) -> Finding:
    printed = "; ".join(f"{column.value} {count:,}" for column, count in counts.items())
    if not _says_total(line):
        message = "the row names no day and nothing of a deployment, and is no sum of other rows: left out"
        return Finding(
            "row-unclear", line.number, "", "", printed, message, expected="a deployment, or a sum of others"
        )
    expected = "; ".join(f"{column.value} {above.get(column, 0):,}" for column in counts)
    message = "the row calls itself a total, and is no sum of the rows above, of those below or of all: left out"
    return Finding("total-mismatch", line.number, "", "", printed, message, expected=expected)


def _summed_columns(lines: Sequence[TableLine]) -> tuple[Column, ...]:
    """List the columns that a sum can be told by: those in which no number is kept back."""
    return tuple(
        column
        for column in ADDITIVE
        if not any(read_suppressed(text) for line in lines if (text := line.printed.get(column)))
    )


def _counts_of(line: TableLine, columns: Sequence[Column]) -> _Counts:
    counts: dict[Column, int] = {}
    for column in columns:
        try:
            if (count := cells.read_count(line.printed.get(column, ""))) is not None:
                counts[column] = count
        except cells.UnreadableCell:
            continue
    return counts


def _texts(line: TableLine) -> list[str]:
    return [cells.clean(line.printed.get(column, "")).rstrip(":") for column in (Column.LOCATION, Column.DATE)]


def _has_date(line: TableLine) -> bool:
    try:
        return cells.read_date(line.printed.get(Column.DATE, "")) is not None
    except cells.UnreadableCell:
        return False


def _says_total(line: TableLine) -> bool:
    """Return whether it calls itself a total; a dated line only by that word alone, since places may contain it."""
    if any(re.fullmatch(r"(?:grand |sub[- ]?)?totals?", text, re.IGNORECASE) for text in _texts(line)):
        return True
    return not _has_date(line) and any(_TOTAL.fullmatch(text) for text in _texts(line))


def _is_average(line: TableLine) -> bool:
    return not _has_date(line) and any(_AVERAGE.fullmatch(text) for text in _texts(line))


def _is_of_percentages(line: TableLine) -> bool:
    """Return whether each of its counts is a share: "85%" is no number of people."""
    filled = [text for column in ADDITIVE if (text := cells.clean(line.printed.get(column, "")))]
    return not _has_date(line) and bool(filled) and all(text.endswith("%") for text in filled)


def _group_of(line: TableLine, deployments: Sequence[TableLine], counts: _Counts, summed: Sequence[Column]) -> str:
    """Return the place or month whose deployments the line adds up, wherever they stand; "" for none.

    What the line calls itself must name it: "Total Westfield", "March 2025".
    """
    named = " ".join(_texts(line)).casefold()
    groups: dict[str, list[_Counts]] = {}
    for each in deployments:
        for group in _groups(each):
            groups.setdefault(group, []).append(_counts_of(each, summed))
    for group, rows in groups.items():
        sums = {column: sum(row.get(column, 0) for row in rows) for column in counts}
        if any(counts.values()) and sums == dict(counts) and re.search(rf"\b{re.escape(group.casefold())}\b", named):
            return group
    return ""


def _groups(line: TableLine) -> Iterator[str]:
    if place := cells.clean(line.printed.get(Column.LOCATION, "")):
        yield place
    try:
        day = cells.read_date(line.printed.get(Column.DATE, ""))
    except cells.UnreadableCell:
        return
    if day is not None:
        month = _MONTHS[day.value.month - 1]
        yield from (f"{month} {day.value.year}", month, str(day.value.year))


def _is_bare(line: TableLine, columns: frozenset[Column]) -> bool:
    """Return whether nothing is said of one deployment: neither its day nor, where the table has such, more."""
    described = [column for column in _DESCRIBING if column in columns]
    if line.printed.get(Column.DATE) or any(line.printed.get(column) for column in described):
        return False
    return len(described) > 1 or not line.printed.get(Column.LOCATION)


class _Sums:
    """Deployments so far, and the sums of each run of them."""

    def __init__(self) -> None:
        self._numbers: list[int] = []
        self._counts: list[_Counts] = []
        self._first: dict[tuple[Column, ...], dict[tuple[int, ...], int]] = {}
        """By the columns that are filled: how many lines come before, by their sums; the fewest where several do."""
        self._now: dict[tuple[Column, ...], tuple[int, ...]] = {}

    def add(self, number: int, counts: _Counts) -> None:
        self._numbers.append(number)
        self._counts.append(counts)
        for columns in self._first:
            self._count(columns, counts, len(self._counts))

    def find_sum_of_last(self, counts: _Counts, *, fewest: int, certain: bool) -> tuple[int, int] | None:
        """Find the rows, up to the last so far, of which `counts` are the sum: at least `fewest`.

        certain: something else says that it is a sum, so that one small number is enough.
        """
        filled = [count for count in counts.values() if count]
        if not filled or not (certain or len(filled) > 1 or max(filled) >= _TELLING):
            return None
        columns = tuple(counts)
        if columns not in self._first and not self._begin(columns):
            return None
        wanted = tuple(now - count for now, count in zip(self._now[columns], counts.values(), strict=True))
        start = self._first[columns].get(wanted)
        if start is None or len(self._numbers) - start < fewest:
            return None
        return self._numbers[start], self._numbers[-1]

    def find_sum_of_next(self, counts: _Counts, before: int) -> tuple[int, int] | None:
        """Find the rows after the first `before` of which `counts` are the sum."""
        running = dict.fromkeys(counts, 0)
        for at in range(before, len(self._counts)):
            for column in running:
                running[column] += self._counts[at].get(column, 0)
            if running == dict(counts) and any(counts.values()):
                return self._numbers[before], self._numbers[at]
            if any(running[column] > counts[column] for column in running):
                break
        return None

    def find_run(self, counts: _Counts) -> tuple[int, int] | None:
        """Find any rows that stand together, of which `counts` are the sum; one alone only if it says much."""
        if not (len(counts) > 1 and any(count >= _TELLING for count in counts.values())):
            return None
        columns, begins = tuple(counts), dict[tuple[int, ...], int]()
        so_far = (0,) * len(columns)
        for at, row in enumerate(self._counts):
            begins.setdefault(so_far, at)
            so_far = tuple(now + row.get(column, 0) for now, column in zip(so_far, columns, strict=True))
            wanted = tuple(now - count for now, count in zip(so_far, counts.values(), strict=True))
            if (start := begins.get(wanted)) is not None:
                return self._numbers[start], self._numbers[at]
        return None

    def find_sum_of_all(self, counts: _Counts) -> tuple[int, int] | None:
        """Return the first and last row, if `counts` are the sum of all."""
        everything = self.totals(len(self._counts))
        if any(counts.values()) and all(everything.get(column, 0) == count for column, count in counts.items()):
            return self._numbers[0], self._numbers[-1]
        return None

    def totals(self, before: int) -> _Counts:
        """Return the sums of the first `before` rows."""
        sums: dict[Column, int] = {}
        for counts in self._counts[:before]:
            for column, count in counts.items():
                sums[column] = sums.get(column, 0) + count
        return sums

    def _begin(self, columns: tuple[Column, ...]) -> bool:
        if len(self._first) >= _MOST_PATTERNS:
            return False
        self._now[columns] = (0,) * len(columns)
        self._first[columns] = {self._now[columns]: 0}
        for before, counts in enumerate(self._counts, start=1):
            self._count(columns, counts, before)
        return True

    def _count(self, columns: tuple[Column, ...], counts: _Counts, before: int) -> None:
        self._now[columns] = tuple(
            now + counts.get(column, 0) for now, column in zip(self._now[columns], columns, strict=True)
        )
        self._first[columns].setdefault(self._now[columns], before)
