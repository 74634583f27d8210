"""`watchlist.csv`: one row a photograph. Bad rows become refusals; a file that is no such CSV is Poison."""

from __future__ import annotations

import csv
import errno
import io
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path, PurePosixPath, PureWindowsPath

from lfr_core.common.errors import Poison
from lfr_core.common.files import read_bounded
from lfr_core.domain.categories import parse_category
from lfr_core.domain.watchlists import Category, EntryRow, Refusal, RefusalReason

__all__ = ["COLUMNS", "FILE_NAME", "FURTHER_COLUMNS"]
__all__ += ["RowCells", "Rows", "locate", "parse_age", "parse_day", "read_rows"]

FILE_NAME = "watchlist.csv"
COLUMNS = ("subject", "category", "legal_reference", "approved_by", "expires_on", "photograph")

FURTHER_COLUMNS = ("image_source", "image_date", "age", "minor_rationale", "second_approver", "checked_on")
"""An operational list needs them (the suite `watchlist` refuses it otherwise); older and test lists may lack them."""

_MAY_BE_EMPTY = frozenset({"minor_rationale", "second_approver"})

_MOST_BYTES = 32_000_000
"""`_MOST_LINES` with long references; anything larger isn't a watchlist."""

_MOST_LINES = 100_000
"""Lists of up to 20,000 entries (docs/domain.md 2.4), five photographs each; more can't be looked at within a day."""

_LONGEST_VALUE = 300
"""Characters. A subject reference, a legal reference and a path fit; a pasted document doesn't."""

_LONGEST_READ = 4 * _LONGEST_VALUE
"""Characters before normalisation, which takes quadratic time on long runs of accents; more is refused as too long."""

_MOST_VALUES = 200
"""In one line; there are 12 columns."""

_FORMULA_SIGNS = ("=", "+", "-", "@")
"""A spreadsheet runs a cell that begins with one, so that opening a list could run a stranger's command."""

_OLDEST_YEARS = 120

_ADVICE = f"`lfr watchlist template FOLDER` writes a {FILE_NAME} to start from."


@dataclass(frozen=True, slots=True)
class RowCells:
    """One row as it was written: its line, and the text of each cell by column; none where they can't be parted."""

    line: int
    text: Mapping[str, str]
    refusal: Refusal | None


@dataclass(frozen=True, slots=True)
class Rows:
    """What a CSV held, in its order."""

    rows: tuple[EntryRow, ...]
    refusals: tuple[Refusal, ...]
    columns: frozenset[str] = frozenset()
    """Those that the file has."""
    cells: tuple[RowCells, ...] = ()
    """Every row as it was written, the refused ones too."""


def read_rows(folder: Path) -> Rows:
    """Read `folder/watchlist.csv`: comma-separated, UTF-8 with or without BOM, a header, columns in any order.

    One bad row never stops the others: it is among the refusals. Photographs are not opened.

    Raises:
        Poison: there is no such file, it is no regular file in the folder, is larger than `_MOST_BYTES` or longer than
            `_MOST_LINES`, can't be read, isn't UTF-8, holds no rows, or its columns aren't those of `COLUMNS`, with
            any of `FURTHER_COLUMNS`.
    """
    records = iter(list(_records(folder, _text(folder))))  # whole: a list that is too long is refused before any work
    header = next(records, None)
    if header is None:
        raise Poison(f"{folder / FILE_NAME} is empty. {_ADVICE}")
    order = _columns(folder, header.values)
    rows: list[EntryRow] = []
    refusals: list[Refusal] = []
    cells: list[RowCells] = []
    seen: dict[tuple[str, str], int] = {}
    root = folder.resolve()
    for record in records:
        result = _row(folder, root, record, order, seen)
        if isinstance(result, EntryRow):
            rows.append(result)
        else:
            refusals.append(result)
        split = not record.fault and len(record.values) == len(order)
        text = dict(zip(order, record.values, strict=True)) if split else {}
        cells.append(RowCells(record.line, text, result if isinstance(result, Refusal) else None))
    if not rows and not refusals:
        raise Poison(f"{folder / FILE_NAME} has a header and no rows: add one row a photograph")
    return Rows(tuple(rows), tuple(refusals), frozenset(order), tuple(cells))


