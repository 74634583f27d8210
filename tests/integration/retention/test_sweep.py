"""The sweep over real stores: what is due goes, once, whatever fails beside it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from lfr_core.common.errors import Retryable
from lfr_core.retention.lock import SweepIsRunning, lock_sweep
from lfr_core.retention.status import RetentionState
from lfr_core.storage.engine import open_engine
from lfr_core.storage.migrate import upgrade
from tests.support.databases import Postgres
from tests.support.retention import DAY_S, BrokenStep, RetentionHarness

LOCAL = ["temporary", "exports", "alerts", "lists", "galleries", "quality", "footage"]


def test_a_month_of_downtime_is_caught_up_with_in_one_sweep_and_the_second_has_nothing_to_do(
    full_on_each: RetentionHarness,
) -> None:
    full = full_on_each
    assert full.there() == dict.fromkeys(LOCAL, True)

    first, second = full.sweep(), full.sweep()

    assert [(name, report.error) for name, report in first.items()] == [(name, "") for name in LOCAL]
    assert full.there() == dict.fromkeys(LOCAL, False)
    assert all(report.destroyed for report in first.values())
    assert not any(report.destroyed or report.left or report.error for report in second.values())
    standing = full.status()
    assert {standing[name].standing for name in LOCAL} == {RetentionState.IN_TIME}


@pytest.mark.parametrize("removed", LOCAL)
def test_without_its_step_a_thing_stays_and_its_class_is_an_alarm(full: RetentionHarness, removed: str) -> None:
    full.sweep(without={removed})

    assert full.there() == {name: name == removed for name in LOCAL}
    full.clock.advance(301)
    full.sweep(without={removed})
    alarms = {name for name, each in full.status().items() if each.is_alarm}
    assert removed in alarms
    assert not alarms & (set(LOCAL) - {removed})


@pytest.mark.parametrize("broken", LOCAL)
@pytest.mark.parametrize(
    "error", [Retryable("its service is away"), pytest.param(KeyError("a fault of ours"), marks=pytest.mark.slow)]
)
def test_one_step_that_fails_stops_no_other_and_is_reported(
    full: RetentionHarness, broken: str, error: Exception
) -> None:
    reports = full.sweep(instead=[BrokenStep(broken, error)])

    assert full.there() == {name: name == broken for name in LOCAL}
    assert [name for name, report in reports.items() if report.error] == [broken]
    assert reports[broken].left
    assert full.status()[broken].standing is RetentionState.LATE
    full.clock.advance(301)
    full.sweep(instead=[BrokenStep(broken, error)])
    assert full.status()[broken].is_alarm
    full.sweep()
    assert not full.status()[broken].is_alarm


def test_what_is_destroyed_is_on_the_trail_ordered_before_and_done_after(full: RetentionHarness) -> None:
    full.sweep()

    bodies = [json.loads(body) for body in full.audited("erase")]
    reported = [(body["subject"].partition(":")[0], body["facts"].get("state")) for body in bodies]
    for kind in ("gallery", "quality", "temporary"):
        assert reported.index((kind, "ordered")) < reported.index((kind, "done"))
    assert {"list", "alert", "footage"} <= {kind for kind, _ in reported}


def test_what_cannot_be_ordered_is_not_done_but_temporary_files_and_exports_go(full: RetentionHarness) -> None:
    class Away:
        def prepare(self, _actor: str) -> None:
            raise Retryable("the vault is away")

        def append(self, _session: object, _event: object) -> None:
            raise AssertionError("prepare was refused")

    real = full.trail
    full.trail = Away()  # type: ignore[assignment]  # stands in for the trail of a stopped vault
    reports = full.sweep()

    assert full.there() == {name: name not in {"temporary", "exports"} for name in LOCAL}
    assert all("the vault is away" in report.error for report in reports.values())
    assert "isn't on the audit trail" in reports["temporary"].error
    full.trail = real
    full.sweep()
    assert not any(full.there().values())


def test_a_second_sweep_at_once_says_that_another_runs(full_on_each: RetentionHarness) -> None:
    full = full_on_each
    with lock_sweep(full.engine, full.home), pytest.raises(SweepIsRunning, match="another sweep runs"):
        full.sweep()
    assert all(full.there().values())

    full.sweep()

    assert not any(full.there().values())


@pytest.mark.postgresql
def test_two_machines_on_one_postgresql_sweep_one_at_a_time(postgres: Postgres, tmp_path: Path) -> None:
    url = postgres.new_database()
    upgrade(url)
    here, there = open_engine(url), open_engine(url)

    held = lock_sweep(there, tmp_path / "there")
    with held, pytest.raises(SweepIsRunning, match="another machine"), lock_sweep(here, tmp_path / "here"):
        pass
    with lock_sweep(here, tmp_path / "here"):
        pass

    here.dispose()
    there.dispose()


def test_nothing_goes_before_its_time(harness: RetentionHarness) -> None:
    harness.inject()
    harness.clock.advance(60)

    reports = harness.sweep()

    assert not any(report.destroyed for report in reports.values())
    assert all(harness.there().values())


def test_a_clock_set_back_crashes_nothing_brings_nothing_back_and_is_an_alarm(full: RetentionHarness) -> None:
    full.sweep()
    full.clock.step(-DAY_S)

    reports = full.sweep()

    assert not any(report.destroyed for report in reports.values())
    assert not any(full.there().values())


def test_while_the_clock_is_behind_the_last_sweep_every_class_is_an_alarm(full: RetentionHarness) -> None:
    full.sweep()
    full.clock.step(-DAY_S)

    assert all(full.status()[name].is_alarm for name in LOCAL)
    assert "the clock went back" in full.status()["alerts"].why
