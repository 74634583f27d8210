"""The texts of the site, one file a language in `words/`: English, and whatever else lies beside it."""

from __future__ import annotations

import string
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

from markupsafe import Markup, escape

from lfr_core.common.errors import Fatal
from lfr_core.common.files import read_toml
from lfr_core.domain.rates import one_in
from lfr_core.domain.working_days import LONDON, day_that_ends

__all__ = ["WORDS", "Words", "read_languages"]

WORDS = Path(__file__).with_name("words")
_FIRST = "en"
_FORMS: Mapping[int, str] = {0: "zero", 1: "one", 2: "two", 3: "few", 6: "many"}
"""Plural forms by number, as Welsh has them (Unicode CLDR); a text that lacks one uses `other`."""
_FRACTION = -1  # half a second has the form `other`
_ODDS_UP_TO = 0.1  # beyond it "1 in 2" is too coarse for 67 %


@dataclass(frozen=True, slots=True)
class Words:
    """The texts of one language. Called with a text's name and what is put in, it gives the text, escaped."""

    language: str
    """As in BCP 47: "en", "cy"."""
    texts: Mapping[str, Any]
    """By name: a text, a list of texts, or the forms of a text with a number."""

    def __call__(self, name: str, /, **values: object) -> Markup:
        found = self.texts[name]
        if isinstance(found, Mapping):
            number = values["n"]
            assert isinstance(number, int | float)
            number = int(number) if number == int(number) else _FRACTION
            found = found.get(_FORMS.get(number, "other"), found["other"])
        shown = {key: f"{one:,}" if isinstance(one, int) else one for key, one in values.items()}
        return escape(found).format(**shown)

    def several(self, name: str) -> list[str]:
        """Return the texts of a list."""
        return [str(one) for one in self.texts[name]]

    def day(self, of: date) -> Markup:
        """Write a day: "Monday 23 November 2026"."""
        weekday = self.several("dates.days")[of.weekday()]
        return self("dates.day", weekday=weekday, day=str(of.day), month=self._month(of), year=str(of.year))

    def on(self, of: date, place: str) -> Markup:
        """Write a place and a day, short: "Norwich city centre, 23 November"."""
        return self("index.chart_line", place=place, day=str(of.day), month=self._month(of))

    def moment(self, at: datetime) -> Markup:
        """Write a moment in London: "23 November 2026, 16:13"."""
        local = at.astimezone(LONDON)
        return self(
            "dates.moment", day=str(local.day), month=self._month(local), year=str(local.year), time=f"{local:%H:%M}"
        )

    def deadline(self, at: datetime) -> Markup:
        """Write by when: "the end of 4 December 2026" where that is its midnight, else the moment."""
        day = day_that_ends(at)
        if day is None:
            return self.moment(at)
        return self("dates.end_of", day=str(day.day), month=self._month(day), year=str(day.year))

    def span(self, starts_at: datetime, ends_at: datetime) -> Markup:
        """Write day and hours in London: "Monday 23 November 2026, 10:00 to 16:13"."""
        start, end = starts_at.astimezone(LONDON), ends_at.astimezone(LONDON)
        of = {"date": self.day(start.date()), "start": f"{start:%H:%M}", "end": f"{end:%H:%M}"}
        if start.date() == end.date():
            return self("dates.span", **of)
        return self("dates.overnight", **of, last=self.day(end.date()))

    def share(self, value: float | None) -> Markup:
        """Write a rate as people say it, small ones as odds."""
        if value is None:
            return self("numbers.not_observed")
        percent = self("numbers.percent", number=f"{100 * value:.3g}")
        if value == 0 or value > _ODDS_UP_TO:
            return percent
        odds = self("numbers.one_in", number=one_in(value).removeprefix("1 in "))
        return self("numbers.share", odds=odds, percent=percent)

    def number(self, value: float | str | None) -> str:
        """Write a number of the record, a range of it, or that it isn't known."""
        if value is None or value == "not recorded":
            return self("numbers.not_recorded")
        return value if isinstance(value, str) else f"{value:,}"

    def _month(self, of: date) -> str:
        return self.several("dates.months")[of.month - 1]


def read_languages(folder: Path = WORDS) -> tuple[Words, ...]:
    """Read the languages of the site, English first.

    Raises Fatal when a translation lacks a text, or puts others in.
    """
    found = {file.stem: dict(_flat(read_toml(file))) for file in sorted(folder.glob("*.toml"))}
    first = found.pop(_FIRST)
    for language, texts in found.items():
        wrong = sorted(first.keys() ^ texts.keys()) or [
            name for name, text in texts.items() if not _find_placeholders(text) <= _find_placeholders(first[name])
        ]
        if wrong:
            raise Fatal(f"{folder / language}.toml doesn't fit {_FIRST}.toml: mend {', '.join(wrong[:5])}")
    return (Words(_FIRST, first), *(Words(language, texts) for language, texts in found.items()))


def _flat(table: Mapping[str, Any], before: str = "") -> Iterator[tuple[str, Any]]:
    for name, value in table.items():
        if isinstance(value, Mapping) and "other" not in value:
            yield from _flat(value, f"{before}{name}.")
        else:
            yield before + name, value


def _find_placeholders(text: Any) -> set[str]:
    """Return what is put into a text."""
    parts = text.values() if isinstance(text, Mapping) else text if isinstance(text, list) else [text]
    return {field for part in parts for _, field, _, _ in string.Formatter().parse(part) if field}
