"""Columns of published tables, and the headers under which forces print them (docs/domain.md 2.1).

Headers are compared as words: lower case, without punctuation, footnote marks and line breaks.
"""

from __future__ import annotations

import re
from enum import StrEnum
from typing import Final

from lfr_core.publication.tabular import NATIONAL_COLUMNS

__all__ = ["COUNTS", "GENERATIONS", "MODERN", "OURS", "REQUIRED", "Column", "column_of", "words_of"]


class Column(StrEnum):
    """What a column means, whatever it is called."""

    LOCATION = "location"
    DATE = "date"
    DURATION = "duration"
    USE_CASE = "use_case"
    WATCHLIST_SIZE = "watchlist_size"
    THRESHOLD = "threshold"
    TOTAL_ALERTS = "total_alerts"
    TRUE_CONFIRMED = "true_confirmed"
    TRUE_UNCONFIRMED = "true_unconfirmed"
    FALSE_CONFIRMED = "false_confirmed"
    FALSE_UNCONFIRMED = "false_unconfirmed"
    FALSE_ALERT_RATE = "false_alert_rate"
    OUTCOME_ARREST = "outcome_arrest"
    OUTCOME_OTHER = "outcome_other"
    OUTCOME_NO_ACTION = "outcome_no_action"
    FACES_SEEN = "faces_seen"
    # 2020-22 only: other meanings, so other columns
    TRUE_ALERTS = "true_alerts"
    TRUE_ENGAGEMENTS = "true_engagements"
    FALSE_ALERTS = "false_alerts"
    FALSE_ENGAGEMENTS = "false_engagements"
    ARRESTS_AND_DISPOSALS = "arrests_and_disposals"
    # ours
    SESSION = "session_id"
    REVISION = "revision"
    COUNTING_METHOD = "counting_method"
    NOT_DECIDED = "not_decided"
    FACES_REJECTED = "faces_quality_rejected"
    FACES_COMPARED = "faces_compared"
    REPEAT_ALERTS = "confirmed_repeat_alerts"
    WITHOUT_OUTCOME = "confirmed_without_outcome"
    ENGAGEMENTS = "engagements_total"
    ENGAGEMENTS_TRUE = "engagements_following_true"
    ENGAGEMENTS_FALSE = "engagements_following_false"
    ENGAGEMENTS_NOT_DECIDED = "engagements_following_not_decided"


COUNTS: Final = (
    Column.WATCHLIST_SIZE,
    Column.TOTAL_ALERTS,
    Column.TRUE_CONFIRMED,
    Column.TRUE_UNCONFIRMED,
    Column.FALSE_CONFIRMED,
    Column.FALSE_UNCONFIRMED,
    Column.OUTCOME_ARREST,
    Column.OUTCOME_OTHER,
    Column.OUTCOME_NO_ACTION,
    Column.FACES_SEEN,
    Column.TRUE_ALERTS,
    Column.TRUE_ENGAGEMENTS,
    Column.FALSE_ALERTS,
    Column.FALSE_ENGAGEMENTS,
    Column.ARRESTS_AND_DISPOSALS,
    Column.REVISION,
    Column.NOT_DECIDED,
    Column.FACES_REJECTED,
    Column.FACES_COMPARED,
    Column.REPEAT_ALERTS,
    Column.WITHOUT_OUTCOME,
    Column.ENGAGEMENTS,
    Column.ENGAGEMENTS_TRUE,
    Column.ENGAGEMENTS_FALSE,
    Column.ENGAGEMENTS_NOT_DECIDED,
)
"""Columns of whole numbers from 0."""

REQUIRED: Final = (Column.LOCATION, Column.DATE, Column.TOTAL_ALERTS, Column.FACES_SEEN)
"""Without these a table isn't one of deployments; every row must fill them."""

MODERN: Final = (
    Column.LOCATION,
    Column.DATE,
    Column.DURATION,
    Column.USE_CASE,
    Column.WATCHLIST_SIZE,
    Column.THRESHOLD,
    Column.TOTAL_ALERTS,
    Column.TRUE_CONFIRMED,
    Column.TRUE_UNCONFIRMED,
    Column.FALSE_CONFIRMED,
    Column.FALSE_UNCONFIRMED,
    Column.FALSE_ALERT_RATE,
    Column.OUTCOME_ARREST,
    Column.OUTCOME_OTHER,
    Column.OUTCOME_NO_ACTION,
    Column.FACES_SEEN,
)
"""The sixteen national columns in their order."""

