"""One cell as a force printed it, read as what it means: numbers, dates, durations, rates.

Each reader returns None for a cell that says nothing ("", "-", "n/a") and raises `UnreadableCell` for one that says
something else than it should.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date
from typing import Literal

__all__ = [
    "MINUTES_OF_A_DAY",
    "DateCell",
    "DurationCell",
    "RateCell",
    "UnreadableCell",
    "clean",
    "read_clock",
    "read_count",
    "read_date",
    "read_decimal",
    "read_duration",
    "read_rate",
]

_NOTHING = frozenset({"", "-", "–", "—", "n/a", "na", "none", "nil", "tbc", "not recorded", "not tested"})
_LONGEST = 100  # characters of a number, date, duration or rate
_FOOTNOTE_MARKS = " *†‡§#¹²³⁴⁵⁶⁷⁸⁹"
_NOTE = re.compile(r"\(\s*(?:see\s+)?note", re.IGNORECASE)
_SPACES = re.compile(r"[\s\u00a0\u2007\u2009\u202f\ufeff]+")
_COUNT = re.compile(r"-?\d{1,3}(?:[, ]\d{3}){1,4}|-?\d{1,15}")
_DECIMAL = re.compile(r"-?\d*\.?\d+")
_DATE = re.compile(r"(\d{1,2})[/.\- ](\d{1,2})[/.\- ](\d{4}|\d{2})")
_ISO = re.compile(r"(\d{4})-(\d{2})-(\d{2})")
_NAMED = re.compile(r"(\d{1,2})(?:st|nd|rd|th)?[\s\-./]([A-Za-z]{3,9})\.?[\s\-./,]+(\d{4}|\d{2})")
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_DURATIONS = {  # the spelling's name and its pattern; docs/domain.md 2.3 found the first three in one table
    "5h03m": re.compile(r"(\d{1,2})h(\d{1,2})m", re.IGNORECASE),
    "4hr 47m": re.compile(r"(\d{1,2})\s*hrs?\s*(\d{1,2})\s*m(?:ins?)?", re.IGNORECASE),
    "5h40": re.compile(r"(\d{1,2})h(\d{2})", re.IGNORECASE),
    "6h 13m": re.compile(r"(\d{1,2})h (\d{1,2})m", re.IGNORECASE),
    "5:03": re.compile(r"(\d{1,2}):(\d{2})(?::00)?"),
    "5 hours 3 minutes": re.compile(r"(\d{1,2})\s*hours?(?:\s*(?:and|,)?\s*(\d{1,2})\s*min(?:ute)?s?)?", re.IGNORECASE),
    "5h": re.compile(r"(\d{1,2})\s*(?:h|hrs?)()", re.IGNORECASE),
    "minutes": re.compile(r"()(\d{1,4})(?:\.0)?(?:\s*min(?:ute)?s?)?", re.IGNORECASE),
}


_WEEKDAY = re.compile(r"(?:mon|tues?|wed(?:nes)?|thu(?:rs?)?|fri|sat(?:ur)?|sun)(?:day)?\.?,?\s+(?=\d)", re.IGNORECASE)
_UNTIL = (re.compile(r"\s+(?:to|until|till|and)\s+|\s*[–—]\s*|\s+[-/&]\s*", re.IGNORECASE), re.compile("[-/&]"))
"""What stands between the first and the last day or time; the less ambiguous first."""
_CLOCK = re.compile(r"(\d{1,2})(?:[:.h]?(\d{2}))?(?::\d{2})?\s*(?:([ap]\.?m)\.?|hrs?|hours|h)?", re.IGNORECASE)
_DAYS = re.compile(r"\d{1,2}\s+days?\b.{0,60}", re.IGNORECASE)
MINUTES_OF_A_DAY = 1440


class UnreadableCell(ValueError):
    """The cell doesn't say what its column should; the message says what was expected."""


