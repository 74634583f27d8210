"""Draws an alert's questions as buttons; every answer carries the operator's name and what stood beside its button."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any
from uuid import UUID

import streamlit as st

from apps.answer_words import ENGAGEMENT_WORDS, OUTCOME_WORDS
from apps.operator import panels
from apps.operator.view import OperatorView, ReceiptPage, open_questions
from apps.plain_words import plain_words
from lfr_core.alerts.read import AlertSummary, Answer
from lfr_core.common.errors import LfrError
from lfr_core.custody.people.roles import AuthenticatedPerson
from lfr_core.domain.alerts import Decision, Engagement, Judgement, Review, Shown

__all__ = ["GivenAnswer", "ShownAlert", "forget_receipt", "show_answers", "show_questions"]

_RECEIPT = "receipt"
"""Of the session's state: the receipt that was issued last."""
_JUDGEMENTS: Mapping[StrEnum, str] = {
    Judgement.SAME: "Same person",
    Judgement.DIFFERENT: "Different",
    Judgement.CANT_TELL: "Can't tell",
}
_REVIEWS: Mapping[StrEnum, str] = {
    Review.CONFIRMED_TRUE: "Confirmed true",
    Review.CONFIRMED_FALSE: "Confirmed false",
    Review.NONE: "Not established",
}


@dataclass(frozen=True, slots=True)
class GivenAnswer:
    """An answer, bound to what stands beside its button, as it is recorded once that is pressed."""

    record: Callable[..., Decision]
    alert: AlertSummary
    word: StrEnum
    label: str
    shown: Shown
    operator: AuthenticatedPerson
    use: Callable[[], object]
    correct: bool


@dataclass(frozen=True, slots=True)
class ShownAlert:
    """One alert as it stands on the screen, and who is asked about it."""

    view: OperatorView
    alert: AlertSummary
    stands_beside: Shown
    operator: AuthenticatedPerson
    use: Callable[[], object]
    """Called before each act. Raises LfrError where the operator is logged out meanwhile."""
    turn: str
    """Ends the keys of the buttons."""
    after: Callable[[GivenAnswer, LfrError | None], None]
    """Called with each answer given, and why it wasn't recorded."""
    show_refusal: Callable[[str], None]
    """Called with what else is refused."""


def forget_receipt(shown: Collection[UUID] = ()) -> None:
    """Keep no receipt but that of an alert that is on the screen."""
    kept: ReceiptPage | None = st.session_state.get(_RECEIPT)
    if kept is not None and kept.alert not in shown:
        del st.session_state[_RECEIPT]


def show_answers(view: OperatorView, alert: AlertSummary) -> None:
    """Show the answers there are, without any button."""
    for question in _questions(view, alert):
        if question.standing is not None:
            st.html(panels.answered(question.text, question.words[question.standing], question.who))


def show_questions(shown: ShownAlert) -> None:
    """Show the answers there are, and buttons for the questions that may be answered now."""
    alert = shown.alert
    may = open_questions(alert.decision)
    engaged = alert.decision.engagement is Engagement.ENGAGED
    open_now = {"judge": True, "engage": may.engagement, "outcome": engaged, "review": may.review}
    questions = _questions(shown.view, alert)
    for question in questions:
        if question.standing is not None:
            st.html(panels.answered(question.text, question.words[question.standing], question.who))
        elif open_now[question.verb]:
            st.html(f'<p class="ops-q">{question.text}</p>')
            _buttons(shown, question)
    if engaged:
        _receipt(shown)
    answered = [question for question in questions if question.standing is not None]
    if answered:
        # What is inside is made only while it is open: a dozen buttons a card would be made every second.
        popover = st.popover("Correct an answer", key=f"correct-{alert.id}", on_change="rerun", type="tertiary")
        if popover.open:
            with popover:
                st.html('<p class="ops-q">Your name and the time replace those that stand.</p>')
                for question in answered:
                    st.html(f'<p class="ops-q">{question.text}</p>')
                    _buttons(shown, question)


@dataclass(frozen=True, slots=True)
class _Question:
    """One of them, about one alert."""

    text: str
    verb: str
    words: Mapping[Any, str]
    standing: StrEnum | None
    who: Answer | None
    record: Callable[..., Decision]


def _questions(view: OperatorView, alert: AlertSummary) -> tuple[_Question, ...]:
    given, service = alert.decision, view.decisions
    return (
        _Question("Same person?", "judge", _JUDGEMENTS, given.judgement, alert.judged, service.judge),
        _Question("Engagement", "engage", ENGAGEMENT_WORDS, given.engagement, alert.engaged, service.engage),
        _Question("Outcome", "outcome", OUTCOME_WORDS, given.outcome, alert.resulted, service.record_outcome),
        _Question("Review", "review", _REVIEWS, given.review, alert.reviewed, service.review),
    )


def _buttons(shown: ShownAlert, question: _Question) -> None:
    compares_unseen = question.verb == "judge" and not shown.stands_beside.pictures
    why_not = "Nobody compares pictures that aren't shown." if compares_unseen else None
    with st.container(horizontal=True, gap="small"):
        for number, (word, label) in enumerate(question.words.items(), start=1):
            correct = question.standing is not None
            answer = GivenAnswer(
                question.record, shown.alert, word, label, shown.stands_beside, shown.operator, shown.use, correct
            )
            st.button(
                label,
                key=f"{question.verb}-{word.value}-{shown.alert.id}-{shown.turn}",
                disabled=why_not is not None or word == question.standing,
                shortcut=str(number) if question.verb == "judge" and not correct else None,
                help=why_not,
                on_click=_record,
                args=(answer, shown.after),
            )


def _record(answer: GivenAnswer, after: Callable[[GivenAnswer, LfrError | None], None]) -> None:
    try:
        answer.use()
        answer.record(answer.alert.id, answer.word, answer.operator, shown=answer.shown, correct=answer.correct)
    except LfrError as error:
        after(answer, error)
    else:
        after(answer, None)


def _receipt(shown: ShownAlert) -> None:
    """Issue a receipt only when it is asked for: each is a disclosure on the trail, and this is drawn every second."""
    kept: ReceiptPage | None = st.session_state.get(_RECEIPT)
    if kept is not None and kept.alert == shown.alert.id:
        st.download_button(
            f"Save receipt {kept.reference}",
            kept.html,
            file_name=f"receipt-{kept.reference}.html",
            mime="text/html",
            key=f"receipt-save-{shown.alert.id}",
            on_click="ignore",
        )
        return
    st.button(
        "Receipt for the person",
        key=f"receipt-{shown.alert.id}-{shown.turn}",
        help="A page with a reference, and no name.",
        on_click=_issue,
        args=(shown,),
    )


def _issue(shown: ShownAlert) -> None:
    try:
        shown.use()
        st.session_state[_RECEIPT] = shown.view.receipt(shown.alert.id, shown.operator)
    except LfrError as error:
        shown.show_refusal(plain_words(str(error)))
