"""What should be scheduled, and how Prefect's schedule is made to agree with it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import count

import pytest

from flows.flow_runs import ExistingRun
from flows.prefect_api import RunState
from flows.reconcile import compute_changes
from flows.schedule import FlowStep, PlannedRun, ScheduleFacts, plan_runs, retry_after
from lfr_core.deployments.deadlines import compute_results_schedule
from lfr_core.domain.deployments import DeploymentStatus as Status
from lfr_core.domain.policy import load_policy

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
START = NOW + timedelta(days=4)
END = START + timedelta(hours=6)
POLICY = load_policy().planning
_NUMBERS = count()


def facts(status: Status = Status.AUTHORISED, **more: object) -> ScheduleFacts:
    given = ScheduleFacts("dep", 1, status, START, END, NOW, announced=False)
    return replace(given, **more)  # type: ignore[arg-type]  # fields by name


def steps(of: ScheduleFacts, now: datetime = NOW) -> dict[str, datetime]:
    return {f"{run.step.name}{run.occasion}": run.at for run in plan_runs(of, POLICY, now)}


def made(run: PlannedRun, type_: str, *, name: str = "", attempt: int = 1, since: datetime = NOW) -> ExistingRun:
    state = RunState(type=type_, name=name or type_.title(), timestamp=since)
    return ExistingRun(f"id-{next(_NUMBERS)}", run, attempt, state)


OPEN = PlannedRun(FlowStep.OPEN, "dep", 1, START)


def test_each_step_has_its_exact_time_once_it_is_authorised() -> None:
    assert steps(facts()) == {
        "ANNOUNCE": NOW + timedelta(minutes=60),
        "COMPILE": START - timedelta(hours=4),
        "OPEN": START,
        "CLOSE": END,
    }


@pytest.mark.parametrize("status", [Status.DRAFT, Status.APPLIED, Status.CANCELLED])
def test_nothing_is_scheduled_for_what_is_not_authorised(status: Status) -> None:
    assert steps(facts(status, authorised_at=None)) == {}


def test_a_revision_that_is_not_authorised_has_no_schedule_whatever_its_state_says() -> None:
    assert steps(facts(Status.READY, authorised_at=None)) == {}


def test_the_announcement_keeps_the_notice_and_leaves_time_to_withhold_where_it_can_not_be_kept() -> None:
    close = NOW + timedelta(hours=48, minutes=10)
    assert steps(facts(starts_at=close))["ANNOUNCE"] == NOW + timedelta(minutes=10)
    soon = NOW + timedelta(hours=20)
    assert steps(facts(starts_at=soon))["ANNOUNCE"] == NOW + timedelta(minutes=60)
    assert "ANNOUNCE" not in steps(facts(announced=True))
    assert "ANNOUNCE" not in steps(facts(), START)


def test_a_built_list_is_not_compiled_again_and_an_open_deployment_is_only_closed() -> None:
    assert set(steps(facts(Status.LIST_BUILT, announced=True))) == {"OPEN", "CLOSE"}
    assert set(steps(facts(Status.LIVE))) == {"CLOSE"}
    assert set(steps(facts(Status.SUSPENDED))) == {"CLOSE"}


def test_after_its_hours_one_that_never_opened_is_only_closed() -> None:
    assert set(steps(facts(Status.READY), END)) == {"CLOSE"}


def test_an_ended_one_is_reported_on_and_published_at_three_moments() -> None:
    due = compute_results_schedule(END, load_policy().publication)
    ended = facts(Status.ENDED, ended_at=END, results=due)

    assert steps(ended, END) == {
        "CLOSE": END,
        "PUBLISHended": END,
        "PUBLISHreminder": due.remind_at,
        "PUBLISHunattended": due.unattended_at,
    }
    assert steps(replace(ended, reported=True, results=None), END) == {}
    assert "CLOSE" not in steps(ended, END + timedelta(days=1))


def test_what_is_missing_is_made_and_what_is_there_is_left() -> None:
    assert [(new.run, new.attempt, new.at) for new in compute_changes([OPEN], [], NOW, real_now=NOW).create] == [
        (OPEN, 1, START)
    ]
    for type_ in ("SCHEDULED", "PENDING", "RUNNING", "COMPLETED"):
        assert compute_changes([OPEN], [made(OPEN, type_)], NOW, real_now=NOW).create == ()


def test_a_run_at_another_time_is_moved_and_one_that_is_overdue_is_left_to_run() -> None:
    other = made(replace(OPEN, at=START + timedelta(hours=1)), "SCHEDULED")
    found = compute_changes([OPEN], [other], NOW, real_now=NOW)
    assert (found.delete, [new.at for new in found.create]) == ((other,), [START])

    overdue = made(replace(OPEN, at=START + timedelta(minutes=3)), "SCHEDULED")
    late = START + timedelta(minutes=5)
    assert compute_changes([OPEN], [overdue], late, real_now=late).delete == ()


def test_runs_that_nobody_wants_any_more_are_taken_off_unless_they_run_already() -> None:
    waits, runs = made(OPEN, "SCHEDULED"), made(replace(OPEN, step=FlowStep.CLOSE), "RUNNING")

    assert compute_changes([], [waits, runs], NOW, real_now=NOW).delete == (waits,)


@pytest.mark.parametrize("type_", ["FAILED", "CRASHED", "CANCELLED"])
def test_what_failed_is_tried_again_a_minute_later(type_: str) -> None:
    first = made(OPEN, type_, since=START)
    (again,) = compute_changes([OPEN], [first], START, real_now=START).create

    assert (again.attempt, again.at) == (2, START + timedelta(minutes=1))
    waiting = made(replace(OPEN, at=again.at), "SCHEDULED", attempt=2)
    assert compute_changes([OPEN], [first, waiting], START, real_now=START).create == ()


def test_a_run_whose_process_was_killed_is_given_up_and_made_again_at_once() -> None:
    killed = made(OPEN, "RUNNING", since=START)
    soon, later = START + timedelta(minutes=4), START + timedelta(minutes=6)

    assert compute_changes([OPEN], [killed], soon, real_now=soon).mark_crashed == ()
    found = compute_changes([OPEN], [killed], later, real_now=later)
    assert (found.mark_crashed, [(new.attempt, new.at) for new in found.create]) == ((killed,), [(2, later)])


def test_one_that_found_itself_superseded_and_is_wanted_again_is_made_again() -> None:
    before = made(OPEN, "COMPLETED", name="Superseded", since=START)

    assert [new.attempt for new in compute_changes([OPEN], [before], START, real_now=START).create] == [2]


def test_opening_is_tried_each_minute_and_a_refused_list_ever_more_seldom() -> None:
    assert {retry_after(FlowStep.OPEN, attempt) for attempt in (1, 5, 500)} == {timedelta(minutes=1)}
    assert [retry_after(FlowStep.COMPILE, n) // timedelta(minutes=1) for n in (1, 2, 3, 6, 999)] == [1, 2, 4, 30, 30]
