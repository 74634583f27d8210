"""Columns of published tables: what they mean, whatever they are called (`headings.py`)."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

__all__ = ["ADDITIVE", "COUNTS", "GENERATIONS", "MODERN", "OURS", "REQUIRED", "Column"]


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
    # other forces' alone
    CAMERAS = "cameras"
    START = "start"
    END = "end"
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
    Column.CAMERAS,
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

ADDITIVE: Final = tuple(
    column for column in COUNTS if column not in {Column.WATCHLIST_SIZE, Column.CAMERAS, Column.REVISION}
)
"""Counts of which a total is the sum."""

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

OURS: Final = "OpenLFR"
GENERATIONS: Final = {
    "Met 2020-22": frozenset({Column.TRUE_ALERTS, Column.FALSE_ENGAGEMENTS, Column.ARRESTS_AND_DISPOSALS}),
    "Home Office border deployments": frozenset({Column.TRUE_ALERTS, Column.FALSE_ENGAGEMENTS, Column.CAMERAS}),
    "Met 2023-24 or 2025": frozenset({Column.TRUE_CONFIRMED, Column.FALSE_UNCONFIRMED, Column.OUTCOME_ARREST}),
    OURS: frozenset({Column.SESSION, Column.COUNTING_METHOD, Column.FACES_COMPARED}),
}
"""What tells whose table it is: the last whose columns are all there."""