@dataclass(frozen=True, slots=True)
class DateCell:
    """A date and how it was written; `swapped` is the date with day and month exchanged, if there is one.

    last: of a deployment over several days, the last of them; else the same day.
    """

    value: date
    spelling: Literal["ISO 8601", "day, month, two-digit year", "day, month, four-digit year", "month in words"]
    swapped: date | None = None
    last: date | None = None


@dataclass(frozen=True, slots=True)
class DurationCell:
    """Minutes and the name of the spelling. minutes: None where days alone are told, and how long of each isn't."""

    minutes: int | None
    spelling: str


@dataclass(frozen=True, slots=True)
class RateCell:
    """A printed rate: true values from `low` to `high` (fractions) are printed so; `decimals` are the per cent's."""

    low: float
    high: float
    text: str
    decimals: int | None


def clean(text: str) -> str:
    """Remove odd spaces, line breaks and footnote marks at the end."""
    text = _SPACES.sub(" ", text).strip()
    while text:
        begins = text.rfind({")": "(", "]": "["}.get(text[-1], "\n"))
        if begins >= 0 and (text[-1] == "]" or _NOTE.match(text, begins)):
            text = text[:begins].rstrip()
        elif text[-1] in _FOOTNOTE_MARKS:
            text = text.rstrip(_FOOTNOTE_MARKS)
        else:
            break
    return text


def _read_text(text: str) -> str | None:
    """Return what a cell says, None where it says nothing. Raises UnreadableCell for what is longer than any value."""
    if len(text := clean(text)) > _LONGEST:
        raise UnreadableCell(f"at most {_LONGEST} characters")
    return None if text.casefold() in _NOTHING else text


def read_count(text: str) -> int | None:
    """Read a whole number, also with thousands separators or as a spreadsheet's "12.0"; may be negative."""
    if (said := _read_text(text)) is None:
        return None
    whole = said.removesuffix(".0")
    if not _COUNT.fullmatch(whole):
        raise UnreadableCell("a whole number")
    return int(whole.replace(",", "").replace(" ", ""))


def read_decimal(text: str) -> float | None:
    """Read a decimal number, or per cent as its fraction."""
    if (said := _read_text(text)) is None:
        return None
    number = said.removesuffix("%").strip()
    if not _DECIMAL.fullmatch(number):
        raise UnreadableCell("a number")
    return float(number) / (100 if said.endswith("%") else 1)


def read_rate(text: str, *, in_percent: bool) -> RateCell | None:
    """Read a rate: "0.025%", "0.025" (a per cent where the header says so), "1 in 4,000"."""
    if (said := _read_text(text)) is None:
        return None
    if odds := re.fullmatch(r"1 in ([\d, ]+)", said, re.IGNORECASE):
        base = read_count(odds[1].strip())
        if not base:
            raise UnreadableCell("a rate, as 0.025% or 1 in 4,000")
        return RateCell(1 / (base + 0.5), 1 / (base - 0.5), said, None)
    number = said.removesuffix("%").strip()
    if not _DECIMAL.fullmatch(number) or number.startswith("-"):
        raise UnreadableCell("a rate, as 0.025% or 1 in 4,000")
    scale = 100.0 if said.endswith("%") or in_percent else 1.0
    decimals = len(number.partition(".")[2])
    half = 0.5 * 10.0**-decimals * (1 + 1e-9)  # a tie may be rounded either way
    low, high = max(0.0, float(number) - half) / scale, (float(number) + half) / scale
    return RateCell(low, high, said, decimals if scale > 1 else decimals - 2)


def read_date(text: str) -> DateCell | None:
    """Read a date, the day before the month as in the United Kingdom; two-digit years are of this century.

    Of several days ("03/11/25 - 05/11/25", "3 to 5 November 2025") the first, and the last beside it.
    """
    if (said := _read_text(text)) is None:
        return None
    said = _WEEKDAY.sub("", said).strip()
    if (one := _one_date(said)) is not None:
        return one
    for first, last in _from_to(said):
        if (end := _one_date(last)) is None:
            continue
        start = _one_date(first) or _one_date(f"{first}{_rest_of(first, last)}")
        if start is not None and start.value <= end.value:
            return replace(start, last=end.value)
    raise UnreadableCell("a date, best as 2026-04-06")


