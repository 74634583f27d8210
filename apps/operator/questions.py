"""An alert's three questions as buttons. Every answer carries the operator's name; the rules are the records'."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import TypeVar
from uuid import UUID

import streamlit as st

from apps.operator import panels
from apps.operator.view import OperatorView, open_questions
from lfr_core.alerts import Decision, Engagement, Judgement, Review
from lfr_core.errors import LfrError
from lfr_core.records.read import AlertSummary, Answer

__all__ = ["ask", "said"]

_SAID = "said"
Word = TypeVar("Word", bound=StrEnum)

_JUDGEMENTS = {
    Judgement.SAME: "Same person",
    Judgement.DIFFERENT: "Different",
    Judgement.CANT_TELL: "Can't tell",
}
_ENGAGEMENTS = {
    Engagement.ENGAGED: "Engaged",
    Engagement.EVADED: "Evaded",
    Engagement.NOT_ENGAGED: "Not engaged",
}
_REVIEWS = {
    Review.CONFIRMED_TRUE: "Confirmed true",
    Review.CONFIRMED_FALSE: "Confirmed false",
    Review.NONE: "Not established",
}


def said() -> str | None:
    """What the last answer's refusal was, once."""
    found = st.session_state.pop(_SAID, None)
    return None if found is None else str(found)


def ask(view: OperatorView, alert: AlertSummary, operator: str) -> None:
    """Show the answers there are, and buttons for the questions that may be answered now."""
    decision, desk = alert.decision, view.desk
    _question("Same person?", alert.id, "judge", _JUDGEMENTS, decision.judgement, alert.judged, desk.judge, operator)
    may = open_questions(decision)
    if decision.engagement is not None or may.engagement:
        _question(
            "Engagement",
            alert.id,
            "engage",
            _ENGAGEMENTS,
            decision.engagement,
            alert.engaged,
            view.desk.engage,
            operator,
        )
    if decision.review is not None or may.review:
        _question("Review", alert.id, "review", _REVIEWS, decision.review, alert.reviewed, desk.review, operator)


def _question(
    question: str,
    alert: UUID,
    verb: str,
    words: Mapping[Word, str],
    standing: Word | None,
    who: Answer | None,
    act: Callable[..., Decision],
    operator: str,
) -> None:
    if standing is None:
        st.html(f'<p class="ops-q">{question}</p>')
        _buttons(alert, verb, words, None, act, operator)
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        st.html(panels.answered(question, words[standing], who))
        with st.popover("Correct", key=f"{verb}-correct-{alert}"):
            st.html(f'<p class="ops-q">{question} Your name and the time replace those that stand.</p>')
            _buttons(alert, verb, words, standing, act, operator)


def _buttons(
    alert: UUID,
    verb: str,
    words: Mapping[Word, str],
    standing: Word | None,
    act: Callable[..., Decision],
    operator: str,
) -> None:
    with st.container(horizontal=True, gap="small"):
        for word, label in words.items():
            st.button(
                label,
                key=f"{verb}-{word.value}-{alert}",
                disabled=not operator or word == standing,
                help=None if operator else "Say who you are first, at the top of the page.",
                on_click=_act,
                args=(act, alert, word, operator, standing is not None),
            )


def _act(act: Callable[..., Decision], alert: UUID, word: StrEnum, operator: str, correct: bool) -> None:  # noqa: FBT001  a callback's arguments
    try:
        act(alert, word, operator, correct=correct)
    except LfrError as error:
        st.session_state[_SAID] = str(error)
