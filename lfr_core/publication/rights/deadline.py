"""The month in which a request is answered.

One month "beginning with" the receipt: Data Protection Act 2018, s. 54 (UK GDPR, art. 12(3), says the same outside law
enforcement). Counted as the ICO's guide to the right of access counts it: to the same day of the next month; where
that month has no such day, its last; where that is a weekend or a bank holiday, the next working day. Computed when it
is asked for and never stored, so that a bank holiday added late moves what still runs.
"""

from __future__ import annotations

import calendar
from datetime import date, datetime, timedelta

from lfr_core.domain.working_days import LONDON, WorkingDays
from lfr_core.publication.rights.types import RequestState

__all__ = ["DUE_SOON_DAYS", "answer_by", "month_after", "state_of"]

DUE_SOON_DAYS = 7
"""[proposal] A request is said to be due soon in its last week."""


def month_after(day: date) -> date:
    """Return the same day of the next month, or that month's last day if it has no such."""
    year, month = (day.year + 1, 1) if day.month == 12 else (day.year, day.month + 1)  # December
    return date(year, month, min(day.day, calendar.monthrange(year, month)[1]))


def answer_by(received_on: date, days: WorkingDays) -> date:
    """Return the last day on which an answer is in time."""
    due = month_after(received_on)
    return due if days.is_working(due) else days.after(due, 1)


def state_of(
    due_on: date, days: WorkingDays, now: datetime, answered_at: datetime | None, closed_at: datetime | None
) -> RequestState:
    """Return where a request stands at `now` (aware)."""
    if closed_at is not None:
        return RequestState.CLOSED
    if answered_at is not None:
        return RequestState.ANSWERED
    if now >= days.end_of(due_on):
        return RequestState.OVERDUE
    soon = now.astimezone(LONDON).date() >= due_on - timedelta(days=DUE_SOON_DAYS)
    return RequestState.DUE_SOON if soon else RequestState.OPEN
