from __future__ import annotations

from datetime import UTC, datetime
from uuid import UUID, uuid4

import pytest
from sqlalchemy import Engine, text

from lfr_core.alerts import read
from lfr_core.alerts.decisions import DecisionService
from lfr_core.common.errors import Fatal, Retryable
from lfr_core.custody.audit.port import Verb
from lfr_core.custody.audit.read import entries
from lfr_core.custody.audit.verify import verify
from lfr_core.domain.alerts import Cell, Decision, Engagement, EngagementOutcome, Judgement, Review, Shown
from lfr_core.domain.watchlists import Category
from tests.support.audit import Notary, audit_trail
from tests.support.overwriting import overwriting
from tests.support.people import add_operators, authenticated
from tests.support.records import ManualClock, alerts_of, entry, live_deployment, recorder_of, sighting
from tests.support.refusals import refusal
from tests.support.shown_pictures import seen


@pytest.fixture
def alert(engine: Engine) -> UUID:
    live_deployment(engine, entries=(entry(), entry("blue", category=Category.BLUE_LIST)))
    recorder = recorder_of(engine, ManualClock())
    return recorder.record_sightings([sighting(0.0)]).opened[0]


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def decisions(engine: Engine, clock: ManualClock) -> DecisionService:
    people = ("Ann", "Bob", "Ann Operator", "Bob Sergeant", "Cat Inspector")
    add_operators(engine, *people, clock=clock)
    return DecisionService(engine, audit_trail(clock), clock)


def test_each_answer_is_kept_with_who_and_when(
    engine: Engine, alert: UUID, decisions: DecisionService, clock: ManualClock
) -> None:
    decisions.judge(alert, Judgement.SAME, authenticated("  Ann  Operator "), shown=seen(engine, alert))
    clock.advance(30)
    decisions.engage(alert, Engagement.ENGAGED, authenticated("Bob Sergeant"))
    clock.advance(30)
    decision = decisions.review(alert, Review.CONFIRMED_TRUE, authenticated("Cat Inspector"))

    (found,) = alerts_of(engine, "dep")
    assert decision == Decision(Judgement.SAME, Engagement.ENGAGED, Review.CONFIRMED_TRUE)
    assert found.decision == decision
    assert found.judged == read.Answer("Ann Operator", datetime(2026, 11, 23, 12, 0, 0, tzinfo=UTC))
    assert found.engaged == read.Answer("Bob Sergeant", datetime(2026, 11, 23, 12, 0, 30, tzinfo=UTC))
    assert found.reviewed == read.Answer("Cat Inspector", datetime(2026, 11, 23, 12, 1, 0, tzinfo=UTC))
    assert found.cell is Cell.TRUE_CONFIRMED


def test_nothing_is_engaged_or_reviewed_before_a_person_has_compared(alert: UUID, decisions: DecisionService) -> None:
    assert (
        refusal(decisions.engage, alert, Engagement.ENGAGED, authenticated("Ann"))
        == "alert.engagement-before-judgement"
    )
    assert refusal(decisions.review, alert, Review.NONE, authenticated("Ann")) == "alert.review-before-judgement"


def test_no_one_is_engaged_on_a_pair_judged_different(engine: Engine, alert: UUID, decisions: DecisionService) -> None:
    decisions.judge(alert, Judgement.DIFFERENT, authenticated("Ann"), shown=seen(engine, alert))

    assert (
        refusal(decisions.engage, alert, Engagement.ENGAGED, authenticated("Ann")) == "alert.engagement-after-different"
    )


def test_an_answer_stands_until_it_is_corrected_and_then_carries_the_correctors_name(
    engine: Engine, alert: UUID, decisions: DecisionService, clock: ManualClock
) -> None:
    decisions.judge(alert, Judgement.SAME, authenticated("Ann"), shown=seen(engine, alert))
    clock.advance(60)

    assert (
        refusal(decisions.judge, alert, Judgement.CANT_TELL, authenticated("Bob"), shown=seen(engine, alert))
        == "alert.already-answered"
    )
    decisions.judge(
        alert, Judgement.SAME, authenticated("Ann"), shown=seen(engine, alert)
    )  # the same again changes nothing
    assert _judged(engine) == read.Answer("Ann", datetime(2026, 11, 23, 12, 0, tzinfo=UTC))
    decisions.judge(alert, Judgement.CANT_TELL, authenticated("Bob"), correct=True, shown=seen(engine, alert))
    assert _judged(engine) == read.Answer("Bob", datetime(2026, 11, 23, 12, 1, tzinfo=UTC))


def test_a_judgement_cannot_be_corrected_to_different_under_an_engagement(
    engine: Engine, alert: UUID, decisions: DecisionService
) -> None:
    decisions.judge(alert, Judgement.SAME, authenticated("Ann"), shown=seen(engine, alert))
    decisions.engage(alert, Engagement.ENGAGED, authenticated("Ann"))

    assert (
        refusal(
            decisions.judge, alert, Judgement.DIFFERENT, authenticated("Ann"), correct=True, shown=seen(engine, alert)
        )
        == "alert.engagement-after-different"
    )


@pytest.mark.parametrize("name", ["", "Ann", "system:retention"])
def test_an_answer_of_a_text_is_refused(engine: Engine, alert: UUID, decisions: DecisionService, name: str) -> None:
    assert refusal(decisions.judge, alert, Judgement.SAME, name, shown=seen(engine, alert)) == "actor.not-authenticated"


