"""The headings under which forces print the columns of their tables (docs/domain.md 2.1).

Compared as words: lower case, without punctuation, footnote marks and line breaks; what no heading is equal to, by the
words that matter alone. The words were taken from the Met's tables, from the Home Office's of its border deployments,
and from what South Wales, Essex and Norfolk write of theirs.
"""

from __future__ import annotations

import re
from typing import Final

from lfr_core.publication.quality.columns import MODERN, Column
from lfr_core.publication.tabular import NATIONAL_COLUMNS

__all__ = ["column_of"]

_OTHER_HEADERS: Final = {  # the Met's of 2023-24 and 2020-22, our extract of them, and words of other forces
    Column.LOCATION: (
        "location",
        "deployment",
        "location as extracted",
        "place",
        "venue",
        "event",
        "site",
        "town",
        "port",
        "area",
        "deployment area",
        "location of deployment",
        "event location",
        "name of deployment",
        "borough",
        "ward",
        "street",
        "town city",
        "venue event",
        "place of deployment",
    ),
    Column.DATE: (
        "date",
        "date dd mm yy",
        "date ddmmyy",
        "date dd mm yyyy",
        "date of deployment",
        "deployment date",
        "dates",
        "event date",
        "day",
        "start date",
        "date started",
        "date from",
        "day and date",
    ),
    Column.DURATION: (
        "duration of deployment",
        "duration min",
        "duration minutes",
        "duration hours",
        "deployment duration",
        "length of deployment",
        "time",
        "times",
        "time of deployment",
        "hours of deployment",
        "deployment time",
        "deployment hours",
        "operational hours",
        "start and finish time",
        "time active",
        "hours active",
        "hours deployed",
        "operating hours",
        "lfr active hours",
        "period of deployment",
    ),
    Column.USE_CASE: (
        "purpose reference",
        "purpose",
        "use case",
        "deployment type",
        "type of deployment",
        "purpose of deployment",
        "reason for deployment",
        "operation type",
    ),
    Column.WATCHLIST_SIZE: (
        "size of watchlist",
        "watch list size",
        "list size",
        "watchlist",
        "watch list",
        "watchlist number",
        "watch list number",
        "number on watchlist",
        "number on watch list",
        "people on watchlist",
        "people on watch list",
        "images on watchlist",
        "watchlist total",
        "watchlist volume",
        "watchlist count",
        "watchlist entries",
        "number of persons on watchlist",
        "size of the watchlist used",
        "subjects on watchlist",
    ),
    Column.THRESHOLD: (
        "threshold",
        "threshold setting",
        "threshold settings",
        "minimum threshold setting",
        "minimum threshold",
        "threshold value",
        "face match threshold",
        "match threshold",
        "similarity threshold",
        "confidence threshold",
        "system threshold",
        "setting",
        "threshold used",
        "algorithm threshold",
        "recognition threshold",
    ),
    Column.TOTAL_ALERTS: (
        "alerts",
        "number of alerts",
        "all alerts",
        "alerts generated",
        "system alerts",
        "matches",
        "possible matches",
        "potential matches",
        "match",
    ),
    Column.TRUE_CONFIRMED: ("true confirmed", "confirmed true alerts"),
    Column.TRUE_UNCONFIRMED: ("true unconfirmed", "unconfirmed true alerts"),
    Column.FALSE_CONFIRMED: ("false confirmed",),
    Column.FALSE_UNCONFIRMED: ("false unconfirmed", "unconfirmed false alerts"),
    Column.FALSE_ALERT_RATE: (
        "false alert rate %",
        "false alert rate percent",
        "false positive rate",
        "false positive alert rate",
        "incorrect alert rate",
        "false alarm rate",
        "false alerts rate",
        "fpir",
        "% false alerts",
        "false positive identification rate",
    ),
    Column.OUTCOME_ARREST: (
        "outcome arrest",
        "engagement outcomes arrest",
        "arrest",
        "arrests",
        "arrests made",
        "people arrested",
        "persons arrested",
        "arrested",
        "arrests made following an alert",
        "arrests resulting",
        "arrests as a result of lfr",
    ),
    Column.OUTCOME_OTHER: (
        "outcome other",
        "engagement outcomes other disposal",
        "other disposal",
        "other disposals",
        "other outcome",
        "other outcomes",
        "disposals",
        "other action",
        "other positive outcomes",
        "other positive action",
    ),
    Column.OUTCOME_NO_ACTION: (
        "outcome no action",
        "engagement outcomes no action",
        "no further action",
        "nfa",
        "outcome no further action",
        "no action taken",
    ),
    Column.FACES_SEEN: (
        "faces seen",
        "faces seen estimate",
        "number of faces seen",
        "faces scanned",
        "faces",
        "faces detected",
        "faces captured",
        "faces processed",
        "faces viewed",
        "faces recorded",
        "people scanned",
        "people seen",
        "faces seen by the system",
        "faces observed",
        "faces biometrically processed",
    ),
    # the sum of confirmed and unconfirmed, where a force doesn't tell them apart: Essex, South Wales, the Home Office
    Column.TRUE_ALERTS: (
        "true alerts",
        "positive alerts",
        "correct alerts",
        "true positive alerts",
        "true positives",
        "true matches",
        "positive matches",
        "correct matches",
        "true",
        "tp",
        "true match",
        "positive match",
        "correct match",
        "correct identifications",
        "positive identifications",
        "confirmed matches",
        "verified alerts",
        "accurate alerts",
    ),
    Column.TRUE_ENGAGEMENTS: (
        "true alert engagements",
        "positive interventions",
        "correct interventions",
        "true alert interventions",
        "interventions following true alerts",
        "engagements following true alerts",
    ),
    Column.FALSE_ALERTS: (
        "false alerts",
        "false alert confirmed false alerts",
        "confirmed false alerts",
        "incorrect alerts",
        "false positive alerts",
        "false positives",
        "false matches",
        "incorrect matches",
        "negative alerts",
        "false",
        "fp",
        "false match",
        "incorrect match",
        "false identifications",
        "misidentifications",
        "incorrect identifications",
        "inaccurate alerts",
    ),
    Column.FALSE_ENGAGEMENTS: (
        "false alert confirmed false alert engagements",
        "confirmed false alert engagements",
        "false alert engagements",
        "incorrect interventions",
        "false interventions",
        "false alert interventions",
        "interventions following false alerts",
        "engagements following false alerts",
    ),
    Column.ARRESTS_AND_DISPOSALS: (
        "arrests disposals",
        "arrests and disposals",
        "arrests or disposals",
        "disposals or arrests",
        "arrests or other disposals",
        "positive outcomes",
    ),
    Column.ENGAGEMENTS: (
        "interventions",
        "engagements",
        "total engagements",
        "total interventions",
        "people engaged",
        "people stopped",
        "people spoken to",
        "stops",
        "persons engaged",
        "officer interventions",
    ),
    Column.CAMERAS: ("cameras", "camera numbers", "vans", "vehicles", "cameras used", "vans deployed"),
    Column.START: (
        "start",
        "start time",
        "time started",
        "from",
        "commenced",
        "time start",
        "deployment start",
        "time commenced",
        "time from",
        "commencement",
    ),
    Column.END: (
        "end",
        "end time",
        "finish",
        "finish time",
        "time finished",
        "to",
        "time end",
        "deployment end",
        "time concluded",
        "time ended",
        "time to",
        "conclusion",
    ),
}
_LONGEST_HEADER = 500  # characters; two lines and their footnotes are a fifth
_FOOTNOTE = re.compile(r"\((?:see )?note[^)]*\)|\[[^\]]*\]|[*†‡§¹²³⁴⁵]", re.IGNORECASE)
_IN_BRACKETS = re.compile(r"\([^)]*\)")
_FILLERS = frozenset(
    {
        *(
            "a",
            "an",
            "the",
            "of",
            "in",
            "on",
            "at",
            "for",
            "by",
            "nr",
            "number",
            "numbers",
            "total",
            "overall",
            "estimate",
            "estimated",
            "approx",
            "approximate",
            "lfr",
            "and",
            "police",
            "public",
            "made",
        ),
    }
)
"""Words without which a header says the same."""
_EXAMPLE = re.compile(r"\(e\.?g\.?[^)]*\)", re.IGNORECASE)


