"""Cells of a list as programs write them, made plain: odd spaces, days, whole numbers; each change is a note."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta

__all__ = ["DAYS", "CellNotes", "column_letter", "find_month_first", "plain_name", "plain_row"]

DAYS = ("expires_on", "image_date", "checked_on")

_LONGEST_READ = 1_200
"""Characters before normalisation, which takes quadratic time on long runs of accents; more is refused as too long."""

_SPACES = re.compile("[\u00a0\u1680\u2000-\u200a\u202f\u205f\u3000]")
_UNSEEN = re.compile("[\u00ad\u200b-\u200f\u202a-\u202e\u2060\u2066-\u2069\ufeff]")
"""Zero-width characters, soft hyphens, and those that turn the direction of text."""

_NUMERIC = re.compile(r"(\d{1,2})([/.\- ])(\d{1,2})\2(\d{4})")
_NAMED = re.compile(r"(\d{1,2})(?:st|nd|rd|th)?[\s\-./]+([a-z]{3,9})\.?[\s\-./,]+(\d{4})", re.IGNORECASE)
_TIME = re.compile(r"[T ](?P<hour>\d{1,2}):\d{2}(?::\d{2}(?:\.\d+)?)?(?P<zone>Z|[+-]\d{2}:?\d{2})?$")
_MIDNIGHT = re.compile(r"[T ]0?0:00(?::00(?:\.0+)?)?$")
_DAYS_END = re.compile(r"[T ]23:59(?::59(?:\.\d+)?)?")
_WEEKDAY = re.compile(r"(?:mon|tues?|wed(?:nes)?|thu(?:rs?)?|fri|sat(?:ur)?|sun)(?:day)?\.?,?\s+(?=\w)", re.IGNORECASE)
_MONTH_FIRST = re.compile(r"([a-z]{3,9})\.?\s+(\d{1,2})(?:st|nd|rd|th)?,?\s+(\d{4})", re.IGNORECASE)
_YEAR_FIRST = re.compile(r"(\d{4})([/.\-])(\d{1,2})\2(\d{1,2})")
_DASHES = str.maketrans({"\u2010": "-", "\u2011": "-", "\u2012": "-", "\u2013": "-", "\u2212": "-", "\uff0f": "/"})
_SERIAL = re.compile(r"([2-7]\d{4})(?:\.0+)?")
"""Days since 30 December 1899, as a spreadsheet counts them: of 1954 to 2119."""
_EPOCH = date(1899, 12, 30)
_MONTHS = "january february march april may june july august september october november december".split()  # noqa: SIM905  read as a line
_MONTHS_OF_A_YEAR, _LONGEST_MONTH = 12, 31
_WHOLE = re.compile(r"(\d{1,3})[.,]0+")


@dataclass(slots=True)
class CellNotes:
    """What was changed, told once for each kind and column with how often."""

    _first: dict[tuple[str, str], str] = field(default_factory=dict)
    _count: dict[tuple[str, str], int] = field(default_factory=dict)

    def add(self, kind: str, column: str, words: str) -> None:
        """Note one change. kind: what was done; words: this one in full."""
        key = (kind, column)
        self._first.setdefault(key, words)
        self._count[key] = self._count.get(key, 0) + 1

    def texts(self) -> list[str]:
        """Write a sentence for each kind and column."""
        return [
            words + (f" (and {self._count[key] - 1:,} more of that column)" if self._count[key] > 1 else "")
            for key, words in self._first.items()
        ]


def plain_name(text: str) -> str:
    """Return a text without what isn't seen, odd spaces as spaces, composed (NFC), without spaces at its ends."""
    if len(text) > _LONGEST_READ:
        return text
    return unicodedata.normalize("NFC", _UNSEEN.sub("", _SPACES.sub(" ", text))).strip()


def find_month_first(rows: Iterable[tuple[int, Mapping[str, str]]], notes: CellNotes) -> frozenset[str]:
    """Find the columns of days in which a row can only be read with the month first, as American programs write them.

    What can be read in both ways there is not guessed. rows: the number of each line, and its cells by column.
    """
    found: set[str] = set()
    for line, values in rows:
        for column in DAYS:
            day = _NUMERIC.match(plain_name(values.get(column, "")).translate(_DASHES))
            if day and int(day[1]) <= _MONTHS_OF_A_YEAR < int(day[3]) <= _LONGEST_MONTH:
                found.add(column)
                notes.add(
                    "the month first",
                    column,
                    f"row {line}, {column}: {values[column]!r} has the month first, so days of that column that can be "
                    "read in both ways are refused: write year-month-day",
                )
    return frozenset(found)


