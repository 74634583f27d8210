"""Draws the engaging officer's page, for a phone: choose the deployment, see what was judged, say what was done."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import TypeVar
from uuid import UUID

import streamlit as st

from apps.acts import stay_in_sight
from apps.answer_words import ENGAGEMENT_WORDS, OUTCOME_WORDS
from apps.choosing import choose
from apps.drawing import picture_html
from apps.officer import panels
from apps.officer.view import ROLES, OfficerView, StopReceipt
from apps.operator.pictures import Pictures
from apps.operator.view import clock_words
from apps.plain_words import plain_sentence, plain_words
from apps.pressed import draw_button, uninterrupted
from apps.say_why import not_current
from apps.sign_in import PageSession, draw_person, may_see, redraw
from lfr_core.alerts.read import AlertSummary
from lfr_core.common.errors import LfrError, Refused
from lfr_core.domain.alerts import Engagement

__all__ = ["page"]

_Answer = TypeVar("_Answer", bound=StrEnum)
_REFRESH_S = 2.0
_DEPLOYMENT = "officer-deployment"
_WHY = "officer-why"
_RECEIPT = "officer-receipt"
_LOOKED_AT = "officer-looked-at"
_WITHDRAWN = "officer-withdrawn"
"""Of the session's state: the alert on the screen, and what one was called that went while it stood there."""
_ALERT = "officer-alert"
_KNOWN = "officer-known"
"""Of the session's state: the alert that was chosen, and those that stood in the list when it was, or were since."""
_NOT_RECORDED = "officer-not-recorded"
"""Of the session's state: why the last press recorded nothing, until another does or it is understood."""
_RESUMED = "officer-resumed"
"""Of the session's state: that it was looked for the deployment in hand."""


def page(view: OfficerView, session: PageSession) -> None:
    """Draw it for an engaging officer; the list of alerts goes on by itself."""
    st.html(Path(__file__).with_name("style.css"))
    st.html("<h1>In the street</h1>")
    draw_person(session, partial(_forget, view, session))
    if not may_see(session, ROLES):
        return
    why = st.session_state.pop(_WHY, "")
    if why:
        st.error(why)
    _resume(view, session)
    if _DEPLOYMENT not in st.session_state:
        _choose(view, session)
        return
    _alerts(view, session)
    st.button("Leave this deployment", key="officer-stop", on_click=_forget, args=(view, session))


def _resume(view: OfficerView, session: PageSession) -> None:
    """Go on with the deployment in hand where the page is loaded anew; once, so that who stops has stopped."""
    if _RESUMED in st.session_state:
        return
    st.session_state[_RESUMED] = True
    with suppress(LfrError):
        found = view.in_hand(session.person)
        if found:
            st.session_state[_DEPLOYMENT] = found


def _choose(view: OfficerView, session: PageSession) -> None:
    try:
        live = view.live()
    except LfrError as error:
        not_current(error)
        return
    if not live:
        st.text("No deployment is live.")
        return
    names = {one.view.id: one.name for one in live}
    chosen = choose("Your deployment", names, "officer-choice")
    st.button("Start", type="primary", key="officer-start", on_click=_sign_on, args=(view, session, chosen))


def _sign_on(view: OfficerView, session: PageSession, deployment: str) -> None:
    try:
        view.sign_on(deployment, session.use())
        st.session_state[_DEPLOYMENT] = deployment
    except LfrError as error:
        st.session_state[_WHY] = plain_sentence(str(error))


def _forget(view: OfficerView, session: PageSession, why: str = "") -> None:
    """Keep nothing of the deployment on the phone any more."""
    deployment = st.session_state.pop(_DEPLOYMENT, None)
    for key in ("officer-pictures", _RECEIPT, _LOOKED_AT, _WITHDRAWN, _KNOWN, _NOT_RECORDED):
        st.session_state.pop(key, None)
    st.session_state[_WHY] = why
    if deployment is not None and not why:
        try:
            view.sign_off(deployment, session.person)
        except LfrError as error:
            st.session_state[_WHY] = f"You are off on this phone alone: {plain_words(str(error))}."


@st.fragment(run_every=_REFRESH_S)
def _alerts(view: OfficerView, session: PageSession) -> None:
    deployment = st.session_state.get(_DEPLOYMENT)
    if deployment is None:
        return
    try:
        found, (name, suspended) = view.alerts(deployment, session.person), view.standing(deployment)
    except Refused as refused:  # over, signed off, revoked, or another role now
        _forget(view, session, plain_sentence(str(refused)))
        redraw()
    except LfrError as error:
        not_current(error)
        return
    labels = {each.id: _label(each) for each in found}
    _say_not_recorded()
    with st.container():
        _say_withdrawn(labels)
        if suspended:
            st.info("The deployment is suspended: no new alert comes until an authorising officer resumes it.")
    with st.container():
        _say_new(labels)
    if not found:
        st.text("Nothing has been judged yet. What an operator judges comes here by itself.")
        return
    pictures: Pictures = st.session_state.setdefault("officer-pictures", view.pictures())
    chosen = choose("Alert", labels, _ALERT)
    one = next((each for each in found if each.id == chosen), found[0])
    st.session_state[_LOOKED_AT] = one.id, labels[one.id]
    opened, response = pictures.of(one, session.person), view.response(one.category)
    st.html(panels.card(one, opened, response, now_ns=view.now_ns(), deployment=name))
    _questions(view, session, one, fit=panels.is_fit_to_act_on(opened))


