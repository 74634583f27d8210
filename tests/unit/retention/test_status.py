"""How a class stands, from what sweeps recorded."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import Engine

from lfr_core.domain.policy import load_policy
from lfr_core.retention.port import CLASSES
from lfr_core.retention.status import ClassStatus, RetentionState, read_retention_status
from lfr_core.storage.engine import open_engine
from lfr_core.storage.tables.retention import RetentionClassRow
from tests.support.overwriting import overwriting
from tests.support.records import NOW_NS, live_deployment

POLICY = load_policy().retention
S = 10**9


@pytest.fixture
def engine(sqlite_url: str) -> Iterator[Engine]:
    engine = open_engine(sqlite_url)
    yield engine
    engine.dispose()


def status(engine: Engine, after_s: float) -> dict[str, ClassStatus]:
    return {each.data.name: each for each in read_retention_status(engine, POLICY, now_ns=NOW_NS + round(after_s * S))}


def write_class_row(engine: Engine, step: str, **row: object) -> None:
    with overwriting(engine) as session:
        values = {"step": step, "first_ns": NOW_NS, "at_ns": NOW_NS, "succeeded_ns": NOW_NS} | row
        session.add(RetentionClassRow.model_validate(values))


def test_an_installation_without_a_deployment_waits_for_its_first_sweep_without_alarm(engine: Engine) -> None:
    assert {each.standing for each in status(engine, 10_000).values()} == {RetentionState.NOT_SWEPT}


def test_a_deployment_that_no_sweep_has_followed_is_an_alarm(engine: Engine) -> None:
    live_deployment(engine)

    assert not any(each.is_alarm for each in status(engine, 299).values())
    assert all(each.is_alarm for each in status(engine, 301).values())


def test_a_class_that_only_the_others_were_swept_of_is_an_alarm(engine: Engine) -> None:
    for data in CLASSES[1:]:
        write_class_row(engine, data.name, at_ns=NOW_NS + 301 * S, succeeded_ns=NOW_NS + 301 * S)

    alarms = [name for name, each in status(engine, 302).items() if each.is_alarm]

    assert alarms == [CLASSES[0].name]


def test_past_due_is_late_and_then_an_alarm_with_its_lag(engine: Engine) -> None:
    write_class_row(
        engine, "alerts", due=2, oldest_due_ns=NOW_NS, at_ns=NOW_NS + 290 * S, succeeded_ns=NOW_NS + 290 * S
    )

    assert (status(engine, 299)["alerts"].standing, status(engine, 299)["alerts"].lag_s) == (RetentionState.LATE, 299.0)
    assert status(engine, 301)["alerts"].standing is RetentionState.OVERDUE
    assert "2 past due" in status(engine, 301)["alerts"].why


def test_a_step_that_has_not_succeeded_for_too_long_is_an_alarm_though_nothing_is_known_to_be_due(
    engine: Engine,
) -> None:
    write_class_row(engine, "galleries", at_ns=NOW_NS + 300 * S, error="Milvus is away")

    assert status(engine, 299)["galleries"].standing is RetentionState.LATE
    found = status(engine, 301)["galleries"]
    assert (found.standing, "Milvus is away" in found.why) == (RetentionState.OVERDUE, True)


def test_a_step_that_never_succeeded_counts_from_its_first_run(engine: Engine) -> None:
    write_class_row(engine, "galleries", succeeded_ns=None, error="Milvus is away")

    assert not status(engine, 299)["galleries"].is_alarm
    assert status(engine, 301)["galleries"].is_alarm
