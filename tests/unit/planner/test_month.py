"""The calendar as a month: each deployment on each day on which it runs, and nothing that was typed as markup."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta

import pytest

from apps.planner.month_html import first_of, month_html, month_offset
from lfr_core.deployments.application import Application
from lfr_core.deployments.readiness import CalendarEntry
from lfr_core.domain.deployments import DeploymentStatus
from lfr_core.domain.working_days import LONDON
from tests.support.planning import form

NOVEMBER = date(2026, 11, 1)


def entry(starts: datetime, hours: float, name: str = "Market") -> CalendarEntry:
    made = Application(
        **form(starts, hours=hours).model_dump(), deployment="dep", revision=1, applied_by="Pat", applied_at=starts
    )
    return CalendarEntry("dep", name, DeploymentStatus.READY, made)


def days_with(html: str, words: str) -> list[int]:
    return [int(day) for day, rest in re.findall(r"<td[^>]*><b>(\d+)</b>(.*?)</td>", html) if words in rest]


def test_a_deployment_stands_on_each_day_on_which_it_runs() -> None:
    over_midnight = entry(datetime(2026, 11, 10, 20, tzinfo=LONDON), 6.0)
    until_midnight = entry(datetime(2026, 11, 20, 18, tzinfo=LONDON), 6.0, "Fair")

    html = month_html([over_midnight, until_midnight], NOVEMBER, date(2026, 11, 27))

    assert (days_with(html, "Market"), days_with(html, "Fair")) == ([10, 11], [20])
    assert (days_with(html, "from 20:00"), days_with(html, "goes on")) == ([10], [11])
    assert '<td aria-current="date"><b>27</b></td>' in html
    assert days_with(html, "") == list(range(1, 31))


def test_days_are_those_of_london() -> None:
    html = month_html([entry(datetime(2026, 6, 30, 23, 30, tzinfo=UTC), 1.0)], date(2026, 7, 1), NOVEMBER)

    assert days_with(html, "from 00:30") == [1]


def test_what_was_typed_is_no_markup() -> None:
    html = month_html([entry(datetime(2026, 11, 3, 9, tzinfo=UTC), 1.0, "<script>x")], NOVEMBER, NOVEMBER)

    assert "<script" not in html


@pytest.mark.parametrize(("months", "expected"), [(1, (2027, 1)), (-12, (2025, 12)), (0, (2026, 12))])
def test_months_are_turned_over_the_year(months: int, expected: tuple[int, int]) -> None:
    found = month_offset(first_of(date(2026, 12, 31)), months)

    assert (found.year, found.month, found.day) == (*expected, 1)
    assert month_offset(date(9998, 12, 1), 10_000) < date.max - timedelta(days=31)
