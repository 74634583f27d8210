"""An answer is to what the person was shown, and the last one can be taken back."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import pytest
from sqlalchemy import Engine
from sqlmodel import col, select

from lfr_core.alerts import read
from lfr_core.alerts.answers import AnyAnswer
from lfr_core.alerts.decisions import DecisionService
from lfr_core.alerts.pictures import MOST_SHOTS, read_shots
from lfr_core.common.errors import Refused
from lfr_core.custody.audit.port import Verb
from lfr_core.custody.audit.read import entries
from lfr_core.domain.alerts import UNDO_S, Decision, Engagement, EngagementOutcome, Judgement, Shown
from lfr_core.storage.engine import reading
from lfr_core.storage.tables.alerts import AlertAnswerRow
from tests.support.audit import audit_trail
from tests.support.people import add_operators, authenticated
from tests.support.records import ManualClock, alerts_of, live_deployment, recorder_of, sighting
from tests.support.shown_pictures import seen

ANN, BOB = "Ann Operator", "Bob Operator"


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def alert(engine: Engine, clock: ManualClock) -> UUID:
    live_deployment(engine)
    return recorder_of(engine, clock).record_sightings([sighting(0.0, similarity=0.6)]).opened[0]


@pytest.fixture
def decisions(engine: Engine, clock: ManualClock) -> DecisionService:
    add_operators(engine, ANN, BOB, clock=clock)
    return DecisionService(engine, audit_trail(clock), clock)


def refusal(call: object, *arguments: object, **named: object) -> Refused:
    assert callable(call)
    with pytest.raises(Refused) as caught:
        call(*arguments, **named)
    return caught.value


def better(engine: Engine, clock: ManualClock, similarity: float = 0.8, sequence: int = 100) -> None:
    """A better picture of the same person comes."""
    one = sighting(1.0, sequence=sequence, similarity=similarity, probe=f"a better probe {similarity}".encode())
    assert recorder_of(engine, clock).record_sightings([one]).opened == ()


def history(engine: Engine, alert: UUID) -> list[tuple[str, str, str, datetime | None]]:
    with reading(engine) as session:
        rows = session.exec(
            select(AlertAnswerRow).where(AlertAnswerRow.alert == alert).order_by(col(AlertAnswerRow.number))
        )
        return [(row.question, row.answer, row.by, row.undone_at) for row in rows]


def test_an_answer_to_the_picture_on_the_screen_counts_for_that_one_though_better_ones_came(
    engine: Engine, alert: UUID, decisions: DecisionService, clock: ManualClock
) -> None:
    shown = seen(engine, alert)
    better(engine, clock)
    better(engine, clock, similarity=0.9, sequence=101)

    decisions.judge(alert, Judgement.SAME, authenticated(ANN), shown=shown)

    assert seen(engine, alert) == shown  # an officer in the street sees what the operator saw
    (entry,) = entries(engine, verb=Verb.DECIDE)
    assert entry.facts["pictures"] == shown.pictures
    assert alerts_of(engine, "dep")[0].sightings == 3


def test_of_the_pictures_that_an_alert_had_a_few_are_kept_and_go_with_it(
    engine: Engine, alert: UUID, clock: ManualClock
) -> None:
    for n in range(10):
        better(engine, clock, similarity=0.7 + n / 100, sequence=100 + n)

    with reading(engine) as session:
        kept = read_shots(session, alert)
    assert [each.number for each in kept] == list(range(10, 10 - MOST_SHOTS, -1))


def test_an_answer_to_a_picture_that_is_not_kept_any_more_is_refused_with_a_sentence(
    engine: Engine, alert: UUID, decisions: DecisionService, clock: ManualClock
) -> None:
    shown = seen(engine, alert)
    for n in range(MOST_SHOTS + 1):
        better(engine, clock, similarity=0.7 + n / 100, sequence=100 + n)

    refused = refusal(decisions.judge, alert, Judgement.SAME, authenticated(ANN), shown=shown)

    assert refused.rule == "alert.pictures-changed"
    assert "nothing was recorded; look at the newest picture and answer again" in str(refused)
    assert alerts_of(engine, "dep")[0].undecided
    assert history(engine, alert) == []
    assert entries(engine, verb=Verb.DECIDE) == ()
    assert (
        decisions.judge(alert, Judgement.SAME, authenticated(ANN), shown=seen(engine, alert)).judgement
        is Judgement.SAME
    )


def test_an_answer_with_another_alerts_pictures_is_refused(
    engine: Engine, alert: UUID, decisions: DecisionService, clock: ManualClock
) -> None:
    (other,) = recorder_of(engine, clock).record_sightings([sighting(0.0, camera="south")]).opened

    refused = refusal(decisions.judge, alert, Judgement.SAME, authenticated(ANN), shown=seen(engine, other))

    assert refused.rule == "alert.pictures-changed"


def test_nobody_compares_pictures_that_were_not_shown(alert: UUID, decisions: DecisionService) -> None:
    assert (
        refusal(decisions.judge, alert, Judgement.SAME, authenticated(ANN), shown=Shown("")).rule
        == "alert.pictures-not-shown"
    )


def test_a_further_sighting_that_brings_no_better_picture_stops_no_answer(
    engine: Engine, alert: UUID, decisions: DecisionService, clock: ManualClock
) -> None:
    shown = seen(engine, alert)
    better(engine, clock, similarity=0.5)

    assert decisions.judge(alert, Judgement.SAME, authenticated(ANN), shown=shown).judgement is Judgement.SAME


def test_a_judged_alert_keeps_the_picture_it_was_judged_on(
    engine: Engine, alert: UUID, decisions: DecisionService, clock: ManualClock
) -> None:
    shown = seen(engine, alert)
    clock.advance(2.0)
    decisions.judge(alert, Judgement.SAME, authenticated(ANN), shown=shown)

    better(engine, clock)  # of a second before the answer

    (found,) = alerts_of(engine, "dep")
    assert (seen(engine, alert), found.similarity, found.sightings) == (shown, 0.6, 2)


def test_of_two_operators_on_one_alert_the_second_is_told_who_answered(
    engine: Engine, alert: UUID, decisions: DecisionService
) -> None:
    shown = Shown(seen(engine, alert).pictures, Decision())
    decisions.judge(alert, Judgement.SAME, authenticated(ANN), shown=shown)

    for answer in (Judgement.DIFFERENT, Judgement.SAME):
        refused = refusal(decisions.judge, alert, answer, authenticated(BOB), shown=shown)
        assert refused.rule == "alert.already-answered"
        assert "Ann Operator has answered same already" in str(refused)
    assert history(engine, alert) == [("judgement", "same", ANN, None)]


def test_a_correction_of_an_answer_that_another_has_corrected_meanwhile_is_refused(
    engine: Engine, alert: UUID, decisions: DecisionService
) -> None:
    pictures = seen(engine, alert).pictures
    decisions.judge(alert, Judgement.SAME, authenticated(ANN), shown=Shown(pictures, Decision()))
    both_saw = Shown(pictures, Decision(Judgement.SAME))
    decisions.judge(alert, Judgement.CANT_TELL, authenticated(BOB), shown=both_saw, correct=True)

    for refused in (
        refusal(decisions.judge, alert, Judgement.DIFFERENT, authenticated(ANN), shown=both_saw, correct=True),
        refusal(decisions.engage, alert, Engagement.ENGAGED, authenticated(ANN), shown=both_saw),
    ):
        assert refused.rule == "alert.answers-changed"


def test_a_double_click_answers_once(engine: Engine, alert: UUID, decisions: DecisionService) -> None:
    shown = Shown(seen(engine, alert).pictures, Decision())

    for _ in range(2):
        assert decisions.judge(alert, Judgement.SAME, authenticated(ANN), shown=shown) == Decision(Judgement.SAME)

    assert history(engine, alert) == [("judgement", "same", ANN, None)]
    assert len(entries(engine, verb=Verb.DECIDE)) == 1


def test_an_undone_answer_waits_again_and_stays_in_the_history_and_on_the_audit_trail(
    engine: Engine, alert: UUID, decisions: DecisionService, clock: ManualClock
) -> None:
    decisions.judge(alert, Judgement.DIFFERENT, authenticated(ANN), shown=seen(engine, alert))
    clock.advance(UNDO_S)

    assert decisions.undo(alert, Judgement.DIFFERENT, authenticated(ANN)) == Decision()

    (found,) = alerts_of(engine, "dep", undecided_only=True)
    assert (found.id, found.judged) == (alert, None)
    counts = read.counts(engine, "dep").alerts
    assert (counts.total, counts.undecided, dict(counts.judgements)) == (1, 1, {})
    ((question, answer, by, undone_at),) = history(engine, alert)
    assert (question, answer, by) == ("judgement", "different", ANN)
    assert undone_at is not None
    last = entries(engine, verb=Verb.DECIDE)[-1]
    assert (last.rule, last.subject) == ("alert.undo", f"alert:{alert}")
    assert dict(last.facts) == {"question": "judgement", "answer": "different"}


def test_after_ten_seconds_by_the_services_clock_an_answer_stands(
    engine: Engine, alert: UUID, decisions: DecisionService, clock: ManualClock
) -> None:
    decisions.judge(alert, Judgement.SAME, authenticated(ANN), shown=seen(engine, alert))
    clock.advance(UNDO_S + 0.001)

    refused = refusal(decisions.undo, alert, Judgement.SAME, authenticated(ANN))

    assert refused.rule == "alert.undo-too-late"
    assert "more than 10 seconds ago and stands: correct the answer instead" in str(refused)
    assert alerts_of(engine, "dep")[0].decision == Decision(Judgement.SAME)


def test_only_who_gave_the_last_answer_undoes_it_and_only_once(
    engine: Engine, alert: UUID, decisions: DecisionService
) -> None:
    assert refusal(decisions.undo, alert, Judgement.SAME, authenticated(ANN)).rule == "alert.nothing-to-undo"
    decisions.judge(alert, Judgement.SAME, authenticated(ANN), shown=seen(engine, alert))

    assert refusal(decisions.undo, alert, Judgement.SAME, authenticated(BOB)).rule == "alert.undo-not-yours"
    assert refusal(decisions.undo, alert, Judgement.DIFFERENT, authenticated(ANN)).rule == "alert.nothing-to-undo"
    decisions.undo(alert, Judgement.SAME, authenticated(ANN))
    assert refusal(decisions.undo, alert, Judgement.SAME, authenticated(ANN)).rule == "alert.nothing-to-undo"


def test_an_answer_that_a_later_one_rests_on_is_not_undone(
    engine: Engine, alert: UUID, decisions: DecisionService
) -> None:
    decisions.judge(alert, Judgement.SAME, authenticated(ANN), shown=seen(engine, alert))
    decisions.engage(alert, Engagement.ENGAGED, authenticated(BOB))

    assert refusal(decisions.undo, alert, Judgement.SAME, authenticated(ANN)).rule == "alert.nothing-to-undo"


@pytest.mark.parametrize("correction", [Judgement.DIFFERENT, Judgement.CANT_TELL])
def test_an_undone_correction_gives_the_answer_before_it_back_with_its_who_and_when(
    engine: Engine, alert: UUID, decisions: DecisionService, clock: ManualClock, correction: AnyAnswer
) -> None:
    decisions.judge(alert, Judgement.SAME, authenticated(ANN), shown=seen(engine, alert))
    before = alerts_of(engine, "dep")
    clock.advance(60.0)
    assert isinstance(correction, Judgement)
    decisions.judge(alert, correction, authenticated(BOB), shown=seen(engine, alert), correct=True)

    decisions.undo(alert, correction, authenticated(BOB))

    assert alerts_of(engine, "dep") == before
    assert [(answer, undone is None) for _, answer, _, undone in history(engine, alert)] == [
        ("same", True),
        (correction.value, False),
    ]


def test_an_undone_outcome_takes_its_minutes_along(engine: Engine, alert: UUID, decisions: DecisionService) -> None:
    decisions.judge(alert, Judgement.SAME, authenticated(ANN), shown=seen(engine, alert))
    decisions.engage(alert, Engagement.ENGAGED, authenticated(ANN))
    decisions.record_outcome(alert, EngagementOutcome.ARREST, authenticated(ANN), minutes=10.0)
    decisions.record_outcome(alert, EngagementOutcome.ARREST, authenticated(ANN), minutes=12.0)

    decisions.undo(alert, EngagementOutcome.ARREST, authenticated(ANN))
    first = alerts_of(engine, "dep")[0].minutes
    decisions.undo(alert, EngagementOutcome.ARREST, authenticated(ANN))

    (found,) = alerts_of(engine, "dep")
    assert (first, found.minutes, found.resulted, found.decision.outcome) == (10.0, None, None, None)


def test_sightings_join_an_alert_whose_answer_was_undone_and_bring_their_better_picture(
    engine: Engine, alert: UUID, decisions: DecisionService, clock: ManualClock
) -> None:
    shown = seen(engine, alert)
    decisions.judge(alert, Judgement.SAME, authenticated(ANN), shown=shown)
    decisions.undo(alert, Judgement.SAME, authenticated(ANN))

    better(engine, clock)

    (found,) = alerts_of(engine, "dep")
    assert (found.sightings, found.similarity, seen(engine, alert) == shown) == (2, 0.8, False)
