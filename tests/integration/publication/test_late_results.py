"""What is late in public, and what is not."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine

from lfr_core.common.errors import Refused
from lfr_core.deployments.deadlines import ResultsStatus, compute_results_schedule
from lfr_core.publication.published import Publisher
from lfr_core.publication.record_figures import gather_figures
from lfr_core.publication.results import PublicationOutcome
from tests.support.people import authenticated
from tests.support.record_publisher import compared
from tests.support.results_harness import ResultsHarness, registered
from tests.support.vaults import trail_of


@pytest.fixture
def harness(engine: Engine, tmp_path: Path) -> ResultsHarness:
    return ResultsHarness(engine, tmp_path / "reports")


def test_what_is_mended_before_the_deadline_was_never_late(harness: ResultsHarness) -> None:
    harness.announce()
    harness.judge_all()
    harness.defect = "one column repeats another"
    harness.go_to(compute_results_schedule(harness.ended_at, harness.policy).unattended_at)
    harness.results().attempt("dep")
    harness.defect = ""
    harness.results().attempt("dep")

    assert (harness.due().stands, harness.due().late_at, harness.locked()) == (ResultsStatus.PUBLISHED, None, ())


def test_results_of_a_deployment_nobody_announced_are_late_in_public(harness: ResultsHarness) -> None:
    with pytest.raises(Refused) as refused:
        harness.results().attempt("dep")
    harness.go_to(compute_results_schedule(harness.ended_at, harness.policy).due_at)
    made = harness.results().publish_missed()

    assert refused.value.rule == "announcement.none"
    assert [one.outcome for one in made] == [PublicationOutcome.LATE]
    assert "neither announced" in harness.due().late_because
    assert harness.results().publish_missed() == ()


def test_a_flow_that_never_ran_is_made_up_late_and_says_so(harness: ResultsHarness) -> None:
    harness.announce()
    harness.judge_all()
    assert harness.results().publish_missed() == ()  # nothing is forced before its time
    harness.go_to(compute_results_schedule(harness.ended_at, harness.policy).due_at + timedelta(days=2))
    (made,) = harness.results().publish_missed()

    assert made.outcome is PublicationOutcome.PUBLISHED
    assert harness.due().late_because == "they were published after the deadline"
    assert harness.locked() == ("dep",)


def test_a_bank_holiday_added_late_moves_only_a_deadline_that_still_runs(harness: ResultsHarness) -> None:
    harness.announce()
    before = compute_results_schedule(harness.ended_at, harness.policy).due_at
    harness.results().publish_missed()  # keeps the deadline
    day = (before - timedelta(hours=12)).date()
    more = harness.policy.model_copy(update={"extra_bank_holidays": (day,)})
    harness.policy = more
    moved = harness.due().schedule.due_at
    harness.results().publish_missed()
    harness.go_to(before + timedelta(hours=1))
    assert harness.due().stands is ResultsStatus.REMINDER
    assert harness.due().schedule.due_at == moved > before

    harness.go_to(moved + timedelta(hours=1))
    harness.policy = more.model_copy(update={"extra_bank_holidays": (day, moved.date() - timedelta(days=1))})
    assert (harness.due().schedule.due_at, harness.due().stands) == (moved, ResultsStatus.OVERDUE)
    publisher = Publisher(
        harness.engine, trail_of(harness.engine), harness.clock, harness.policy, compared(harness.engine)
    )
    figures = gather_figures(harness.engine, "dep", force="Norfolk Constabulary")
    assert publisher.publish("dep", figures, by=authenticated("A. Okafor")).record.on_time is False


def test_what_is_not_late_needs_no_explanation_and_an_explanation_has_words(harness: ResultsHarness) -> None:
    harness.announce()
    explanations = registered(harness)
    for name, why, rule in (
        ("dep", "because", "results.not-late"),
        ("other", "because", "results.nothing-due"),
        ("dep", " ", "results.explanation-missing"),
        ("dep", "a\nb", "results.explanation-missing"),
        ("dep", "x" * 1_001, "results.explanation-missing"),
    ):
        with pytest.raises(Refused) as refused:
            explanations.explain(name, why=why, by=authenticated("P. Officer"))
        assert refused.value.rule == rule
