"""Results on time: waited for, published by themselves, late in public, explained; on both databases."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine
from sqlmodel import Session, select

from lfr_core.alerts.decisions import DecisionService
from lfr_core.common.clock import utc_from_ns
from lfr_core.common.errors import Refused
from lfr_core.common.quality.findings import Finding
from lfr_core.custody.people.roles import Role
from lfr_core.deployments.deadlines import ResultsDue, ResultsStatus, moments, overdue_unexplained, results_due
from lfr_core.domain.alerts import Judgement
from lfr_core.domain.deployments import DeploymentKind
from lfr_core.domain.policy import PublicationPolicy, load_policy
from lfr_core.publication.explaining import Explanations
from lfr_core.publication.not_decided import NotDecidedStatement
from lfr_core.publication.published import Publisher, published_records
from lfr_core.publication.quality.ours import Checked, check_record
from lfr_core.publication.record import DeploymentRecord
from lfr_core.publication.record_figures import figures_for
from lfr_core.publication.results import PublicationOutcome, ResultsService
from lfr_core.storage.engine import reading
from lfr_core.storage.tables.deployments import DeploymentRow
from lfr_core.storage.tables.stream import CameraSessionRow
from tests.support.overwriting import overwriting
from tests.support.people import add_people, authenticated
from tests.support.publishing import announcing, ended_deployment, planned
from tests.support.records import ManualClock, alerts_of
from tests.support.shown_pictures import seen
from tests.support.vaults import trail_of

POLICY = load_policy()
HOUR_S = 3_600.0
WORD = NotDecidedStatement(1, "the operator fell ill")


@dataclass
class ResultsHarness:
    """The service over one ended, operational deployment `dep` with an alert that nobody judged."""

    engine: Engine
    reports: Path
    clock: ManualClock = field(init=False)
    policy: PublicationPolicy = POLICY.publication
    calls: list[tuple[Role, str]] = field(default_factory=list)
    defect: str = ""
    """A message of the suites; "": they find nothing."""

    def __post_init__(self) -> None:
        self.clock = ended_deployment(self.engine)
        with overwriting(self.engine) as session:
            row = session.get_one(DeploymentRow, "dep")
            row.kind, row.opened_at = DeploymentKind.OPERATIONAL.value, self.now - timedelta(hours=6)
            row.ended_at = self.now
            session.add(row)
        self.ended_at = self.now

    @property
    def now(self) -> datetime:
        return utc_from_ns(self.clock.time_ns())

    def announce(self) -> None:
        announcing(self.engine, self.clock).publish("dep", planned(), by=authenticated("A. Okafor"))

    def results(self, *, real: bool = False) -> ResultsService:
        return ResultsService(
            self.engine,
            trail_of(self.engine),
            self.clock,
            self.policy,
            figures=lambda name: figures_for(self.engine, name, force="Norfolk Constabulary"),
            reports=self.reports,
            call=self._call,
            check=check_record if real else self._check,
        )

    def go_to(self, at: datetime) -> None:
        self.clock.advance((at - self.now).total_seconds())

    def due(self) -> ResultsDue:
        with reading(self.engine) as session:
            (one,) = results_due(session, self.now, self.policy)
        return one

    def locked(self) -> tuple[str, ...]:
        with reading(self.engine) as session:
            return overdue_unexplained(session, self.now, POLICY.model_copy(update={"publication": self.policy}))

    def judge_all(self) -> None:
        decisions = DecisionService(self.engine, trail_of(self.engine), self.clock)
        for alert in alerts_of(self.engine, "dep"):
            if alert.decision.judgement is None:
                decisions.judge(
                    alert.id, Judgement.DIFFERENT, authenticated("B. Operator"), shown=seen(self.engine, alert.id)
                )

    def _call(self, session: Session, *, role: Role, deployment: str, why: str, now: datetime) -> None:
        assert session.exec(select(DeploymentRow.id).where(DeploymentRow.id == deployment)).one()
        assert now == self.now
        self.calls.append((role, why))

    def _check(
        self, new: DeploymentRecord, others: Sequence[DeploymentRecord], *, today: date, report: Path | None = None
    ) -> Checked:
        assert today == self.now.date()
        assert new not in others
        assert report == self.reports / "dep"
        found = Finding("column-copied", None, "", "", "Norwich", self.defect, expected="apart")
        return Checked((found,) if self.defect else (), "suites")


@pytest.fixture
def harness(engine: Engine, tmp_path: Path) -> ResultsHarness:
    return ResultsHarness(engine, tmp_path / "reports")


def registered(harness: ResultsHarness) -> Explanations:
    officers = (("P. Officer", Role.PUBLICATION_OFFICER), ("O. Operator", Role.OPERATOR))
    add_people(harness.engine, *officers, clock=harness.clock)
    return Explanations(harness.engine, trail_of(harness.engine), harness.clock, harness.policy)


def test_results_wait_until_the_last_alert_is_decided_and_are_then_published_once(harness: ResultsHarness) -> None:
    harness.announce()
    first = harness.results().attempt("dep")
    harness.judge_all()
    second, third = harness.results().attempt("dep"), harness.results().attempt("dep")

    assert (first.outcome, first.record, harness.calls) == (PublicationOutcome.WAITING, None, [])
    assert "1 alert not decided" in first.message
    assert (second.outcome, third.outcome) == (PublicationOutcome.PUBLISHED, PublicationOutcome.STANDS)
    assert third.record == second.record
    (record,) = published_records(harness.engine)
    assert (record.record.on_time, record.record.alerts.unanswered) == (True, 0)
    assert record.record.data_quality_report_ref == "suites"
    assert harness.locked() == ()


def test_from_the_third_working_day_the_publication_officer_is_called_once(harness: ResultsHarness) -> None:
    harness.announce()
    harness.go_to(moments(harness.ended_at, harness.policy).remind_at)
    for _ in range(2):
        assert harness.results().attempt("dep").outcome is PublicationOutcome.WAITING

    ((role, why),) = harness.calls
    assert role is Role.PUBLICATION_OFFICER
    assert "1 alert not decided" in why


def test_before_the_deadline_it_publishes_by_itself_and_locks_until_a_person_explains(harness: ResultsHarness) -> None:
    harness.announce()
    explanations = registered(harness)
    harness.go_to(moments(harness.ended_at, harness.policy).unattended_at)
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
    harness.go_to(moments(harness.ended_at, harness.policy).unattended_at)
    late = harness.results().attempt("dep")
    harness.go_to(moments(harness.ended_at, harness.policy).due_at + timedelta(minutes=1))
    again = harness.results().attempt("dep")

    assert refused.value.rule == "results.quality"
    assert (late.outcome, again.outcome, published_records(harness.engine)) == (
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
    assert published_records(harness.engine)[0].record.on_time is False
    assert harness.locked() == ("dep",)  # published late is still to be explained


def test_what_is_mended_before_the_deadline_was_never_late(harness: ResultsHarness) -> None:
    harness.announce()
    harness.judge_all()
    harness.defect = "one column repeats another"
    harness.go_to(moments(harness.ended_at, harness.policy).unattended_at)
    harness.results().attempt("dep")
    harness.defect = ""
    harness.results().attempt("dep")

    assert (harness.due().stands, harness.due().late_at, harness.locked()) == (ResultsStatus.PUBLISHED, None, ())


def test_results_of_a_deployment_nobody_announced_are_late_in_public(harness: ResultsHarness) -> None:
    with pytest.raises(Refused) as refused:
        harness.results().attempt("dep")
    harness.go_to(moments(harness.ended_at, harness.policy).due_at)
    made = harness.results().publish_missed()

    assert refused.value.rule == "announcement.none"
    assert [one.outcome for one in made] == [PublicationOutcome.LATE]
    assert "neither announced" in harness.due().late_because
    assert harness.results().publish_missed() == ()


def test_a_flow_that_never_ran_is_made_up_late_and_says_so(harness: ResultsHarness) -> None:
    harness.announce()
    harness.judge_all()
    assert harness.results().publish_missed() == ()  # nothing is forced before its time
    harness.go_to(moments(harness.ended_at, harness.policy).due_at + timedelta(days=2))
    (made,) = harness.results().publish_missed()

    assert made.outcome is PublicationOutcome.PUBLISHED
    assert harness.due().late_because == "they were published after the deadline"
    assert harness.locked() == ("dep",)


def test_a_bank_holiday_added_late_moves_only_a_deadline_that_still_runs(harness: ResultsHarness) -> None:
    harness.announce()
    before = moments(harness.ended_at, harness.policy).due_at
    harness.results().publish_missed()  # keeps the deadline
    day = (before - timedelta(hours=12)).date()
    more = harness.policy.model_copy(update={"extra_bank_holidays": (day,)})
    harness.policy = more
    moved = harness.due().moments.due_at
    harness.results().publish_missed()
    harness.go_to(before + timedelta(hours=1))
    assert harness.due().stands is ResultsStatus.REMINDER
    assert harness.due().moments.due_at == moved > before

    harness.go_to(moved + timedelta(hours=1))
    harness.policy = more.model_copy(update={"extra_bank_holidays": (day, moved.date() - timedelta(days=1))})
    assert (harness.due().moments.due_at, harness.due().stands) == (moved, ResultsStatus.OVERDUE)
    publisher = Publisher(harness.engine, trail_of(harness.engine), harness.clock, harness.policy)
    figures = figures_for(harness.engine, "dep", force="Norfolk Constabulary")
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
    standing = published_records(harness.engine)
    second = harness.results(real=True).correct(
        "dep", reason="the decisions came later", by=authenticated("P. Officer")
    )

    rules = [each.value.rule for each in (none_yet, failing, wrong_role)]
    assert rules == ["record.not-published", "results.quality", "people.wrong-role"]
    assert standing == (first,)
    assert published_records(harness.engine) == (first, second)
    assert second.record.data_quality_report_ref not in {"", first.record.data_quality_report_ref}


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
    assert published_records(harness.engine) == ()
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
    harness.go_to(moments(harness.ended_at, harness.policy).unattended_at)
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
    harness.go_to(moments(harness.ended_at, harness.policy).unattended_at)
    results = harness.results()
    trail_of(harness.engine).full = True
    with pytest.raises(Refused, match="audit trail"):
        results.attempt("dep")
    trail_of(harness.engine).full = False

    assert published_records(harness.engine) == ()
    assert harness.results().attempt("dep").outcome is PublicationOutcome.PUBLISHED


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