def test_each_new_answer_is_on_the_audit_trail_under_a_pseudonym_and_a_repeated_one_is_not(
    engine: Engine, alert: UUID, decisions: DecisionService
) -> None:
    decisions.judge(alert, Judgement.CANT_TELL, authenticated("Ann Operator"), shown=seen(engine, alert))
    decisions.judge(alert, Judgement.CANT_TELL, authenticated("Ann Operator"), shown=seen(engine, alert))
    decisions.judge(alert, Judgement.SAME, authenticated("Bob"), correct=True, shown=seen(engine, alert))
    decisions.review(alert, Review.CONFIRMED_TRUE, authenticated("Ann Operator"))
    assert (
        refusal(decisions.judge, alert, Judgement.DIFFERENT, authenticated("Ann Operator"), shown=seen(engine, alert))
        == "alert.already-answered"
    )

    found = entries(engine, deployment="dep", verb=Verb.DECIDE)
    ann = f"person:{Notary().pseudonym('Ann Operator')}"
    pictures = seen(engine, alert).pictures
    assert [(one.rule, one.subject, one.facts) for one in found] == [
        ("alert.judgement", f"alert:{alert}", {"answer": "cant_tell", "pictures": pictures}),
        ("alert.judgement", f"alert:{alert}", {"answer": "same", "pictures": pictures, "replaces": "cant_tell"}),
        ("alert.review", f"alert:{alert}", {"answer": "confirmed_true"}),
    ]
    assert [one.actor == ann for one in found] == [True, False, True]
    assert verify(engine, public_key=Notary().public_key, checkpoint=None).is_good


def test_with_the_vault_away_nothing_is_decided(engine: Engine, alert: UUID, clock: ManualClock) -> None:
    notary = Notary()
    notary.away = True
    add_operators(engine, "Ann", clock=clock)
    decisions, before = DecisionService(engine, audit_trail(clock, notary), clock), entries(engine)

    with pytest.raises(Retryable, match="lfr up"):
        decisions.judge(alert, Judgement.SAME, authenticated("Ann"), shown=seen(engine, alert))
    assert alerts_of(engine, "dep")[0].undecided
    assert entries(engine) == before


def test_an_answer_that_cannot_be_audited_is_not_given(engine: Engine, alert: UUID, decisions: DecisionService) -> None:
    with overwriting(engine) as session:
        session.execute(text("DROP TABLE audit_entry"))

    with pytest.raises(Fatal, match="start the platform first with `lfr up`"):
        decisions.judge(alert, Judgement.SAME, authenticated("Ann"), shown=seen(engine, alert))
    assert alerts_of(engine, "dep")[0].undecided


def test_an_unknown_alert_is_refused(alert: UUID, decisions: DecisionService) -> None:
    assert (
        refusal(decisions.judge, uuid4(), Judgement.SAME, authenticated("Ann"), shown=Shown("any")) == "alert.unknown"
    )


def test_test_subjects_are_tallied_apart(engine: Engine, alert: UUID, decisions: DecisionService) -> None:
    recorder = recorder_of(engine, ManualClock())
    (blue,) = recorder.record_sightings([sighting(0.0, entry="blue", face=1)]).opened
    decisions.judge(blue, Judgement.SAME, authenticated("Ann"), shown=seen(engine, blue))

    counts = read.counts(engine, "dep")

    assert (counts.alerts.total, counts.alerts.undecided, dict(counts.alerts.judgements)) == (1, 1, {})
    assert (counts.blue_list.total, dict(counts.blue_list.judgements)) == (1, {Judgement.SAME: 1})
    assert [a.id for a in alerts_of(engine, "dep", undecided_only=True)] == [alert]


def _judged(engine: Engine) -> read.Answer | None:
    return alerts_of(engine, "dep")[0].judged


def test_an_outcome_follows_an_engagement_and_is_kept_with_who_when_and_how_long(
    engine: Engine, alert: UUID, decisions: DecisionService
) -> None:
    decisions.judge(alert, Judgement.SAME, authenticated("Ann Operator"), shown=seen(engine, alert))
    assert (
        refusal(decisions.record_outcome, alert, EngagementOutcome.ARREST, authenticated("Bob Sergeant"))
        == "alert.outcome-without-engagement"
    )
    decisions.engage(alert, Engagement.ENGAGED, authenticated("Bob Sergeant"))

    decision = decisions.record_outcome(alert, EngagementOutcome.ARREST, authenticated("Bob Sergeant"), minutes=12.4)

    (found,) = alerts_of(engine, "dep")
    assert (decision.outcome, found.decision.outcome, found.minutes) == (
        EngagementOutcome.ARREST,
        EngagementOutcome.ARREST,
        12.4,
    )
    assert found.resulted is not None
    assert found.resulted.by == "Bob Sergeant"
    assert (
        refusal(decisions.record_outcome, alert, EngagementOutcome.NO_ACTION, authenticated("Cat Inspector"))
        == "alert.already-answered"
    )
    assert (
        refusal(decisions.engage, alert, Engagement.EVADED, authenticated("Cat Inspector"), correct=True)
        == "alert.outcome-stands"
    )
    assert (
        refusal(decisions.record_outcome, alert, EngagementOutcome.ARREST, authenticated("Cat Inspector"), minutes=-1.0)
        == "alert.bad-minutes"
    )
    assert (
        refusal(
            decisions.record_outcome,
            alert,
            EngagementOutcome.ARREST,
            authenticated("Cat Inspector"),
            minutes=float("nan"),
        )
        == "alert.bad-minutes"
    )
    assert (
        decisions.record_outcome(
            alert, EngagementOutcome.NO_ACTION, authenticated("Cat Inspector"), correct=True
        ).outcome
        is EngagementOutcome.NO_ACTION
    )
