"""An alert's questions as buttons. Every answer carries the operator's name; the rules are the records'."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

import streamlit as st

from apps.operator import panels
from apps.operator.view import OperatorView, ReceiptPage, open_questions
from lfr_core.alerts import Decision, Engagement, Judgement, Outcome, Review, Shown
from lfr_core.errors import LfrError
from lfr_core.records.read import AlertSummary, Answer

__all__ = ["ask", "forget_receipt", "said"]

_RECEIPT = "receipt"
"""Of the session's state: the receipt that was issued last."""
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


def said(where: str) -> str | None:
    """Why the last answer given in that part of the page was refused, once."""
    found = st.session_state.pop(f"said-{where}", None)
    return None if found is None else str(found)


def forget_receipt(shown: Collection[UUID] = ()) -> None:
    """Keep no receipt but that of an alert that is on the screen."""
    kept: ReceiptPage | None = st.session_state.get(_RECEIPT)
    if kept is not None and kept.alert not in shown:
        del st.session_state[_RECEIPT]


def ask(view: OperatorView, alert: AlertSummary, pictures: str, operator: str, where: str) -> None:
    """Show the answers there are, and buttons for the questions that may be answered now.

    `pictures`: the digest of those that are shown beside them; empty where there are none.
    """
    may = open_questions(alert.decision)
    shown = Shown(pictures, alert.decision)
    engaged = alert.decision.engagement is Engagement.ENGAGED
    open_now = {"judge": True, "engage": may.engagement, "outcome": engaged, "review": may.review}
    questions = _questions(view, alert)
    for question in questions:
        if question.standing is not None:
            st.html(panels.answered(question.text, question.words[question.standing], question.who))
        elif open_now[question.verb]:
            st.html(f'<p class="ops-q">{question.text}</p>')
            _buttons(alert.id, question, shown, operator, where)
    if engaged:
        _receipt(view, alert.id, operator, where)
    answered = [question for question in questions if question.standing is not None]
    if answered:
        # What is inside is made only while it is open: a dozen buttons a card would be made every second.
        popover = st.popover("Correct an answer", key=f"correct-{alert.id}", on_change="rerun", type="tertiary")
        if popover.open:
            with popover:
                st.html('<p class="ops-q">Your name and the time replace those that stand.</p>')
                for question in answered:
                    st.html(f'<p class="ops-q">{question.text}</p>')
                    _buttons(alert.id, question, shown, operator, where)


@dataclass(frozen=True, slots=True)
class _Question:
    """One of them, about one alert."""

    text: str
    verb: str
    words: Mapping[StrEnum, str]
    standing: StrEnum | None
    who: Answer | None
    act: Callable[..., Decision]


@dataclass(frozen=True, slots=True)
class _Click:
    """An answer as it will be recorded once its button is pressed, bound to what stands beside the button."""

    act: Callable[..., Decision]
    alert: UUID
    word: StrEnum
    shown: Shown
    operator: str
    correct: bool
    where: str


def _questions(view: OperatorView, alert: AlertSummary) -> tuple[_Question, ...]:
    given, desk = alert.decision, view.desk
    return (
        _Question("Same person?", "judge", _JUDGEMENTS, given.judgement, alert.judged, desk.judge),
        _Question("Engagement", "engage", _ENGAGEMENTS, given.engagement, alert.engaged, desk.engage),
        _Question("Outcome", "outcome", _OUTCOMES, given.outcome, alert.resulted, desk.outcome),
        _Question("Review", "review", _REVIEWS, given.review, alert.reviewed, desk.review),
    )


def _buttons(alert: UUID, question: _Question, shown: Shown, operator: str, where: str) -> None:
    with st.container(horizontal=True, gap="small"):
        for word, label in question.words.items():
            st.button(
                label,
                key=f"{question.verb}-{word.value}-{alert}",
                disabled=not operator or word == question.standing,
                help=None if operator else "Say who you are first, at the top of the page.",
                on_click=_act,
                args=(_Click(question.act, alert, word, shown, operator, question.standing is not None, where),),
            )


def _act(click: _Click) -> None:
    try:
        click.act(click.alert, click.word, click.operator, shown=click.shown, correct=click.correct)
    except LfrError as error:
        st.session_state[f"said-{click.where}"] = str(error)


def _receipt(view: OperatorView, alert: UUID, operator: str, where: str) -> None:
    """Issued only when it is asked for: each time is a disclosure on the trail, and this is drawn every second."""
    kept: ReceiptPage | None = st.session_state.get(_RECEIPT)
    if kept is not None and kept.alert == alert:
        st.download_button(
            f"Save receipt {kept.reference}",
            kept.html,
            file_name=f"receipt-{kept.reference}.html",
            mime="text/html",
            key=f"receipt-save-{alert}",
            on_click="ignore",
        )
        return
    st.button(
        "Receipt for the person",
        key=f"receipt-{alert}",
        disabled=not operator,
        help="A page with a reference, and no name." if operator else "Say who you are first, at the top of the page.",
        on_click=_issue,
        args=(view, alert, operator, where),
    )


def _issue(view: OperatorView, alert: UUID, operator: str, where: str) -> None:
    try:
        st.session_state[_RECEIPT] = view.receipt(alert, operator)
    except LfrError as error:
        st.session_state[f"said-{where}"] = str(error)