def _words(header: str) -> str:
    """Write a header as words: "True Alerts: Confirmed*" -> "true alerts confirmed"."""
    text = _EXAMPLE.sub(" ", _FOOTNOTE.sub(" ", header)).casefold()
    words = " ".join(re.sub(r"[^a-z0-9%]+", " ", text).split())
    return re.sub(r"(?<=.)\bno of\b", "number of", words)


def _core(words: str) -> frozenset[str]:
    """Return the words that matter, in the singular, whatever their order."""
    kept = words.removeprefix("no of ").split()
    return frozenset(word.removesuffix("s") for word in kept if word not in _FILLERS)


_BY_WORDS: Final = (
    {column.value.replace("_", " "): column for column in Column}
    | {_words(header): column for header, column in zip(NATIONAL_COLUMNS, MODERN, strict=True)}
    | {header: column for column, headers in _OTHER_HEADERS.items() for header in headers}
)


_BY_CORE: Final = {core: column for words, column in reversed(_BY_WORDS.items()) if (core := _core(words))}


def column_of(header: str) -> Column | None:
    """Find the column a header names, or None: by its words, or else those that matter ("Estimated no. of faces")."""
    if len(header) > _LONGEST_HEADER:
        return None
    for text in (header, _IN_BRACKETS.sub(" ", header)):
        words = _words(text)
        if column := _BY_WORDS.get(words) or _BY_CORE.get(_core(words)):
            return column
    return None