def _say_not_recorded() -> None:
    """Say that a press recorded nothing: what is drawn anew every two seconds would say it for as long only."""
    with stay_in_sight("-street"):
        why = st.session_state.get(_NOT_RECORDED)
        if why:
            st.error(why)
            st.button("Understood", key="officer-seen", on_click=st.session_state.pop, args=(_NOT_RECORDED, None))


def _say_withdrawn(labels: Mapping[UUID, str]) -> None:
    """Say that the alert which stood here is none to act on any more; another stands in its place by itself."""
    before, label = st.session_state.get(_LOOKED_AT, (None, ""))
    if before is not None and before not in labels:
        del st.session_state[_LOOKED_AT]
        st.session_state[_WITHDRAWN] = label
    if _WITHDRAWN in st.session_state:
        st.error(f"{st.session_state[_WITHDRAWN]}: this alert is here no longer. {panels.STOP_NOBODY}.")
        st.button("Understood", key="officer-understood", on_click=st.session_state.pop, args=(_WITHDRAWN, None))


def _say_new(labels: Mapping[UUID, str]) -> None:
    """Say that more was judged while this alert stood here: nobody sees it in a closed list."""
    shown = st.session_state.get(_ALERT)
    if shown not in labels:  # the first is shown by itself
        st.session_state[_KNOWN] = frozenset(labels)
        return
    known = st.session_state[_KNOWN] = st.session_state.get(_KNOWN, frozenset(labels)) | {shown}
    new = [each for each in labels if each not in known]
    if new:
        st.warning(f"{len(new)} new: {labels[new[0]]}.")
        st.button("Show the newest", key="officer-newest", on_click=_take_up, args=(new[0], frozenset(labels)))


def _take_up(alert: UUID, known: frozenset[UUID]) -> None:
    st.session_state[_ALERT], st.session_state[_KNOWN] = alert, known


def _label(one: AlertSummary) -> str:
    done = one.decision.engagement
    state = "" if done is None else f" ({ENGAGEMENT_WORDS[done].lower()})"
    return f"{one.camera}, {clock_words(one.last_ns)}{state}"


def _questions(view: OfficerView, session: PageSession, alert: AlertSummary, *, fit: bool) -> None:
    """Ask what was done. `fit`: whether it may be acted on; else only what was done before that was known."""
    decision = alert.decision
    if alert.category.is_test_subject:
        return
    if decision.engagement is None:
        with st.container() if fit else st.expander("Officers acted on it before", key=f"before-{alert.id}"):
            _buttons(
                ENGAGEMENT_WORDS, lambda answer: view.engage(alert.id, answer, session.use()), f"engage-{alert.id}"
            )
        return
    st.html(f"<p>What officers did: <strong>{ENGAGEMENT_WORDS[decision.engagement]}</strong></p>")
    if decision.engagement is not Engagement.ENGAGED:
        _correct(view, session, alert)
        return
    if decision.outcome is None:
        st.text("What came of it?")
        _buttons(
            OUTCOME_WORDS, lambda answer: view.record_outcome(alert.id, answer, session.use()), f"outcome-{alert.id}"
        )
    else:
        st.html(f"<p>What came of it: <strong>{OUTCOME_WORDS[decision.outcome]}</strong></p>")
    _receipt(view, session, alert)
    _correct(view, session, alert)


def _correct(view: OfficerView, session: PageSession, alert: AlertSummary) -> None:
    """Let a wrong press be put right: what was recorded last, the outcome before the engagement that it is of."""
    given = alert.decision
    with st.expander("Correct it", key=f"correct-{alert.id}"):
        st.caption("Your name and the time replace those that stand.")
        if given.outcome is not None:
            outcomes = {each: words for each, words in OUTCOME_WORDS.items() if each is not given.outcome}
            _buttons(
                outcomes,
                lambda answer: view.record_outcome(alert.id, answer, session.use(), correct=True),
                f"correct-outcome-{alert.id}",
            )
            return
        engagements = {each: words for each, words in ENGAGEMENT_WORDS.items() if each is not given.engagement}
        _buttons(
            engagements,
            lambda answer: view.engage(alert.id, answer, session.use(), correct=True),
            f"correct-engage-{alert.id}",
        )


def _buttons(words: Mapping[_Answer, str], record: Callable[[_Answer], None], key: str) -> None:
    for answer, label in words.items():
        if draw_button(label, key=f"{key}-{answer}"):
            _act(lambda answer=answer: record(answer))  # type: ignore[misc]


def _receipt(view: OfficerView, session: PageSession, alert: AlertSummary) -> None:
    kept: StopReceipt | None = st.session_state.get(_RECEIPT)
    if kept is None or kept.alert != alert.id:
        if draw_button("Receipt for the person", key=f"receipt-{alert.id}"):
            _act(lambda: st.session_state.__setitem__(_RECEIPT, view.receipt(alert.id, session.use())))
        return
    words = "Where their rights stand, as a code to scan"
    code = f'<div class="officer-qr">{picture_html(kept.qr_svg, words)}</div>' if kept.qr_svg else ""
    st.html(f"{code}<p><strong>{kept.reference}</strong></p>")
    if code:
        st.text(
            "The code leads them to their rights on the public site. They can write down or photograph the reference."
        )
    else:
        st.text("They can write down or photograph the reference. Where to ask and complain stands in the PDF.")
    st.download_button("Receipt as PDF", kept.pdf, f"receipt-{kept.reference}.pdf", "application/pdf")


def _act(act: Callable[[], object]) -> None:
    """Do it, say why not where it can't be done, and draw the page anew."""
    with uninterrupted():
        st.session_state.pop(_NOT_RECORDED, None)
        try:
            act()
        except LfrError as error:
            st.session_state[_NOT_RECORDED] = f"Not recorded: {plain_words(str(error))}."
    st.rerun()