def _from_to(said: str) -> Iterator[tuple[str, str]]:
    """Yield each way in which the text may be two: from and to."""
    for between in _UNTIL:
        for found in between.finditer(said):
            yield said[: found.start()].strip(), said[found.end() :].strip()


def _one_date(said: str) -> DateCell | None:
    """Return the day that `said` is, None where it has no date's form. Raises UnreadableCell for a day that isn't."""
    try:
        if iso := _ISO.fullmatch(said.partition("T")[0].removesuffix(" 00:00:00")):
            return DateCell(date(int(iso[1]), int(iso[2]), int(iso[3])), "ISO 8601")
        if named := _NAMED.fullmatch(said):
            month = _MONTHS.index(named[2][:3].casefold()) + 1
            return DateCell(date(_year(named[3]), month, int(named[1])), "month in words")
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


def read_duration(text: str) -> DurationCell | None:
    """Read a duration in whole minutes, in any of the spellings that forces use.

    It may also be clock times, or days without minutes.
    """
    if (said := _read_text(text)) is None:
        return None
    for spelling, pattern in _DURATIONS.items():
        if found := pattern.fullmatch(said):
            hours, minutes = int(found[1] or 0), int(found[2] or 0)
            if spelling != "minutes" and minutes > 59:  # minutes of an hour
                raise UnreadableCell("a duration whose minutes are below 60, as 6h 13m")
            return DurationCell(60 * hours + minutes, spelling)
    if (tenths := re.fullmatch(r"(\d{1,2}\.\d{1,2})\s*(?:hours?|hrs?)", said, re.IGNORECASE)) is not None:
        return DurationCell(round(60 * float(tenths[1])), "5.5 hours")
    if (clock := _clock_minutes(said)) is not None:
        return DurationCell(clock, "from and to")
    if _DAYS.fullmatch(said):
        return DurationCell(None, "days")
    raise UnreadableCell("a duration, as 6h 13m, or from and to, as 11:15-12:03")


def read_clock(text: str) -> int | None:
    """Read a time of day as minutes since midnight: 11:15, 1115, 11.15am, 11:15:00; None if it is none."""
    if (said := _read_text(text)) is None:
        return None
    if not (found := _CLOCK.fullmatch(said)) or (minutes := _minutes_of(found)) is None:
        raise UnreadableCell("a time of day, as 11:15")
    return minutes


def _clock_minutes(said: str) -> int | None:
    """Count the minutes from one time of day to the next such, over midnight too; None if these aren't two times."""
    for first, last in _from_to(said):
        begins, ends = _CLOCK.fullmatch(first), _CLOCK.fullmatch(last)
        if not begins or not ends:
            continue
        start, end = _minutes_of(begins), _minutes_of(ends)
        if start is None or end is None or start == end:
            raise UnreadableCell("times of day from and to, as 11:15-12:03")
        return (end - start) % MINUTES_OF_A_DAY
    return None


def _minutes_of(clock: re.Match[str]) -> int | None:
    hours, minutes = int(clock[1]), int(clock[2] or 0)
    half = (clock[3] or "").casefold()[:1]
    if minutes > 59 or hours > (12 if half else 24) or (half and not hours):  # a clock's
        return None
    if half:
        hours = hours % 12 + (12 if half == "p" else 0)
    return (60 * hours + minutes) % MINUTES_OF_A_DAY


def _numeric(first: int, second: int, year: str) -> DateCell:
    spelling: Literal["day, month, two-digit year", "day, month, four-digit year"] = (
        "day, month, two-digit year" if len(year) == len("YY") else "day, month, four-digit year"
    )
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


def _year(text: str) -> int:
    return int(text) + (2000 if len(text) == len("YY") else 0)
