"""A list's file: one row a photograph. Bad rows become refusals; a file that is no such list is Poison."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from lfr_core.common.errors import Poison
from lfr_core.domain.categories import EXPLAINED, parse_category
from lfr_core.domain.watchlists import EntryRow, Refusal, RefusalReason
from lfr_core.watchlists.column_names import COLUMNS, FURTHER_COLUMNS, NAMES_FILE, ColumnNames, read_column_names
from lfr_core.watchlists.list_cells import DAYS, CellNotes, column_letter, find_month_first, plain_name, plain_row
from lfr_core.watchlists.list_file import ADVICE, FILE_NAME, ListFile, ListLine, read_list_file
from lfr_core.watchlists.photograph_files import locate

__all__ = ["COLUMNS", "FILE_NAME", "FURTHER_COLUMNS"]
__all__ += ["RowCells", "Rows", "locate", "parse_age", "parse_day", "read_rows"]

_MAY_BE_EMPTY = frozenset({"minor_rationale", "second_approver"})

_LONGEST_VALUE = 300
"""Characters. A subject reference, a legal reference and a path fit; a pasted document doesn't."""

_FORMULA_SIGNS = ("=", "+", "-", "@")
"""A spreadsheet runs a cell that begins with one, so that opening a list could run a stranger's command."""

_OLDEST_YEARS = 120

_LOOK_FOR_HEADER_LINES = 20

_FAILED_FORMULAS = frozenset(
    {
        "#N/A",
        "#REF!",
        "#VALUE!",
        "#DIV/0!",
        "#NAME?",
        "#NULL!",
        "#NUM!",
        "#SPILL!",
        "#CALC!",
        "#FIELD!",
        "#GETTING_DATA",
    }
)
"""What a spreadsheet shows where a formula has no value."""
_NARROW = re.compile("#{2,}")
_LOST_DIGITS = re.compile(r"\d([.,]\d+)?E\+\d{1,3}|[1-9]\d{14}0+", re.IGNORECASE)
"""What a spreadsheet leaves of a number with more than 11 digits, or, of more than 15, noughts for the rest."""


@dataclass(frozen=True, slots=True)
class RowCells:
    """One row: its line, and the plain text of each cell by column; none where they can't be parted."""

    line: int
    text: Mapping[str, str]
    refusal: Refusal | None


@dataclass(frozen=True, slots=True)
class Rows:
    """What a list held, in its order."""

    rows: tuple[EntryRow, ...]
    refusals: tuple[Refusal, ...]
    columns: frozenset[str] = frozenset()
    """Those that the file has."""
    cells: tuple[RowCells, ...] = ()
    """Every row, the refused ones too."""
    notes: tuple[str, ...] = ()
    """What was read otherwise than it stands there, for people."""


def read_rows(folder: Path) -> Rows:
    """Read the list in `folder`: `watchlist.csv`, or a workbook; a header, columns in any order.

    One bad row never stops the others: it is among the refusals. Photographs are not opened.

    Raises:
        Poison: as `read_list_file` and `read_column_names`, the list holds no rows, or its columns aren't those of
            `COLUMNS`, with any of `FURTHER_COLUMNS`.
    """
    names = read_column_names(folder)
    file = read_list_file(folder, names.named)
    if not file.records:
        raise Poison(f"{file.path} is empty. {ADVICE}")
    notes = CellNotes()
    at = _header_at(file, names)
    order, lines = _shape(file, at, names)
    rows: list[EntryRow] = []
    refusals: list[Refusal] = []
    cells: list[RowCells] = []
    seen: dict[tuple[str, str], int] = {}
    root = folder.resolve()
    headings = [plain_name(text) for text in file.records[at].values[: len(order)]]
    month_first = find_month_first(
        ((record.line, dict(zip(order, record.values, strict=False))) for record in lines), notes
    )
    for record in lines:
        if [plain_name(text) for text in record.values] == headings:
            notes.add("headings", "", f"line {record.line} repeats the headings and was not read")
            continue
        is_whole = not record.fault and len(record.values) == len(order)
        pairs = dict(zip(order, record.values, strict=False))
        value = plain_row(record.line, {name: text for name, text in pairs.items() if name}, notes, month_first)
        result = _row(folder, root, record, order, value, seen, notes)
        if isinstance(result, EntryRow):
            rows.append(result)
        else:
            refusals.append(result)
        cells.append(RowCells(record.line, value if is_whole else {}, result if isinstance(result, Refusal) else None))
    if not rows and not refusals:
        raise Poison(f"{file.path} has a header and no rows: add one row a photograph")
    above = [f"lines above the headings that were not read: {at}"] if at else []
    said = (*file.notes, *above, *names.notes(file.records[at].values), *notes.texts())
    return Rows(tuple(rows), tuple(refusals), frozenset(filter(None, order)), tuple(cells), said)


