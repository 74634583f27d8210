"""Results on time: waited for, published by themselves, late in public, explained; on both databases."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine

from lfr_core.common.errors import Refused
from lfr_core.custody.people.roles import Role
from lfr_core.deployments.deadlines import ResultsStatus, compute_results_schedule
from lfr_core.publication.not_decided import NotDecidedStatement
from lfr_core.publication.published import read_published_records
from lfr_core.publication.quality.ours import check_record
from lfr_core.publication.results import PublicationOutcome
from lfr_core.storage.tables.deployments import DeploymentRow
from tests.support.overwriting import overwriting
from tests.support.people import authenticated
from tests.support.results_harness import ResultsHarness, registered
from tests.support.vaults import trail_of

HOUR_S = 3_600.0
WORD = NotDecidedStatement(1, "the operator fell ill")


@pytest.fixture
def harness(engine: Engine, tmp_path: Path) -> ResultsHarness:
    return ResultsHarness(engine, tmp_path / "reports")


def test_results_wait_until_the_last_alert_is_decided_and_are_then_published_once(harness: ResultsHarness) -> None:
    harness.announce()
    first = harness.results().attempt("dep")
    harness.judge_all()
    second, third = harness.results().attempt("dep"), harness.results().attempt("dep")

    assert (first.outcome, first.record, harness.calls) == (PublicationOutcome.WAITING, None, [])
    assert "1 alert not decided" in first.message
    assert (second.outcome, third.outcome) == (PublicationOutcome.PUBLISHED, PublicationOutcome.STANDS)
    assert third.record == second.record
    (record,) = read_published_records(harness.engine)
    assert (record.record.on_time, record.record.alerts.unanswered) == (True, 0)
    assert record.record.data_quality_report_ref == "suites"
    assert harness.locked() == ()


def test_from_the_third_working_day_the_publication_officer_is_called_once(harness: ResultsHarness) -> None:
    harness.announce()
    harness.go_to(compute_results_schedule(harness.ended_at, harness.policy).remind_at)
    for _ in range(2):
        assert harness.results().attempt("dep").outcome is PublicationOutcome.WAITING

    ((role, why),) = harness.calls
    assert role is Role.PUBLICATION_OFFICER
    assert "1 alert not decided" in why


def test_before_the_deadline_it_publishes_by_itself_and_locks_until_a_person_explains(harness: ResultsHarness) -> None:
    harness.announce()
    explanations = registered(harness)
    harness.go_to(compute_results_schedule(harness.ended_at, harness.policy).unattended_at)
    made = harness.results().attempt("dep")

    assert made.outcome is PublicationOutcome.PUBLISHED
    assert made.record is not None
    assert (made.record.record.on_time, made.record.record.alerts.unanswered) == (True, 1)
    assert harness.due().late_because == "1 of its alerts were never decided"
    assert (harness.due().stands, harness.locked()) == (ResultsStatus.LATE, ("dep",))
    with pytest.raises(Refused, match="publication officer"):
        explanations.explain("dep", why="two were ill", by=authenticated("O. Operator"))
    explained = explanations.explain("dep", why="two were ill", by=authenticated("p. officer"))
    assert (explained.explanation, harness.locked()) == ("two were ill", ())
    with pytest.raises(Refused) as again:
        explanations.explain("dep", why="another", by=authenticated("P. Officer"))
    assert again.value.rule == "results.explained"
    rules = [event.rule for event in trail_of(harness.engine).events]
    assert rules.count("results.unattended") == rules.count("results.explained") == 1


def test_a_failing_suite_publishes_nothing_and_says_why_in_public_without_what_was_printed(
    harness: ResultsHarness,
) -> None:
    harness.announce()
    harness.judge_all()
    harness.defect = "one column repeats another"
    with pytest.raises(Refused, match="printed Norwich") as refused:
        harness.results().attempt("dep")
    harness.go_to(compute_results_schedule(harness.ended_at, harness.policy).unattended_at)
    late = harness.results().attempt("dep")
    harness.go_to(compute_results_schedule(harness.ended_at, harness.policy).due_at + timedelta(minutes=1))
    again = harness.results().attempt("dep")

    assert refused.value.rule == "results.quality"
    assert (late.outcome, again.outcome, read_published_records(harness.engine)) == (
        PublicationOutcome.LATE,
        PublicationOutcome.LATE,
        (),
    )
    assert harness.due().late_because == "the check of the figures found: one column repeats another"
    assert "Norwich" in harness.due().late_detail
    assert (harness.due().stands, harness.locked()) == (ResultsStatus.OVERDUE, ("dep",))
    assert {role for role, _ in harness.calls} == {Role.PUBLICATION_OFFICER, Role.AUTHORISING_OFFICER}
    harness.defect = ""
    assert harness.results().attempt("dep").outcome is PublicationOutcome.PUBLISHED
    assert read_published_records(harness.engine)[0].record.on_time is False
    assert harness.locked() == ("dep",)  # published late is still to be explained


def planned_from_now(harness: ResultsHarness) -> None:
    with overwriting(harness.engine) as session:
        row = session.get_one(DeploymentRow, "dep")
        row.planned = True
        session.add(row)


def test_a_planned_deployments_results_are_its_publication_officers(harness: ResultsHarness) -> None:
    harness.announce()
    registered(harness)
    planned_from_now(harness)
    with pytest.raises(Refused) as refused:
        harness.results().publish("dep", by=authenticated("O. Operator"))
    record = harness.results().publish("dep", by=authenticated("P. Officer"), word=WORD)

    assert refused.value.rule == "people.wrong-role"
    assert harness.results().publish("dep", by=authenticated("P. Officer")) == record


@pytest.mark.slow
def test_a_correction_passes_the_suites_too_and_is_the_publication_officers(harness: ResultsHarness) -> None:
    harness.announce()
    registered(harness)
    with pytest.raises(Refused) as none_yet:
        harness.results().correct("dep", reason="the decisions came later", by=authenticated("P. Officer"))
    first = harness.results(real=True).publish("dep", by=authenticated("P. Officer"), word=WORD)
    harness.judge_all()
    planned_from_now(harness)
    harness.defect = "one column repeats another"
    with pytest.raises(Refused) as failing:
        harness.results().correct("dep", reason="the decisions came later", by=authenticated("P. Officer"))
    harness.defect = ""
    with pytest.raises(Refused) as wrong_role:
        harness.results().correct("dep", reason="the decisions came later", by=authenticated("O. Operator"))
    standing = read_published_records(harness.engine)
    second = harness.results(real=True).correct(
        "dep", reason="the decisions came later", by=authenticated("P. Officer")
    )

    rules = [each.value.rule for each in (none_yet, failing, wrong_role)]
    assert rules == ["record.not-published", "results.quality", "people.wrong-role"]
    assert standing == (first,)
    assert read_published_records(harness.engine) == (first, second)
    assert second.record.data_quality_report_ref not in {"", first.record.data_quality_report_ref}


@pytest.mark.slow
def test_the_real_suites_pass_our_record_and_find_a_copied_one(harness: ResultsHarness) -> None:
    harness.announce()
    harness.judge_all()
    made = harness.results(real=True).attempt("dep")
    assert made.record is not None
    record = made.record.record
    assert "report sha256" in record.data_quality_report_ref
    assert (harness.reports / "dep" / "index.html").is_file()

    wrong = record.model_copy(update={"session_id": record.session_id, "date": date(2099, 1, 1)})
    found = check_record(wrong, [record], today=datetime.now(UTC).date())
    assert {each.rule for each in found.findings} >= {"date-plausible", "session-unique"}
