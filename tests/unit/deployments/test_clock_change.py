"""The night in which London's clocks go back: 25 October 2026, on which 01:00 to 02:00 comes twice."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta

import pytest

from apps.operator.view import clock_words
from flows.schedule import FlowStep, ScheduleFacts, plan_runs
from lfr_core.common.errors import Refused
from lfr_core.deployments.announcement_terms import plan
from lfr_core.deployments.application import application_faults
from lfr_core.deployments.deadlines import compute_results_schedule
from lfr_core.domain.deployments import DeploymentStatus
from lfr_core.domain.figures import UseCase
from lfr_core.domain.policy import load_policy
from lfr_core.domain.working_days import LONDON, WorkingDays
from lfr_core.publication.document_words import when
from tests.support.planning import form

POLICY = load_policy()
DAY = date(2026, 10, 25)
GO_BACK = datetime(2026, 10, 25, 1, tzinfo=UTC)
"""02:00 in summer time becomes 01:00."""
NOW = GO_BACK - timedelta(days=3)
HOUR = timedelta(hours=1)


def rules(starts_at: datetime, hours: float) -> set[str]:
    ends_at = starts_at.astimezone(UTC) + hours * HOUR
    return {fault.rule for fault in application_faults(form(starts_at, ends_at=ends_at), POLICY, now=NOW)}


@pytest.mark.parametrize("in_zone", [UTC, LONDON])
@pytest.mark.parametrize(
    ("from_h", "hours"),
    [(-4, 6), (-1, 0.5), (-0.5, 1), (0, 0.5), (0.25, 3), (-3, 2.25)],
    ids=["across", "first hour", "out of one into the other", "second hour", "out of it", "into it"],
)
def test_no_deployment_has_an_hour_that_comes_twice(from_h: float, hours: float, in_zone: object) -> None:
    start = (GO_BACK + from_h * HOUR).astimezone(in_zone)  # type: ignore[arg-type]  # a zone

    assert "deployment.clock-change" in rules(start, hours)


@pytest.mark.parametrize(("from_h", "hours"), [(-8, 6.5), (1, 6), (2, 1)], ids=["before", "right after", "after"])
def test_the_hours_before_and_after_it_are_as_any(from_h: float, hours: float) -> None:
    assert rules(GO_BACK + from_h * HOUR, hours) == set()


def test_a_time_that_comes_twice_is_announced_by_nobody() -> None:
    for day, start, end in ((DAY, time(1, 30), time(5)), (DAY - timedelta(days=1), time(22), time(1, 30))):
        with pytest.raises(Refused, match="isn't one moment"):
            plan(place="Norwich", day=day, start=start, end=end, purpose="p", use_case=UseCase.SOUGHT_PERSONS)


def test_what_is_scheduled_keeps_its_hours_and_not_its_clock_time() -> None:
    starts_at = GO_BACK + 2 * HOUR  # 03:00 by the clocks, and its list is compiled four hours before: at midnight
    given = ScheduleFacts("dep", 1, DeploymentStatus.AUTHORISED, starts_at, starts_at + 6 * HOUR, NOW, announced=False)

    at = {run.step: run.at for run in plan_runs(given, POLICY.planning, NOW)}

    assert starts_at - at[FlowStep.COMPILE] == POLICY.planning.compile_before_h * HOUR
    assert when(at[FlowStep.COMPILE]) == "25 October 2026, 00:00"
    assert [when(GO_BACK - HOUR / 2), when(GO_BACK + HOUR / 2)] == [
        "25 October 2026, 01:30 BST",
        "25 October 2026, 01:30 GMT",
    ]


@pytest.mark.parametrize(
    ("after", "shown"),
    [(-0.75 * HOUR, "01:15:00 BST"), (0.25 * HOUR, "01:15:00 GMT"), (1.25 * HOUR, "02:15:00"), (-2 * HOUR, "00:00:00")],
)
def test_pages_say_which_of_the_two_hours_a_time_of_the_stream_is_of(after: timedelta, shown: str) -> None:
    assert clock_words(int((GO_BACK + after).timestamp()) * 10**9) == shown


def test_a_day_of_25_hours_ends_at_its_midnight_and_a_deadline_across_it_too() -> None:
    days = WorkingDays(POLICY.publication.extra_bank_holidays)
    assert days.end_of(DAY - timedelta(days=1)) == GO_BACK - 2 * HOUR  # 23:00 UTC
    assert days.end_of(DAY) == GO_BACK + 23 * HOUR

    due_at = compute_results_schedule(GO_BACK - 4 * HOUR, POLICY.publication).due_at

    assert due_at.astimezone(LONDON).time() == time(0)
