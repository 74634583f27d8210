"""An alert's questions as buttons. Every answer carries the operator's name and what stood beside its button.

The rules are the records'.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

import streamlit as st

from apps.operator import panels
from apps.operator.view import OperatorView, ReceiptPage, open_questions
from lfr_core.alerts.read import AlertSummary, Answer
from lfr_core.common.errors import LfrError
from lfr_core.domain.alerts import Decision, Engagement, Judgement, Outcome, Review, Shown

__all__ = ["Asked", "Click", "ask", "forget_receipt", "tell"]

_RECEIPT = "receipt"
"""Of the session's state: the receipt that was issued last."""
_NO_NAME = "Say who you are first, at the top of the page."
_JUDGEMENTS: Mapping[StrEnum, str] = {
    Judgement.SAME: "Same person",
    Judgement.DIFFERENT: "Different",
    Judgement.CANT_TELL: "Can't tell",
}
_ENGAGEMENTS: Mapping[StrEnum, str] = {
    Engagement.ENGAGED: "Engaged",
    Engagement.EVADED: "Evaded",
    Engagement.NOT_ENGAGED: "Not engaged",
}
_REVIEWS: Mapping[StrEnum, str] = {
    Review.CONFIRMED_TRUE: "Confirmed true",
    Review.CONFIRMED_FALSE: "Confirmed false",
    Review.NONE: "Not established",
}
_OUTCOMES: Mapping[StrEnum, str] = {
    Outcome.ARREST: "Arrest",
    Outcome.OTHER_DISPOSAL: "Other disposal",
    Outcome.NO_ACTION: "No action",
}


@dataclass(frozen=True, slots=True)
class Click:
    """An answer as it is recorded once its button is pressed: bound to what stands beside the button."""

    act: Callable[..., Decision]
    alert: AlertSummary
    word: StrEnum
    label: str
    shown: Shown
    operator: str
    correct: bool


@dataclass(frozen=True, slots=True)
class Asked:
    """One alert as it stands on the screen, and who is asked about it."""

    view: OperatorView
    alert: AlertSummary
    shown: Shown
    operator: str
    turn: str
    """Ends the keys of the buttons."""
    after: Callable[[Click, LfrError | None], None]
    """Told of each answer given, and why it wasn't recorded."""
    say: Callable[[str], None]
    """Told what else is refused."""


def forget_receipt(shown: Collection[UUID] = ()) -> None:
    """Keep no receipt but that of an alert that is on the screen."""
    kept: ReceiptPage | None = st.session_state.get(_RECEIPT)
    if kept is not None and kept.alert not in shown:
        del st.session_state[_RECEIPT]


def tell(view: OperatorView, alert: AlertSummary) -> None:
    """Show the answers there are, without any button."""
    for question in _questions(view, alert):
        if question.standing is not None:
            st.html(panels.answered(question.text, question.words[question.standing], question.who))


def ask(asked: Asked) -> None:
    """Show the answers there are, and buttons for the questions that may be answered now."""
    alert = asked.alert
    may = open_questions(alert.decision)
    engaged = alert.decision.engagement is Engagement.ENGAGED
    open_now = {"judge": True, "engage": may.engagement, "outcome": engaged, "review": may.review}
    questions = _questions(asked.view, alert)
    for question in questions:
        if question.standing is not None:
            st.html(panels.answered(question.text, question.words[question.standing], question.who))
        elif open_now[question.verb]:
            st.html(f'<p class="ops-q">{question.text}</p>')
            _buttons(asked, question)
    if engaged:
        _receipt(asked)
    answered = [question for question in questions if question.standing is not None]
    if answered:
        # What is inside is made only while it is open: a dozen buttons a card would be made every second.
        popover = st.popover("Correct an answer", key=f"correct-{alert.id}", on_change="rerun", type="tertiary")
        if popover.open:
            with popover:
                st.html('<p class="ops-q">Your name and the time replace those that stand.</p>')
                for question in answered:
                    st.html(f'<p class="ops-q">{question.text}</p>')
                    _buttons(asked, question)


@dataclass(frozen=True, slots=True)
class _Question:
    """One of them, about one alert."""

    text: str
    verb: str
    words: Mapping[StrEnum, str]
    standing: StrEnum | None
    who: Answer | None
    act: Callable[..., Decision]


def _questions(view: OperatorView, alert: AlertSummary) -> tuple[_Question, ...]:
    given, desk = alert.decision, view.desk
    return (
        _Question("Same person?", "judge", _JUDGEMENTS, given.judgement, alert.judged, desk.judge),
        _Question("Engagement", "engage", _ENGAGEMENTS, given.engagement, alert.engaged, desk.engage),
        _Question("Outcome", "outcome", _OUTCOMES, given.outcome, alert.resulted, desk.outcome),
        _Question("Review", "review", _REVIEWS, given.review, alert.reviewed, desk.review),
    )


def _buttons(asked: Asked, question: _Question) -> None:
    why_not = None if asked.operator else _NO_NAME
    if question.verb == "judge" and asked.operator and not asked.shown.pictures:
        why_not = "Nobody compares pictures that aren't shown."
    with st.container(horizontal=True, gap="small"):
        for word, label in question.words.items():
            correct = question.standing is not None
            click = Click(question.act, asked.alert, word, label, asked.shown, asked.operator, correct)
            st.button(
                label,
                key=f"{question.verb}-{word.value}-{asked.alert.id}-{asked.turn}",
                disabled=why_not is not None or word == question.standing,
                help=why_not,
                on_click=_answer,
                args=(click, asked.after),
            )


def _answer(click: Click, after: Callable[[Click, LfrError | None], None]) -> None:
    try:
        click.act(click.alert.id, click.word, click.operator, shown=click.shown, correct=click.correct)
    except LfrError as error:
        after(click, error)
    else:
        after(click, None)


def _receipt(asked: Asked) -> None:
    """Issued only when it is asked for: each time is a disclosure on the trail, and this is drawn every second."""
    kept: ReceiptPage | None = st.session_state.get(_RECEIPT)
    if kept is not None and kept.alert == asked.alert.id:
        st.download_button(
            f"Save receipt {kept.reference}",
            kept.html,
            file_name=f"receipt-{kept.reference}.html",
            mime="text/html",
            key=f"receipt-save-{asked.alert.id}",
            on_click="ignore",
        )
        return
    st.button(
        "Receipt for the person",
        key=f"receipt-{asked.alert.id}-{asked.turn}",
        disabled=not asked.operator,
        help="A page with a reference, and no name." if asked.operator else _NO_NAME,
        on_click=_issue,
        args=(asked,),
    )


def _issue(asked: Asked) -> None:
    try:
        st.session_state[_RECEIPT] = asked.view.receipt(asked.alert.id, asked.operator)
    except LfrError as error:
        asked.say(str(error))