def parse_day(text: str) -> date | None:
    """The day written as year-month-day, or None."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def parse_age(text: str) -> int | None:
    """Whole years from 0 to 120, or None."""
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 3 and int(text) <= _OLDEST_YEARS else None  # noqa: PLR2004  digits of 120


def locate(folder: Path, photograph: str, root: Path | None = None) -> Path | None:
    """Where a photograph lies, or None if that is outside `folder`, also by way of a symbolic link.

    root: `folder` resolved, where many are asked for.
    """
    posix, windows = PurePosixPath(photograph), PureWindowsPath(photograph)
    if posix.is_absolute() or windows.drive or windows.root or ".." in windows.parts or "\0" in photograph:
        return None
    path = folder / posix
    if not path.exists() and "\\" in photograph:
        path = folder / PurePosixPath(*windows.parts)  # a list made on Windows
    try:
        inside = path.resolve().is_relative_to(root or folder.resolve())
    except (OSError, RuntimeError):  # a loop of links
        return None
    return path if inside else None


@dataclass(frozen=True, slots=True)
class _Record:
    line: int
    values: list[str]
    fault: str = ""


def _text(folder: Path) -> str:
    file = folder / FILE_NAME
    try:
        if not folder.is_dir():
            raise Poison(f"{folder} is not a folder. A watchlist is a folder with photographs and {FILE_NAME}.")
        data = read_bounded(file, _MOST_BYTES, inside=folder)
    except FileNotFoundError as error:
        raise Poison(f"there is no {FILE_NAME} in {folder}. {_ADVICE}") from error
    except OSError as error:
        advice = {errno.EACCES: "Check its permissions.", errno.EFBIG: "That is no list of photographs."}
        raise Poison(
            f"{file} can't be read: {error.strerror}. "
            f"{advice.get(error.errno or 0, 'Put the list itself into the folder.')}"
        ) from error
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise Poison(f"{file} isn't UTF-8 (line {line}): save it again as 'CSV UTF-8 (comma delimited)'") from error
    if "\0" in text:
        raise Poison(f"{file} holds NUL characters: it isn't a text file. Save it as 'CSV UTF-8 (comma delimited)'.")
    return text


def _records(folder: Path, text: str) -> Iterator[_Record]:
    """Lines of the CSV with the number of the line on which each begins; blank ones left out."""
    reader = csv.reader(io.StringIO(text, newline=""), strict=True, skipinitialspace=True)
    while True:
        line, fault = reader.line_num + 1, ""
        try:
            values = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            values, fault = [], str(error)
        if reader.line_num > _MOST_LINES + 1:  # the header is one
            raise Poison(f"{folder / FILE_NAME} has more than {_MOST_LINES:,} lines: split the list")
        if len(values) > _MOST_VALUES:
            fault = f"more than {_MOST_VALUES} values"
        if fault:
            yield _Record(line, [], fault)
        elif any(value.strip() for value in values):
            yield _Record(line, [_tidied(value.strip()) for value in values])


def _tidied(value: str) -> str:
    return unicodedata.normalize("NFC", value) if len(value) <= _LONGEST_READ else value


def _columns(folder: Path, header: Sequence[str]) -> list[str]:
    names = [name.casefold() for name in header]
    if len(names) == 1 and (";" in names[0] or "\t" in names[0]):
        raise Poison(f"{folder / FILE_NAME} isn't comma-separated: save it as 'CSV UTF-8 (comma delimited)'")
    missing = [name for name in COLUMNS if name not in names]
    known = (*COLUMNS, *FURTHER_COLUMNS)
    extra = [name or "(no name)" for name in names if name not in known]
    twice = sorted({name for name in names if name in known and names.count(name) > 1})
    faults = [
        f"{what} {', '.join(which)}"
        for what, which in (("lacks the columns", missing), ("has unknown columns", extra), ("has twice", twice))
        if which
    ]
    if faults:
        raise Poison(
            f"{folder / FILE_NAME} {' and '.join(faults)}. The first line must be: {','.join(COLUMNS)} "
            f"and may go on with {','.join(FURTHER_COLUMNS)}. {_ADVICE}"
        )
    return names


def _text_fault(record: _Record, order: list[str], value: dict[str, str]) -> tuple[RefusalReason, str] | None:
    """What keeps the row's text from being read as a row of the list."""
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
                f"{name} begins with {text[0]}, which a spreadsheet runs as a formula: remove it",
            )
        if "\n" in text or "\r" in text:
            return (RefusalReason.BAD_ROW, f"{name} holds a line break: write it on one line")
        if len(text) > _LONGEST_VALUE or not text.isprintable():
            return (
                RefusalReason.BAD_ROW,
                f"{name} is longer than {_LONGEST_VALUE} characters or holds control characters",
            )
    missing = [name for name, text in value.items() if not text and name not in _MAY_BE_EMPTY]
    if missing:
        return (RefusalReason.MISSING_VALUE, f"no {', '.join(missing)}: every column needs a value")
    return None


def _row(
    folder: Path, root: Path, record: _Record, order: list[str], seen: dict[tuple[str, str], int]
) -> EntryRow | Refusal:
    value = dict(zip(order, record.values, strict=False))

    def refused(reason: RefusalReason, message: str) -> Refusal:
        return Refusal(record.line, value.get("subject", ""), value.get("photograph", ""), reason, message)

    fault = _text_fault(record, order, value)
    if fault is not None:
        return refused(*fault)
    category = parse_category(value["category"])
    if category is None:
        return refused(
            RefusalReason.BAD_CATEGORY,
            f"{value['category']!r} is no lawful ground: use one of {', '.join(c.value for c in Category)}",
        )
    days = {name: parse_day(value[name]) for name in ("expires_on", "image_date", "checked_on") if name in value}
    for name, day in days.items():
        if day is None:
            return refused(
                RefusalReason.BAD_DATE, f"{name} {value[name]!r} is no date: write year-month-day, as 2027-03-31"
            )
    expires_on = days["expires_on"]
    assert expires_on is not None  # the loop has looked
    age = parse_age(value["age"]) if "age" in value else None
    if "age" in value and age is None:
        return refused(RefusalReason.BAD_AGE, f"age {value['age']!r} is no number of years from 0 to {_OLDEST_YEARS}")
    if locate(folder, value["photograph"], root) is None:
        return refused(
            RefusalReason.OUTSIDE_FOLDER, "the photograph lies outside the watchlist's folder: put it inside"
        )
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