def parse_day(text: str) -> date | None:
    """Read the day written as year-month-day; None where it isn't one."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def parse_age(text: str) -> int | None:
    """Read whole years from 0 to 120; None for anything else."""
    is_number = text.isascii() and text.isdigit() and len(text) <= 3  # digits of 120
    return int(text) if is_number and int(text) <= _OLDEST_YEARS else None


def _header_at(file: ListFile, names: ColumnNames) -> int:
    """Find the record of headings: the first, unless one soon after it, below a title, has all that are needed."""
    for at, record in enumerate(file.records[:_LOOK_FOR_HEADER_LINES]):
        if {names.of(text) for text in record.values} >= set(COLUMNS):
            return at
    return 0


def _shape(file: ListFile, at: int, names: ColumnNames) -> tuple[list[str], list[ListLine]]:
    """Return our names of the columns, "" for those not read, and the lines below, without empty columns at the end."""
    header, *lines = file.records[at:]
    width = max((i for i, text in enumerate(header.values, start=1) if plain_name(text)), default=0)
    filled = {i for record in lines for i, text in enumerate(record.values[:width]) if text.strip()}
    trimmed = []
    for record in lines:
        values = record.values
        if not any(text.strip() for text in values[width:]):  # empty columns at the end
            values = values[:width]
        if file.is_workbook and not record.fault:
            values = [*values, *[""] * (width - len(values))]
        trimmed.append(ListLine(record.line, values, record.fault))
    order = _columns(file.path, header.values[:width], names, filled)
    return order, trimmed


def _columns(path: Path, header: Sequence[str], names: ColumnNames, filled: set[int]) -> list[str]:
    order = [names.of(text) for text in header]
    known = (*COLUMNS, *FURTHER_COLUMNS)
    missing = [name for name in COLUMNS if name not in order]
    extra = [
        plain_name(text) or f"(no name, {column_letter(i)})"
        for i, (text, name) in enumerate(zip(header, order, strict=True))
        if name not in known and (name or (not plain_name(text) and i in filled))
    ]
    twice = sorted({name for name in order if name in known and order.count(name) > 1})
    faults = [
        f"{what} {', '.join(which)}"
        for what, which in (("lacks the columns", missing), ("has unknown columns", extra), ("has twice", twice))
        if which
    ]
    if faults:
        raise Poison(
            f"{path} {' and '.join(faults)}. The first line must be: {', '.join(COLUMNS)}; "
            f"and may go on with {', '.join(FURTHER_COLUMNS)}. {ADVICE} Or say in {NAMES_FILE}, beside the list or in "
            f'the folder above it, what your columns mean ([columns], "Custody ref" = "subject"; "" for one that '
            "isn't read)."
        )
    return order


def _column(name: str, order: Sequence[str]) -> str:
    return f"(column {column_letter(order.index(name))})"


def _where(name: str, order: Sequence[str], text: str, at: int) -> str:
    return f"(column {column_letter(order.index(name))}, character {at + 1}: U+{ord(text[at]):04X})"


def _text_fault(record: ListLine, order: list[str], value: Mapping[str, str]) -> tuple[RefusalReason, str] | None:
    """Say what keeps the row's text from being read as a row of the list."""
    if record.fault:
        return (
            RefusalReason.BAD_ROW,
            f"the row can't be read ({record.fault}): check its quotes. What follows an unclosed quote isn't read",
        )
    if len(record.values) != len(order):
        return (
            RefusalReason.BAD_ROW,
            f"{len(record.values)} values for {len(order)} columns: put quotes around values with commas",
        )
    for name, text in value.items():
        if text.startswith(_FORMULA_SIGNS):
            return (
                RefusalReason.FORMULA,
                f"{name} begins with {text[0]}, a formula to a spreadsheet: remove it {_column(name, order)}",
            )
        if "\n" in text or "\r" in text:
            return (RefusalReason.BAD_ROW, f"{name} holds a line break: write it on one line")
        if len(text) > _LONGEST_VALUE:
            return (RefusalReason.BAD_ROW, f"{name} is longer than {_LONGEST_VALUE} characters: shorten it")
        if not text.isprintable():
            at = next(i for i, character in enumerate(text) if not character.isprintable())
            return (
                RefusalReason.BAD_ROW,
                f"{name} holds a character that can't be shown {_where(name, order, text, at)}: write it anew",
            )
        if text.upper() in _FAILED_FORMULAS:
            failed = f"{name} is {text}, which a spreadsheet shows where a formula fails: write the value itself"
            return RefusalReason.BAD_ROW, f"{failed} {_column(name, order)}"
        if _NARROW.fullmatch(text):
            narrow = f"{name} is {text}, which a spreadsheet saves of a column too narrow for its value: widen it"
            return RefusalReason.BAD_ROW, f"{narrow} {_column(name, order)}"
        if _LOST_DIGITS.fullmatch(text):
            return (
                RefusalReason.BAD_ROW,
                f"{name} {text!r} is what a spreadsheet leaves of a long number: make it text, and write it anew",
            )
    missing = [name for name, text in value.items() if not text and name not in _MAY_BE_EMPTY]
    if missing:
        return (RefusalReason.MISSING_VALUE, f"no {', '.join(missing)}: every column needs a value")
    return None


