"""The rules of published tables (docs/domain.md 2.3), each as the expectation that checks it.

Data only: `suites` makes Great Expectations' objects of it, `findings` reads their results.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from lfr_core.common.quality.rules import Kind, Rule
from lfr_core.publication.quality.columns import COUNTS, REQUIRED, Column

__all__ = ["RULES", "SUITES", "SuiteName"]


class SuiteName(StrEnum):
    """The suites: of one record, of records beside each other, and of the table as a whole."""

    RECORD = "record"
    SERIES = "series"
    WHOLE = "series-whole"


_RECORD: Final = (
    *(
        Rule(
            "cell-empty",
            Kind.NOT_EMPTY,
            (f"{column}_cell",),
            f"{column.value} is empty",
            shows=column,
            expected="a value",
        )
        for column in REQUIRED
    ),
    *(
        Rule(
            "count-negative",
            Kind.BETWEEN,
            (column.value,),
            f"{column.value} is negative",
            shows=column,
            expected="0 or more",
            low=0.0,
        )
        for column in COUNTS
    ),
    Rule(
        "totals-add-up",
        Kind.EQUAL,
        ("total_alerts", "alerts_in_cells"),
        "total alerts are not the sum of true and false, confirmed and unconfirmed, and those not decided",
        shows=Column.TOTAL_ALERTS,
    ),
    Rule(
        "rate-as-printed",
        Kind.EQUAL,
        ("rate_printed", "rate_expected"),
        "the false alert rate is not false alerts of faces, to the digits printed",
        shows=Column.FALSE_ALERT_RATE,
    ),
    Rule(
        "outcomes-reconcile",
        Kind.EQUAL,
        ("outcomes_accounted", "true_confirmed"),
        "arrests, other outcomes and no action do not add up to the confirmed true alerts",
    ),
    Rule(
        "engagements-add-up",
        Kind.EQUAL,
        ("engagements_total", "engagements_by_alert"),
        "engagements are not those following true, false and undecided alerts",
        shows=Column.ENGAGEMENTS,
    ),
    Rule(
        "faces-add-up",
        Kind.EQUAL,
        ("faces_seen", "faces_by_quality"),
        "faces seen are not those rejected plus those compared",
        shows=Column.FACES_SEEN,
    ),
    Rule(
        "alerts-within-faces",
        Kind.AT_LEAST,
        ("faces_seen", "total_alerts"),
        "there are more alerts than faces",
        shows=Column.FACES_SEEN,
    ),
    Rule(
        "threshold-range",
        Kind.BETWEEN,
        ("threshold",),
        "the threshold is no similarity",
        shows=Column.THRESHOLD,
        expected="between 0 and 1",
        low=0.0,
        high=1.0,
        strict=True,
    ),
    Rule(
        "duration-plausible",
        Kind.BETWEEN,
        ("duration_min",),
        "the duration is nothing or longer than a day",
        shows=Column.DURATION,
        expected="1 minute to 24 hours",
        low=1.0,
        high=1440.0,
    ),
    Rule(
        "date-plausible",
        Kind.BETWEEN,
        ("date",),
        "the date is before the first deployments in the United Kingdom, or still to come",
        shows=Column.DATE,
        expected="2016 to today",
    ),
)

_SERIES: Final = (
    Rule(
        "date-order",
        Kind.EQUAL,
        ("date_text", "date_expected"),
        "the date stands out of the order of the others",
        shows=Column.DATE,
    ),
    Rule(
        "list-size-plausible",
        Kind.EQUAL,
        ("watchlist_size", "list_size_expected"),
        "the list size is unlike those before and after",
        shows=Column.WATCHLIST_SIZE,
    ),
    Rule(
        "session-unique",
        Kind.UNIQUE_TOGETHER,
        ("session", "revision"),
        "another row has the same session and revision",
        shows=Column.SESSION,
        expected="once",
    ),
)

_WHOLE: Final = (
    Rule(
        "column-copied",
        Kind.IN_SET,
        ("copied_columns",),
        "one column repeats another in every row although they mean different things",
        expected="columns of their own",
        allowed=("",),
    ),
    Rule(
        "date-format",
        Kind.IN_SET,
        ("date_formats",),
        "dates can be misread",
        expected="ISO 8601",
        allowed=("ISO 8601",),
    ),
    Rule(
        "duration-format",
        Kind.IN_SET,
        ("duration_format_count",),
        "durations are spelt in several ways",
        expected="one spelling",
        allowed=(0, 1),
    ),
    Rule(
        "session-missing",
        Kind.IN_SET,
        ("repeats_without_session",),
        "sessions of one place and day can't be told apart",
        expected="a session id in each row",
        allowed=(0,),
    ),
    Rule(
        "faces-counted",
        Kind.IN_SET,
        ("faces_are",),
        "faces seen are no counts, so rates that rest on them are soft",
        expected="counted, with the method named",
        allowed=("counted",),
    ),
)

SUITES: Final = {SuiteName.RECORD: _RECORD, SuiteName.SERIES: _SERIES, SuiteName.WHOLE: _WHOLE}
RULES: Final[tuple[Rule, ...]] = (*_RECORD, *_SERIES, *_WHOLE)
