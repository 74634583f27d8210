"""A date as a force printed it."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import date
from typing import Literal

from lfr_core.publication.quality.plain_cells import WEEKDAY, UnreadableCell, from_to, said_in

__all__ = ["DateCell", "read_date"]

_DATE = re.compile(r"(\d{1,2})[/.\- ](\d{1,2})[/.\- ](\d{4}|\d{2})")
_ISO = re.compile(r"(\d{4})(-?)(\d{2})\2(\d{2})")
_YEAR_FIRST = re.compile(r"(\d{4})([/.\-])(\d{1,2})\2(\d{1,2})")
_NAMED = re.compile(r"(\d{1,2})(?:st|nd|rd|th)?[\s\-./]([A-Za-z]{3,9})\.?[\s\-./,]+(\d{4}|\d{2})")
_MONTH_FIRST = re.compile(r"([A-Za-z]{3,9})\.?\s+(\d{1,2})(?:st|nd|rd|th)?,?\s+(\d{4})")
_TIME = re.compile(r"(?:T|,? )\d{1,2}:\d{2}(?::\d{2}(?:\.\d+)?)?(?:Z|[+-]00:00)?$")
"""Of a day: midnight, which a spreadsheet adds, or when the deployment began."""
_DASHES = str.maketrans(dict.fromkeys("\u2010\u2011\u2012\u2013\u2212", "-"))
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")


Spelling = Literal[
    "ISO 8601", "day, month, two-digit year", "day, month, four-digit year", "year, month, day", "month in words"
]


@dataclass(frozen=True, slots=True)
class DateCell:
    """A date and how it was written; `swapped` is the date with day and month exchanged, if there is one.

    last: of a deployment over several days, the last of them; else the same day.
    """

    value: date
    spelling: Spelling
    swapped: date | None = None
    last: date | None = None


def read_date(text: str) -> DateCell | None:
    """Read a date, the day before the month as in the United Kingdom; two-digit years are of this century.

    Of several days ("03/11/25 - 05/11/25", "3 to 5 November 2025") the first, and the last beside it.
    """
    if (said := said_in(text)) is None:
        return None
    said = WEEKDAY.sub("", said).strip()
    if (one := _one_date(said)) is not None:
        return one
    for first, last in from_to(said):
        if (end := _one_date(last)) is None:
            continue
        start = _one_date(first) or _one_date(f"{first}{_rest_of(first, last)}")
        if start is not None and start.value <= end.value:
            return replace(start, last=end.value)
    raise UnreadableCell("a date, best as 2026-04-06")


def _one_date(said: str) -> DateCell | None:
    """Return the day that `said` is, None where it has no date's form. Raises UnreadableCell for a day that isn't."""
    said = _TIME.sub("", said.translate(_DASHES))
    try:
        if iso := _ISO.fullmatch(said):
            return DateCell(date(int(iso[1]), int(iso[3]), int(iso[4])), "ISO 8601")
        if found := _YEAR_FIRST.fullmatch(said):
            return DateCell(date(int(found[1]), int(found[3]), int(found[4])), "year, month, day")
        if named := _NAMED.fullmatch(said):
            return DateCell(date(_year(named[3]), _month(named[2]), int(named[1])), "month in words")
        if named := _MONTH_FIRST.fullmatch(said):
            return DateCell(date(int(named[3]), _month(named[1]), int(named[2])), "month in words")
        if found := _DATE.fullmatch(said):
            return _numeric(int(found[1]), int(found[2]), found[3])
    except UnreadableCell:
        raise
    except ValueError as error:  # no such month or day
        raise UnreadableCell("a date that exists, best as 2026-04-06") from error
    return None


def _rest_of(first: str, last: str) -> str:
    """Return what the first day of a span leaves to the last: "3" of "5 November 2025", "3/11" of "5/11/25"."""
    parts = re.findall(r"\d+|[A-Za-z]{3,}|[/.\- ]", last)
    tokens = [part for part in parts if part.isalnum()]
    missing = tokens[len(re.findall(r"\d+|[A-Za-z]{3,}", first)) :]
    between = next((part for part in parts if not part.isalnum()), " ")
    return "".join(f"{between}{part}" for part in missing)


def _numeric(first: int, second: int, year: str) -> DateCell:
    spelling: Spelling = "day, month, two-digit year" if len(year) == len("YY") else "day, month, four-digit year"
    try:
        swapped = date(_year(year), first, second) if first != second else None
    except ValueError:
        swapped = None
    try:
        return DateCell(date(_year(year), second, first), spelling, swapped)
    except ValueError:
        if swapped is None:
            raise
        raise UnreadableCell("a date with the day before the month, best as 2026-04-06") from None


def _month(word: str) -> int:
    """Return the month's number. Raises ValueError for no month."""
    return _MONTHS.index(word[:3].casefold()) + 1


def _year(text: str) -> int:
    return int(text) + (2000 if len(text) == len("YY") else 0)
