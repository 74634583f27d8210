"""One calendar month, as the ICO counts it."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lfr_core.domain.working_days import WorkingDays
from lfr_core.publication.rights.deadline import answer_by, month_after, state_of
from lfr_core.publication.rights.types import RequestState

DAYS = WorkingDays()


@pytest.mark.parametrize(
    ("received", "due"),
    [
        (date(2026, 9, 3), date(2026, 10, 5)),  # the ICO's example, 3 September: 3 October 2026 is a Saturday
        (date(2026, 1, 31), date(2026, 3, 2)),  # no 31 February: the 28th, a Saturday: Monday
        (date(2028, 1, 31), date(2028, 2, 29)),  # a leap year
        (date(2026, 3, 31), date(2026, 4, 30)),
        (date(2026, 11, 25), date(2026, 12, 29)),  # Christmas Day, Boxing Day on a Saturday: its substitute on Monday
        (date(2026, 12, 1), date(2027, 1, 4)),  # New Year's Day is a Friday
        (date(2026, 12, 31), date(2027, 2, 1)),  # 31 January 2027 is a Sunday
        (date(2027, 2, 28), date(2027, 3, 30)),  # 28 March is Easter Sunday
    ],
)
def test_a_month_ends_on_the_same_day_its_last_or_the_next_working_day(received: date, due: date) -> None:
    assert answer_by(received, DAYS) == due


def test_a_bank_holiday_proclaimed_late_moves_what_still_runs() -> None:
    assert answer_by(date(2027, 4, 7), DAYS) == date(2027, 5, 7)
    assert answer_by(date(2027, 4, 7), WorkingDays([date(2027, 5, 7)])) == date(2027, 5, 10)


@given(st.dates(date(2025, 1, 1), date(2035, 1, 1)))
def test_an_answer_is_due_on_a_working_day_within_a_week_of_the_month(received: date) -> None:
    due = answer_by(received, DAYS)
    month = month_after(received)

    assert DAYS.is_working(due)
    assert timedelta(0) <= due - month <= timedelta(days=5)
    assert not any(DAYS.is_working(month + timedelta(days=d)) for d in range((due - month).days))
    assert (month.year * 12 + month.month) - (received.year * 12 + received.month) == 1
    assert month.day == received.day or (month.day < received.day and (month + timedelta(days=1)).day == 1)


def test_summer_time_ends_the_last_day_at_londons_midnight() -> None:
    due = date(2026, 7, 1)
    midnight = datetime(2026, 6, 30, 23, 0, tzinfo=UTC) + timedelta(days=1)  # British Summer Time

    assert state_of(due, DAYS, midnight - timedelta(seconds=1), None, None) is RequestState.DUE_SOON
    assert state_of(due, DAYS, midnight, None, None) is RequestState.OVERDUE