def _row(
    folder: Path,
    root: Path,
    record: ListLine,
    order: list[str],
    value: Mapping[str, str],
    seen: dict[tuple[str, str], int],
    notes: CellNotes,
) -> EntryRow | Refusal:
    def refused(reason: RefusalReason, message: str) -> Refusal:
        return Refusal(record.line, value.get("subject", ""), value.get("photograph", ""), reason, message)

    fault = _text_fault(record, order, value)
    if fault is not None:
        return refused(*fault)
    category = parse_category(value["category"])
    if category is None:
        return refused(
            RefusalReason.BAD_CATEGORY,
            f"{value['category']!r} is no lawful ground: use one of {'; '.join(EXPLAINED.values())}",
        )
    days = {name: parse_day(value[name]) for name in DAYS if name in value}
    for name, day in days.items():
        if day is None:
            return refused(
                RefusalReason.BAD_DATE,
                f"{name} {value[name]!r} is no date {_column(name, order)}: write year-month-day, as 2027-03-31",
            )
    expires_on = days["expires_on"]
    assert expires_on is not None  # the loop has looked
    age = parse_age(value["age"]) if "age" in value else None
    if "age" in value and age is None:
        return refused(RefusalReason.BAD_AGE, f"age {value['age']!r} is no number of years from 0 to {_OLDEST_YEARS}")
    path = locate(folder, value["photograph"], root)
    if path is None:
        return refused(
            RefusalReason.OUTSIDE_FOLDER, "the photograph lies outside the watchlist's folder: put it inside"
        )
    if plain_name(name := path.relative_to(folder).as_posix()) != value["photograph"].replace("\\", "/"):
        how = "whose name is alike"
        notes.add(how, "photograph", f"row {record.line}, photograph: {value['photograph']!r} is {name!r}, {how}")
    first = seen.setdefault((value["subject"], value["photograph"]), record.line)
    if first != record.line:
        return refused(RefusalReason.BAD_ROW, f"the same photograph of this subject stands on line {first} already")
    return EntryRow(
        line=record.line,
        subject=value["subject"],
        category=category,
        legal_reference=value["legal_reference"],
        approved_by=value["approved_by"],
        expires_on=expires_on,
        photograph=value["photograph"],
        image_source=value.get("image_source", ""),
        image_date=days.get("image_date"),
        age=age,
        minor_rationale=value.get("minor_rationale", ""),
        second_approver=value.get("second_approver", ""),
        checked_on=days.get("checked_on"),
    )
