"""One cell as a force printed it, read as what it means: numbers, dates, durations, rates.

Each reader returns None for a cell that says nothing ("", "-", "n/a") and raises `UnreadableCell` for one that says
something else than it should.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from lfr_core.publication.quality.day_cells import DateCell, read_date
from lfr_core.publication.quality.plain_cells import UnreadableCell, clean, from_to, said_in

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

_COUNT = re.compile(r"-?\d{1,3}(?:[, ]\d{3}){1,4}|-?\d{1,15}")
_ZERO = frozenset({"nil", "none", "zero"})
_NO_FRACTION = re.compile(r"\.0(?:|0|000+)$")
"""Not `.000`: 20.000 is twenty thousand in half of Europe, and twenty where a spreadsheet shows three decimals."""
_DECIMAL = re.compile(r"-?\d*\.?\d+")
_COMMA = re.compile(r"^(-?0),(\d+)$")
"""0,64: a decimal comma, since no thousands begin with nothing."""
_DURATIONS = {  # the spelling's name and its pattern; docs/domain.md 2.3 found the first three in one table
    "5h03m": re.compile(r"(\d{1,2})h(\d{1,2})m", re.IGNORECASE),
    "4hr 47m": re.compile(r"(\d{1,2})\s*hrs?\.?,?\s*(\d{1,2})\s*m(?:in(?:ute)?s?\.?)?", re.IGNORECASE),
    "5h40": re.compile(r"(\d{1,2})h(\d{2})", re.IGNORECASE),
    "6h 13m": re.compile(r"(\d{1,2})h (\d{1,2})m", re.IGNORECASE),
    "6 h 13 min": re.compile(r"(\d{1,2})\s*h\s*(\d{1,2})\s*m(?:in(?:ute)?s?)?", re.IGNORECASE),
    "5:03": re.compile(r"(\d{1,2}):(\d{2})(?::00)?(?:\s*(?:hours|hrs))?"),
    "5 hours 3 minutes": re.compile(r"(\d{1,2})\s*hours?(?:\s*(?:and|,)?\s*(\d{1,2})\s*min(?:ute)?s?)?", re.IGNORECASE),
    "5h": re.compile(r"(\d{1,2})\s*(?:h|hrs?)()", re.IGNORECASE),
    "minutes": re.compile(r"()(\d{1,4})(?:\.0)?(?:\s*min(?:ute)?s?)?", re.IGNORECASE),
}


_CLOCK = re.compile(r"(\d{1,2})(?:[:.h]?(\d{2}))?(?::\d{2})?\s*(?:([ap]\.?m)\.?|hrs?|hours|h)?", re.IGNORECASE)
_EXACT = 1e-12
"""Of a rate that a spreadsheet worked out to its last digit."""
_NUMBER = re.compile(r"\d{1,3}(?:\.\d{1,4})?")
_DAYS = re.compile(r"\d{1,2}\s+days?\b.{0,60}", re.IGNORECASE)
MINUTES_OF_A_DAY = 1440
_TWELVE = (
    (re.compile(r"\b(?:12(?:[:.]00)?\s*)?(?:noon|mid-?day)\b", re.IGNORECASE), "12:00"),
    (re.compile(r"\b(?:12(?:[:.]00)?\s*)?mid-?night\b", re.IGNORECASE), "00:00"),
)
"""Times of day that have a name."""


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


def read_count(text: str) -> int | None:
    """Read a whole number, also with thousands separators, as "nil" or a spreadsheet's "12.00"; may be negative."""
    if clean(text).casefold() in _ZERO:
        return 0
    if (said := said_in(text)) is None:
        return None
    whole = _NO_FRACTION.sub("", said)
    if not _COUNT.fullmatch(whole):
        raise UnreadableCell("a whole number")
    return int(whole.replace(",", "").replace(" ", ""))


def read_decimal(text: str) -> float | None:
    """Read a decimal number, or per cent as its fraction."""
    if (said := said_in(text)) is None:
        return None
    number = _COMMA.sub(r"\1.\2", said.removesuffix("%").strip())
    if not _DECIMAL.fullmatch(number):
        raise UnreadableCell("a number")
    return float(number) / (100 if said.endswith("%") else 1)


def read_rate(text: str, *, in_percent: bool) -> RateCell | None:
    """Read a rate: "0.025%", "0.025" (a per cent where the header says so), "1 in 4,000"."""
    if (said := said_in(text)) is None:
        return None
    if odds := re.fullmatch(r"1 in ([\d, ]+)", said, re.IGNORECASE):
        base = read_count(odds[1].strip())
        if not base:
            raise UnreadableCell("a rate, as 0.025% or 1 in 4,000")
        return RateCell(1 / (base + 0.5), 1 / (base - 0.5), said, None)
    number = _COMMA.sub(r"\1.\2", said.removesuffix("%").strip())
    if not _DECIMAL.fullmatch(number) or number.startswith("-"):
        raise UnreadableCell("a rate, as 0.025% or 1 in 4,000")
    scale = 100.0 if said.endswith("%") or in_percent else 1.0
    decimals = len(number.partition(".")[2])
    # a tie may be rounded either way; and what a formula gave is no more exact than its arithmetic
    half = max(0.5 * 10.0**-decimals, _EXACT * float(number)) * (1 + 1e-9)
    low, high = max(0.0, float(number) - half) / scale, (float(number) + half) / scale
    return RateCell(low, high, said, decimals if scale > 1 else decimals - 2)


def read_duration(text: str, *, in_hours: bool = False) -> DurationCell | None:
    """Read a duration in whole minutes, in any of the spellings that forces use.

    It may also be clock times, or days without minutes. in_hours: what a number alone is, as the heading says.
    """
    if (said := said_in(text)) is None:
        return None
    if in_hours and _NUMBER.fullmatch(said):
        return DurationCell(round(60 * float(said)), "5.5 hours")
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
    """Read a time of day as minutes since midnight: 11:15, 1115, 11.15am, 11:15:00, noon; None if it is none."""
    if (said := said_in(text)) is None:
        return None
    if not (found := _CLOCK.fullmatch(_in_figures(said))) or (minutes := _minutes_of(found)) is None:
        raise UnreadableCell("a time of day, as 11:15")
    return minutes


def _clock_minutes(said: str) -> int | None:
    """Count the minutes from one time of day to the next such, over midnight too; None if these aren't two times."""
    for first, last in from_to(_in_figures(said)):
        begins, ends = _CLOCK.fullmatch(first), _CLOCK.fullmatch(last)
        if not begins or not ends:
            continue
        start, end = _minutes_of(begins), _minutes_of(ends)
        if start is None or end is None or start == end:
            raise UnreadableCell("times of day from and to, as 11:15-12:03")
        return (end - start) % MINUTES_OF_A_DAY
    return None


def _in_figures(said: str) -> str:
    """Write noon and midnight as a clock does."""
    for name, figures in _TWELVE:
        said = name.sub(figures, said)
    return said


def _minutes_of(clock: re.Match[str]) -> int | None:
    hours, minutes = int(clock[1]), int(clock[2] or 0)
    half = (clock[3] or "").casefold()[:1]
    if minutes > 59 or hours > (12 if half else 24) or (half and not hours):  # a clock's
        return None
    if half:
        hours = hours % 12 + (12 if half == "p" else 0)
    return (60 * hours + minutes) % MINUTES_OF_A_DAY