_OTHER_HEADERS: Final = {  # the Met's of 2023-24 and 2020-22, our extract of them, and words of other forces
    Column.LOCATION: ("location", "deployment", "location as extracted", "place", "venue"),
    Column.DATE: ("date", "date dd mm yy", "date ddmmyy", "date of deployment", "deployment date"),
    Column.DURATION: ("duration of deployment", "duration min", "deployment duration"),
    Column.USE_CASE: ("lfr purpose reference", "lfr purpose", "purpose reference", "purpose", "use case"),
    Column.WATCHLIST_SIZE: ("size of watchlist", "watch list size", "list size"),
    Column.THRESHOLD: ("threshold", "threshold setting", "minimum threshold setting"),
    Column.TOTAL_ALERTS: ("alerts", "number of alerts"),
    Column.TRUE_CONFIRMED: ("true confirmed", "correct alerts", "true positive alerts", "confirmed true alerts"),
    Column.TRUE_UNCONFIRMED: ("true unconfirmed", "unconfirmed true alerts"),
    Column.FALSE_CONFIRMED: ("false confirmed", "incorrect alerts", "false positive alerts"),
    Column.FALSE_UNCONFIRMED: ("false unconfirmed", "unconfirmed false alerts"),
    Column.FALSE_ALERT_RATE: ("false alert rate %", "false alert rate percent", "false positive rate"),
    Column.OUTCOME_ARREST: ("outcome arrest", "engagement outcomes arrest", "arrest", "arrests"),
    Column.OUTCOME_OTHER: ("outcome other", "engagement outcomes other disposal", "other disposal", "other disposals"),
    Column.OUTCOME_NO_ACTION: ("outcome no action", "engagement outcomes no action", "no further action"),
    Column.FACES_SEEN: ("faces seen", "faces seen estimate", "number of faces seen", "faces scanned"),
    Column.TRUE_ALERTS: ("true alerts",),
    Column.TRUE_ENGAGEMENTS: ("true alert engagements",),
    Column.FALSE_ALERTS: ("false alerts", "false alert confirmed false alerts", "confirmed false alerts"),
    Column.FALSE_ENGAGEMENTS: (
        "false alert confirmed false alert engagements",
        "confirmed false alert engagements",
        "false alert engagements",
    ),
    Column.ARRESTS_AND_DISPOSALS: ("arrests disposals", "arrests and disposals"),
}
_LONGEST_HEADER = 500  # characters; two lines and their footnotes are a fifth
_FOOTNOTE = re.compile(r"\((?:see )?note[^)]*\)|\[[^\]]*\]|[*†‡§¹²³⁴⁵]", re.IGNORECASE)
_EXAMPLE = re.compile(r"\(e\.?g\.?[^)]*\)", re.IGNORECASE)

OURS: Final = "OpenLFR"
GENERATIONS: Final = {
    "Met 2020-22": frozenset({Column.TRUE_ALERTS, Column.FALSE_ALERTS}),
    "Met 2023-24 or 2025": frozenset({Column.TRUE_CONFIRMED, Column.FALSE_UNCONFIRMED, Column.OUTCOME_ARREST}),
    OURS: frozenset({Column.SESSION, Column.COUNTING_METHOD, Column.FACES_COMPARED}),
}
"""What tells whose table it is: the last whose columns are all there."""


def words_of(header: str) -> str:
    """A header as words: "True Alerts: Confirmed*" -> "true alerts confirmed"."""
    text = _EXAMPLE.sub(" ", _FOOTNOTE.sub(" ", header)).casefold()
    return " ".join(re.sub(r"[^a-z0-9%]+", " ", text).split())


_BY_WORDS: Final = (
    {column.value.replace("_", " "): column for column in Column}
    | {words_of(header): column for header, column in zip(NATIONAL_COLUMNS, MODERN, strict=True)}
    | {header: column for column, headers in _OTHER_HEADERS.items() for header in headers}
)


def column_of(header: str) -> Column | None:
    """The column a header names, or None."""
    return _BY_WORDS.get(words_of(header)) if len(header) <= _LONGEST_HEADER else None
