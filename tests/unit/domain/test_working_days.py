from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import holidays
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lfr_core.common.errors import Poison
from lfr_core.domain.working_days import LONDON, Deadline, WorkingDays, deadline_words
from tests.support.publication import POLICY

DAYS = WorkingDays()
TEN_YEARS = st.dates(date(2024, 1, 1), date(2034, 12, 31))


@given(TEN_YEARS, st.integers(1, 12))
def test_a_deadline_is_a_working_day_and_exactly_so_many_lie_up_to_it(day: date, count: int) -> None:
    due = DAYS.after(day, count)

    assert due > day
    assert DAYS.is_working(due)
    assert DAYS.between(day, due) == count
    assert DAYS.between(day, due - timedelta(days=1)) == count - 1


@given(TEN_YEARS)
def test_a_later_end_is_never_due_earlier(day: date) -> None:
    assert DAYS.after(day + timedelta(days=1), 5) >= DAYS.after(day, 5)


@given(TEN_YEARS)
def test_no_weekend_is_worked_and_every_weekday_is_unless_a_bank_holiday(day: date) -> None:
    bank = holidays.country_holidays("GB", subdiv="WLS", years=[day.year])  # Wales's, so England's must be the same

    assert DAYS.is_working(day) == (day.weekday() < 5 and day not in bank)


@given(TEN_YEARS.flatmap(lambda day: st.times().map(lambda time: datetime.combine(day, time, tzinfo=UTC))))
def test_results_are_due_within_five_working_days_and_the_reminder_is_before(ended: datetime) -> None:
    deadline = Deadline.of(ended, DAYS, POLICY)
    local = ended.astimezone(LONDON).date()

    assert DAYS.between(local, deadline.due_on) == 5
    assert local < deadline.remind_on < deadline.due_on
    assert deadline.due_at.astimezone(LONDON).time().isoformat() == "00:00:00"
    assert deadline.state(deadline.due_at - timedelta(microseconds=1)) == "reminder"
    assert deadline.state(deadline.due_at) == "overdue"
    assert deadline.state(ended) == "running"


@pytest.mark.parametrize(
    ("ended", "due"),
    [
        (date(2026, 11, 23), date(2026, 11, 30)),  # Monday to Monday
        (date(2026, 12, 23), date(2027, 1, 4)),  # Christmas, Boxing Day observed on Monday, New Year
        (date(2026, 3, 31), date(2026, 4, 9)),  # Good Friday and Easter Monday
        (date(2028, 12, 22), date(2029, 1, 3)),  # Christmas on a Monday
        (date(2022, 5, 27), date(2022, 6, 7)),  # the Jubilee: two bank holidays in that week
    ],
)
def test_deadlines_around_bank_holidays_are_those_of_the_calendar(ended: date, due: date) -> None:
    assert DAYS.after(ended, 5) == due


def test_a_bank_holiday_proclaimed_late_moves_the_deadline_that_is_running() -> None:
    ended = datetime(2027, 5, 5, 16, 0, tzinfo=UTC)
    proclaimed = POLICY.model_copy(update={"extra_bank_holidays": (date(2027, 5, 10),)})
    before = Deadline.of(ended, WorkingDays(POLICY.extra_bank_holidays), POLICY)
    after = Deadline.of(ended, WorkingDays(proclaimed.extra_bank_holidays), proclaimed)

    assert (before.due_on, after.due_on) == (date(2027, 5, 12), date(2027, 5, 13))


def test_the_day_is_londons_also_in_summer() -> None:
    late = datetime(2026, 7, 6, 23, 30, tzinfo=UTC)  # Tuesday 00:30 in London

    assert Deadline.of(late, DAYS, POLICY).ended_on == date(2026, 7, 7)
    assert Deadline.of(late, DAYS, POLICY).due_at == datetime(2026, 7, 14, 23, 0, tzinfo=UTC)


def test_a_time_without_its_zone_is_refused() -> None:
    with pytest.raises(Poison):
        Deadline.of(datetime(2026, 7, 6, tzinfo=UTC).replace(tzinfo=None), DAYS, POLICY)
    with pytest.raises(Poison):
        DAYS.after(date(2026, 7, 6), 0)


@pytest.mark.parametrize(
    ("at", "words"),
    [
        (DAYS.end_of(date(2026, 12, 4)), "the end of 4 December 2026"),
        (DAYS.end_of(date(2026, 7, 31)), "the end of 31 July 2026"),  # 23:00 UTC
        (DAYS.end_of(date(2026, 10, 25)), "the end of 25 October 2026"),  # a day of 25 hours
        (datetime(2026, 12, 4, 16, 13, tzinfo=UTC), "4 December 2026, 16:13"),
        (datetime(2026, 7, 31, 0, 0, tzinfo=UTC), "31 July 2026, 01:00"),
    ],
)
def test_a_deadline_at_midnight_is_the_end_of_the_day_before(at: datetime, words: str) -> None:
    assert deadline_words(at) == words
    assert "00:00" not in words
