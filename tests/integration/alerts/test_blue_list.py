"""Passes of test subjects: planned by their number, scored by their alerts, and nothing kept of whoever walked."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Engine

from lfr_core.alerts.blue_list import BlueList, BlueListResult, show_blue_list
from lfr_core.common.errors import Poison, Refused
from lfr_core.domain.watchlists import Category
from lfr_core.storage.engine import reading
from lfr_core.storage.tables.blue_list import BlueListPassRow
from tests.support.audit import audit_trail
from tests.support.people import add_operators, authenticated
from tests.support.records import ManualClock, entry, live_deployment, recorder_of, sighting

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def blue_list(engine: Engine, clock: ManualClock) -> BlueList:
    live_deployment(engine, entries=(entry(), entry("blue", category=Category.BLUE_LIST)))
    add_operators(engine, "Olu Operator", clock=clock)
    recorder_of(engine, clock).record_sightings([sighting(10.0, entry="blue"), sighting(40.0)])
    clock.advance(600)
    return BlueList(engine, audit_trail(clock), clock)


def enter(blue_list: BlueList, start_s: float, end_s: float, *, camera: str = "north", subject: str = "blue") -> bool:
    return blue_list.enter(
        "dep",
        f"subject of {subject}",
        camera,
        NOON + timedelta(seconds=start_s),
        NOON + timedelta(seconds=end_s),
        retention_h=24,
        by=authenticated("Olu Operator"),
    )


def test_a_pass_is_recognised_when_its_own_alert_rests_on_a_shot_taken_during_it(
    engine: Engine, blue_list: BlueList
) -> None:
    assert enter(blue_list, 5, 20)
    assert not enter(blue_list, 30, 50)  # the alert then is somebody else's
    assert not enter(blue_list, 6, 20, camera="south")
    found = show_blue_list(engine, "dep")

    assert (found.recognition.k, found.recognition.n) == (1, 3)
    assert found.words == "1 of 3 passes recognised, 33 % (95 % interval 1 to 91 %)"


def test_of_whoever_walked_nothing_is_kept(engine: Engine, blue_list: BlueList) -> None:
    enter(blue_list, 5, 20)
    with reading(engine) as session:
        row = session.get_one(BlueListPassRow, 1).model_dump()

    assert "blue" not in {str(value) for value in row.values()}
    assert set(row) == {"id", "deployment", "camera", "from_ns", "to_ns", "recognised", "entered_by", "entered_at"}


def test_as_many_passes_are_planned_as_the_power_calculation_says(engine: Engine, blue_list: BlueList) -> None:
    by = authenticated("Olu Operator")
    assert show_blue_list(engine, "dep").words == "not tested"
    assert blue_list.plan("dep", rate=0.9, margin=0.05, by=by) == 139  # docs/domain.md 4.3
    assert show_blue_list(engine, "dep").words == "not tested: none of 139 planned passes walked"
    assert blue_list.plan("dep", rate=0.9, margin=0.03, by=by) == 385  # the last plan counts
    enter(blue_list, 5, 20)
    assert show_blue_list(engine, "dep").words.endswith("; 385 were planned")
    with pytest.raises(Poison, match="between 0 and 1"):
        blue_list.plan("dep", rate=1.0, margin=0.05, by=by)


@pytest.mark.parametrize(
    ("start_s", "end_s", "words"),
    [
        (20, 5, "ends after it begins"),
        (0, 601, "within ten minutes"),
        (595, 599, "wait"),
        (-90_000, -89_990, "deleted"),
    ],
)
def test_times_that_can_not_be_scored_are_a_sentence(
    blue_list: BlueList, start_s: float, end_s: float, words: str
) -> None:
    with pytest.raises(Refused, match=words) as refused:
        enter(blue_list, start_s, end_s)
    assert refused.value.rule == "blue-list.times"


def test_a_pass_before_the_deployment_was_open_is_refused(blue_list: BlueList) -> None:
    with pytest.raises(Refused, match="wasn't open"):
        enter(blue_list, -60, -50)


def test_a_pass_is_entered_once_and_only_for_a_test_subject(blue_list: BlueList) -> None:
    enter(blue_list, 5, 20)
    with pytest.raises(Refused, match="already") as twice:
        enter(blue_list, 5, 25)
    with pytest.raises(Refused, match="no test subject") as stranger:
        enter(blue_list, 30, 50, subject="entry-1")
    assert (twice.value.rule, stranger.value.rule) == ("blue-list.twice", "blue-list.subject")


def test_whoever_is_no_operator_enters_nothing(engine: Engine, blue_list: BlueList) -> None:
    with pytest.raises(Refused):
        blue_list.enter(
            "dep",
            "subject of blue",
            "north",
            NOON,
            NOON + timedelta(seconds=5),
            retention_h=24,
            by=authenticated("Somebody Else"),
        )
    assert show_blue_list(engine, "dep").recognition.n == 0


def test_not_tested_is_said_only_where_nobody_walked() -> None:
    from lfr_core.domain.rates import proportion

    assert BlueListResult(0, proportion(0, 0)).words == "not tested"
    assert "not tested" not in BlueListResult(0, proportion(0, 5)).words
