"""Results with alerts that nobody decided: an officer answers for just so many, and nobody else does."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import Engine

from lfr_core.common.errors import Refused
from lfr_core.deployments.deadlines import compute_results_schedule
from lfr_core.publication.not_decided import NotDecidedStatement
from lfr_core.publication.published import read_published_records
from lfr_core.publication.results import PublicationOutcome
from lfr_core.storage.tables.stream import CameraSessionRow
from tests.support.overwriting import overwriting
from tests.support.people import authenticated
from tests.support.results_harness import ResultsHarness, registered
from tests.support.vaults import trail_of

WORD = NotDecidedStatement(1, "the operator fell ill")


@pytest.fixture
def harness(engine: Engine, tmp_path: Path) -> ResultsHarness:
    return ResultsHarness(engine, tmp_path / "reports")


def test_nobody_publishes_undecided_alerts_without_the_officers_word_for_just_so_many(harness: ResultsHarness) -> None:
    harness.announce()
    registered(harness)  # a trial, and yet the word is the publication officer's
    for word, by, rule in (
        (None, "P. Officer", "results.not-decided"),
        (None, "N. Obody", "people.unknown"),
        (WORD, "N. Obody", "people.unknown"),
        (WORD, "O. Operator", "people.wrong-role"),
        (NotDecidedStatement(2, "they fell ill"), "P. Officer", "results.not-decided"),
        (NotDecidedStatement(1, " "), "P. Officer", "results.not-decided"),
        (NotDecidedStatement(1, "x" * 201), "P. Officer", "results.not-decided"),
        (NotDecidedStatement(1, "nul\x00"), "P. Officer", "results.not-decided"),
    ):
        with pytest.raises(Refused) as refused:
            harness.results().publish("dep", by=authenticated(by), word=word)
        assert refused.value.rule == rule
    assert read_published_records(harness.engine) == ()
    made = harness.results().publish("dep", by=authenticated("P. Officer"), word=WORD).record

    assert made.alerts.not_decided == made.alerts.unanswered == 1
    assert made.not_decided is not None
    assert (made.not_decided.said_by, made.not_decided.because) == ("publication officer", "the operator fell ill")
    (reported,) = [one for one in trail_of(harness.engine).events if one.rule == "record.not-decided"]
    assert (reported.actor, reported.facts) == (
        "P. Officer",
        {"alerts": 1, "because": "the operator fell ill", "revision": 1},
    )
    assert harness.locked() == ()  # somebody answers for it


def test_what_published_itself_undecided_says_that_nobody_answers_for_it(harness: ResultsHarness) -> None:
    harness.announce()
    harness.go_to(compute_results_schedule(harness.ended_at, harness.policy).unattended_at)
    made = harness.results().attempt("dep").record

    assert made is not None
    assert (made.record.alerts.false, made.record.alerts.not_decided) == (2, 1)
    assert made.record.not_decided is not None
    assert made.record.not_decided.said_by == "nobody"
    assert "2 wrong, 1 not decided" in made.record.rates.in_words
    rules = [one.rule for one in trail_of(harness.engine).events]
    assert rules.count("record.not-decided-by-nobody") == 1
    assert "record.not-decided" not in rules


def test_a_correction_keeps_the_word_and_needs_another_only_for_more_alerts(harness: ResultsHarness) -> None:
    harness.announce()
    registered(harness)
    first = harness.results().publish("dep", by=authenticated("P. Officer"), word=WORD).record
    with overwriting(harness.engine) as session:
        session.add(CameraSessionRow(deployment="dep", camera="late", session="s", first_seen_ns=0, last_seen_ns=0))
    second = harness.results().correct("dep", reason="a camera was left out", by=authenticated("P. Officer")).record

    assert second.not_decided == first.not_decided
    assert second.corrections[-1].changed == ("cameras",)


def test_killed_between_the_note_and_the_record_the_next_attempt_publishes(harness: ResultsHarness) -> None:
    harness.announce()
    harness.go_to(compute_results_schedule(harness.ended_at, harness.policy).unattended_at)
    results = harness.results()
    trail_of(harness.engine).full = True
    with pytest.raises(Refused, match="audit trail"):
        results.attempt("dep")
    trail_of(harness.engine).full = False

    assert read_published_records(harness.engine) == ()
    assert harness.results().attempt("dep").outcome is PublicationOutcome.PUBLISHED
