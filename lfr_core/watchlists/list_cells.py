"""Cells of a list as programs write them, made plain: odd spaces, days, whole numbers; each change is a note."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta

__all__ = ["DAYS", "CellNotes", "column_letter", "plain_name", "plain_row"]

DAYS = ("expires_on", "image_date", "checked_on")

_LONGEST_READ = 1_200
"""Characters before normalisation, which takes quadratic time on long runs of accents; more is refused as too long."""

_SPACES = re.compile("[\u00a0\u1680\u2000-\u200a\u202f\u205f\u3000]")
_UNSEEN = re.compile("[\u00ad\u200b-\u200f\u202a-\u202e\u2060\u2066-\u2069\ufeff]")
"""Zero-width characters, soft hyphens, and those that turn the direction of text."""

_NUMERIC = re.compile(r"(\d{1,2})([/.\- ])(\d{1,2})\2(\d{4})")
_NAMED = re.compile(r"(\d{1,2})(?:st|nd|rd|th)?[\s\-./]+([a-z]{3,9})\.?[\s\-./,]+(\d{4})", re.IGNORECASE)
_MIDNIGHT = re.compile(r"[T ]0?0:00(?::00(?:\.0+)?)?Z?$")
_SERIAL = re.compile(r"([2-7]\d{4})(?:\.0+)?")
"""Days since 30 December 1899, as a spreadsheet counts them: of 1954 to 2119."""
_EPOCH = date(1899, 12, 30)
_MONTHS = "january february march april may june july august september october november december".split()  # noqa: SIM905  read as a line
_WHOLE = re.compile(r"(\d{1,3})\.0+")


@dataclass(slots=True)
class CellNotes:
    """What was changed, told once for each kind and column with how often."""

    _first: dict[tuple[str, str], str] = field(default_factory=dict)
    _count: dict[tuple[str, str], int] = field(default_factory=dict)

    def add(self, kind: str, column: str, words: str) -> None:
        """One change. kind: what was done; words: this one in full."""
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


def plain_row(line: int, values: Mapping[str, str], notes: CellNotes) -> dict[str, str]:
    """Return the row's cells by column, made plain."""
    plain: dict[str, str] = {}
    for column, text in values.items():
        if found := (_SPACES.search(text.strip(" \t")) or _UNSEEN.search(text)):
            name = unicodedata.name(found[0], f"U+{ord(found[0]):04X}").lower()
            said = f"row {line}, {column}: a {name} at character {found.start() + 1} was taken as"
            is_space = bool(_SPACES.match(found[0]))
            notes.add("spaces", column, f"{said} {'an ordinary space' if is_space else 'nothing'}")
        plain[column] = plain_name(text)
        reader = _day if column in DAYS else _whole if column == "age" else None
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


def _day(text: str) -> tuple[str, str] | None:
    """Return the day as 2027-03-31 and how it was read, None where it stands so already or is no day."""
    try:
        if cut := _MIDNIGHT.search(text):
            whole = text[: cut.start()]
            day, _ = _day(whole) or (date.fromisoformat(whole).isoformat(), "")
            return day, "without its time"
        if found := _NUMERIC.fullmatch(text):
            return date(int(found[4]), int(found[3]), int(found[1])).isoformat(), "the day first"
        if found := _NAMED.fullmatch(text):
            named = found[2].casefold()
            month = next((n for n, name in enumerate(_MONTHS, start=1) if name.startswith(named)), 0)
            return date(int(found[3]), month, int(found[1])).isoformat(), "the month in words"
        if found := _SERIAL.fullmatch(text):
            return (_EPOCH + timedelta(days=int(found[1]))).isoformat(), "a spreadsheet's number of a day"
    except ValueError:  # no such day
        pass
    return None
