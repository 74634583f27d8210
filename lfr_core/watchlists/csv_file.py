"""`watchlist.csv`: one row a photograph. Bad rows become refusals; a file that is no such CSV is Poison."""

from __future__ import annotations

import csv
import io
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path, PurePosixPath, PureWindowsPath

from lfr_core.errors import Poison
from lfr_core.watchlists.categories import parse_category
from lfr_core.watchlists.types import Category, EntryRow, Refusal, RefusalReason

__all__ = ["COLUMNS", "FILE_NAME", "Rows", "locate", "read_rows"]

FILE_NAME = "watchlist.csv"
COLUMNS = ("subject", "category", "legal_reference", "approved_by", "expires_on", "photograph")

_MOST_BYTES = 64_000_000
"""About 20,000 entries of 10 photographs with long references; anything larger isn't a watchlist."""

_LONGEST_VALUE = 300
"""Characters. A subject reference, a legal reference and a path fit; a pasted document doesn't."""

_ADVICE = f"`lfr watchlist template FOLDER` writes a {FILE_NAME} to start from."


@dataclass(frozen=True, slots=True)
class Rows:
    """What a CSV held, in its order."""

    rows: tuple[EntryRow, ...]
    refusals: tuple[Refusal, ...]


def read_rows(folder: Path) -> Rows:
    """Read `folder/watchlist.csv`: comma-separated, UTF-8 with or without BOM, a header, columns in any order.

    One bad row never stops the others: it is among the refusals. Photographs are not opened.

    Raises:
        Poison: there is no such file, it can't be read, isn't UTF-8, holds no rows, or its columns aren't those
            of `COLUMNS`.
    """
    records = _records(_text(folder))
    header = next(records, None)
    if header is None:
        raise Poison(f"{folder / FILE_NAME} is empty. {_ADVICE}")
    order = _columns(folder, header.values)
    rows: list[EntryRow] = []
    refusals: list[Refusal] = []
    seen: dict[tuple[str, str], int] = {}
    for record in records:
        result = _row(folder, record, order, seen)
        if isinstance(result, EntryRow):
            rows.append(result)
        else:
            refusals.append(result)
    if not rows and not refusals:
        raise Poison(f"{folder / FILE_NAME} has a header and no rows: add one row a photograph")
    return Rows(tuple(rows), tuple(refusals))


def locate(folder: Path, photograph: str) -> Path | None:
    """Where a photograph lies, or None if that is outside `folder`, also by way of a symbolic link."""
    posix, windows = PurePosixPath(photograph), PureWindowsPath(photograph)
    if posix.is_absolute() or windows.drive or windows.root or ".." in windows.parts or "\0" in photograph:
        return None
    path = folder / posix
    if not path.exists() and "\\" in photograph:
        path = folder / PurePosixPath(*windows.parts)  # a list made on Windows
    try:
        inside = path.resolve().is_relative_to(folder.resolve())
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
        if file.is_file() and file.stat().st_size > _MOST_BYTES:
            raise Poison(f"{file} is larger than {_MOST_BYTES // 1_000_000} MB: that is no list of photographs")
        data = file.read_bytes()
    except FileNotFoundError as error:
        raise Poison(f"there is no {FILE_NAME} in {folder}. {_ADVICE}") from error
    except OSError as error:
        raise Poison(f"{file} can't be read: {error.strerror}. Check its permissions.") from error
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise Poison(f"{file} isn't UTF-8 (line {line}): save it again as 'CSV UTF-8 (comma delimited)'") from error
    if "\0" in text:
        raise Poison(f"{file} holds NUL characters: it isn't a text file. Save it as 'CSV UTF-8 (comma delimited)'.")
    return text


def _records(text: str) -> Iterator[_Record]:
    """Lines of the CSV with the number of the line on which each begins; blank ones left out."""
    reader = csv.reader(io.StringIO(text, newline=""), strict=True, skipinitialspace=True)
    while True:
        line = reader.line_num + 1
        try:
            values = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            yield _Record(line, [], fault=str(error))
            continue
        if any(value.strip() for value in values):
            yield _Record(line, [unicodedata.normalize("NFC", value.strip()) for value in values])


def _columns(folder: Path, header: Sequence[str]) -> list[str]:
    names = [name.casefold() for name in header]
    if len(names) == 1 and (";" in names[0] or "\t" in names[0]):
        raise Poison(f"{folder / FILE_NAME} isn't comma-separated: save it as 'CSV UTF-8 (comma delimited)'")
    missing = [name for name in COLUMNS if name not in names]
    extra = [name or "(no name)" for name in names if name not in COLUMNS]
    twice = sorted({name for name in names if name in COLUMNS and names.count(name) > 1})
    faults = [
        f"{what} {', '.join(which)}"
        for what, which in (("lacks the columns", missing), ("has unknown columns", extra), ("has twice", twice))
        if which
    ]
    if faults:
        raise Poison(
            f"{folder / FILE_NAME} {' and '.join(faults)}. The first line must be: {','.join(COLUMNS)}. {_ADVICE}"
        )
    return names


def _row(folder: Path, record: _Record, order: list[str], seen: dict[tuple[str, str], int]) -> EntryRow | Refusal:
    value = dict(zip(order, record.values, strict=False))

    def refused(reason: RefusalReason, message: str) -> Refusal:
        return Refusal(record.line, value.get("subject", ""), value.get("photograph", ""), reason, message)

    if record.fault:
        return refused(
            RefusalReason.BAD_ROW,
            f"the row can't be read ({record.fault}): check its quotes. What follows an unclosed quote isn't read",
        )
    if len(record.values) != len(order):
        return refused(
            RefusalReason.BAD_ROW,
            f"{len(record.values)} values for {len(order)} columns: put quotes around values with commas",
        )
    missing = [name for name in COLUMNS if not value[name]]
    if missing:
        return refused(RefusalReason.MISSING_VALUE, f"no {', '.join(missing)}: every column needs a value")
    for name in COLUMNS:
        if len(value[name]) > _LONGEST_VALUE or not value[name].isprintable():
            return refused(
                RefusalReason.BAD_ROW, f"{name} is longer than {_LONGEST_VALUE} characters or holds control characters"
            )
    category = parse_category(value["category"])
    if category is None:
        return refused(
            RefusalReason.BAD_CATEGORY,
            f"{value['category']!r} is no lawful ground: use one of {', '.join(c.value for c in Category)}",
        )
    try:
        expires_on = date.fromisoformat(value["expires_on"])
    except ValueError:
        return refused(
            RefusalReason.BAD_DATE, f"{value['expires_on']!r} is no date: write year-month-day, as 2027-03-31"
        )
    if locate(folder, value["photograph"]) is None:
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
    )