def plain_row(
    line: int, values: Mapping[str, str], notes: CellNotes, month_first: frozenset[str] = frozenset()
) -> dict[str, str]:
    """Return the row's cells by column, made plain. month_first: as `find_month_first` found."""
    plain: dict[str, str] = {}
    for column, text in values.items():
        if found := (_SPACES.search(text.strip(" \t")) or _UNSEEN.search(text)):
            name = unicodedata.name(found[0], f"U+{ord(found[0]):04X}").lower()
            said = f"row {line}, {column}: a {name} at character {found.start() + 1} was taken as"
            is_space = bool(_SPACES.match(found[0]))
            notes.add("spaces", column, f"{said} {'an ordinary space' if is_space else 'nothing'}")
        plain[column] = plain_name(text)
        reader = _day if column in DAYS else _whole if column == "age" else None
        if reader and column in month_first and _reads_both_ways(plain[column]):
            reader = None
        if reader and (read := reader(plain[column])) is not None:
            written, how = read
            notes.add(how, column, f"row {line}, {column}: {plain[column]!r} was read as {written}, {how}")
            plain[column] = written
    return plain


def column_letter(position: int) -> str:
    """Return a spreadsheet's name of the column at `position`, the first being 0."""
    letters, rest = "", position + 1
    while rest:
        rest, letter = divmod(rest - 1, 26)
        letters = chr(ord("A") + letter) + letters
    return letters


def _whole(text: str) -> tuple[str, str] | None:
    found = _WHOLE.fullmatch(text)
    return (found[1], "a whole number") if found else None


def _reads_both_ways(text: str) -> bool:
    """Return whether a day in digits is another one with the month first."""
    if (found := _NUMERIC.match(text.translate(_DASHES))) is None:
        return False
    first, second = int(found[1]), int(found[3])
    return first != second and max(first, second) <= _MONTHS_OF_A_YEAR


def _day(text: str) -> tuple[str, str] | None:
    """Return the day as 2027-03-31 and how it was read, None where it stands so already or is no day."""
    plain = text.translate(_DASHES)
    try:
        if cut := _TIME.search(plain):
            of_day = cut[0].removesuffix(cut["zone"] or "")
            if not _MIDNIGHT.fullmatch(of_day) and (cut["zone"] or not _DAYS_END.fullmatch(of_day)):
                return None  # whether that day counts can't be said without guessing
            whole = plain[: cut.start()]
            day, _ = _day(whole) or (date.fromisoformat(whole).isoformat(), "")
            return day, "without its time"
        if named := _WEEKDAY.match(plain):
            whole = plain[named.end() :]
            day, _ = _day(whole) or (date.fromisoformat(whole).isoformat(), "")
            return day, "without the day of the week"
        return _plain_day(plain, text)
    except ValueError:  # no such day
        return None


def _plain_day(plain: str, text: str) -> tuple[str, str] | None:
    """Return a day without time and weekday. Raises ValueError: there is no such day."""
    if found := _NUMERIC.fullmatch(plain):
        return date(int(found[4]), int(found[3]), int(found[1])).isoformat(), "the day first"
    if found := _YEAR_FIRST.fullmatch(plain):
        day = date(int(found[1]), int(found[3]), int(found[4])).isoformat()
        return None if day == text else (day, "the year first")
    if found := _NAMED.fullmatch(plain):
        return date(int(found[3]), _month(found[2]), int(found[1])).isoformat(), "the month in words"
    if found := _MONTH_FIRST.fullmatch(plain):
        return date(int(found[3]), _month(found[1]), int(found[2])).isoformat(), "the month in words"
    if found := _SERIAL.fullmatch(plain):
        return (_EPOCH + timedelta(days=int(found[1]))).isoformat(), "a spreadsheet's number of a day"
    day = date.fromisoformat(plain).isoformat()  # 20271231, 2027-W52-5
    return None if day == text else (day, "as ISO 8601")


def _month(word: str) -> int:
    """Return the month's number, 0 for no month."""
    return next((n for n, name in enumerate(_MONTHS, start=1) if name.startswith(word.casefold())), 0)
