"""Draws the page for enquiries and complaints: take one, see which are due, open, answer, confirm, close."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import partial
from typing import TypeVar

import streamlit as st

from apps.acts import act, form_key, show_result
from apps.kept_tabs import draw_kept_tabs
from apps.pressed import draw_button, draw_submit
from apps.rights import holds_panel
from apps.rights.view import ROLES, Form, RightsView, hold_words, state_words
from apps.say_why import show_or_say_why
from apps.sign_in import PageSession, draw_person, may_see
from apps.tables import text_table_html
from apps.typed.choices import choose_of_few, choose_one, find_typed, set_day, set_time, tick
from apps.typed.keeper import typed_form
from apps.watched import watch
from lfr_core.common.errors import LfrError
from lfr_core.custody.people.roles import AuthenticatedPerson
from lfr_core.domain.working_days import LONDON
from lfr_core.publication.rights.types import Request, RequestKind, RequestState
from lfr_core.publication.rights.wording import NEITHER

__all__ = ["page"]

_Result = TypeVar("_Result")
_OPENED = "rights-opened"
_TAKE = "rights-take"
_LABELS = "rights-labels"
_ANSWER = "rights-answer-"
"""Begins the keys of the forms in which requests are answered."""
_KINDS = ("Enquiry", "Complaint")


def page(view: RightsView, session: PageSession) -> None:
    """Draw the whole page. What was opened is kept for this session alone, and goes with the next request."""
    st.html("<h1>Enquiries and complaints</h1>")
    draw_person(session)
    if not may_see(session, ROLES):
        return
    by = session.person
    show_result()
    due, intake, held = draw_kept_tabs(["Requests", "Take a request", "Footage that is held"], "rights-part")
    with due:
        show_or_say_why(lambda: _requests(view, by))
    with intake:
        _draw_intake(view, by)
    with held:
        if view.holds is not None:
            show_or_say_why(partial(holds_panel.draw, view.holds, session))


def _requests(view: RightsView, by: AuthenticatedPerson) -> None:
    closed = st.toggle("Also closed ones", key="rights-closed")
    mark = view.mark(closed=closed)
    _draw_requests(view, by, closed=closed)
    watch(partial(view.mark, closed=closed), mark)


def _draw_requests(view: RightsView, by: AuthenticatedPerson, *, closed: bool) -> None:
    found = view.requests(by, closed=closed)
    today = view.service.now().astimezone(LONDON).date()
    late = sum(each.state is RequestState.OVERDUE for each in found)
    with st.container():  # always there, as each of what comes and goes above a form: its fields stay where they are
        if late:
            st.error(f"{late} overdue: an answer is due within one month of receipt.")
    if not found:
        st.write("No request is open.")
        return
    labels = view.labels()
    heads = ("Reference", "State", "Answer by", "What", "About", "Received")  # on a phone the last are out of sight
    rows = [_row(each, state_words(each, today), labels) for each in found]
    st.html(text_table_html(heads, rows, words="Requests"))
    by_reference = {each.reference: each for each in found}
    chosen = st.selectbox("Request", list(by_reference), key="rights-chosen")  # Streamlit keeps what it was given
    if chosen in by_reference:
        _draw_request(view, by_reference[chosen], by, labels)


def _row(request: Request, state: str, labels: Mapping[str, str]) -> tuple[str, ...]:
    what = "was I on a list" if request.asks_listed else request.kind.value
    about = _named(request.deployment, labels)
    received, due = (f"{day.day} {day:%B %Y}" for day in (request.received_on, request.due_on))
    return request.reference, state, due, what, about, received


def _named(deployment: str | None, labels: Mapping[str, str]) -> str:
    return labels.get(deployment, "one that has gone") if deployment else "not known"


def _draw_request(view: RightsView, request: Request, by: AuthenticatedPerson, labels: Mapping[str, str]) -> None:
    reference = request.reference
    st.subheader(reference)
    with st.container():
        for sentence in hold_words(request, labels):
            st.text(sentence)
        waiting = [hold for hold in request.holds if hold.is_provisional]
        asked = {request.taken_by, *(hold.requested_by for hold in waiting)}
        if waiting and not any(by.is_called(each) for each in asked):
            _button(
                "Confirm the hold",
                f"confirm-{reference}",
                lambda: view.confirm(reference, by),
                "The hold is confirmed.",
            )
    if not view.may_answer(by):  # the second person alone
        _draw_asked_disclosure(view, request, by, labels)
        return
    with st.container():
        _draw_opened_request(view, reference, by)
        _draw_letter(view, request, by)
    with st.container():
        if request.answered_at is not None:
            _draw_unsent(request)
    if request.closed_at is not None:
        return
    with st.container():
        if request.deployment is None:
            _assign(view, reference, by, labels)
    closed = f"{reference} is closed."  # what stands here then is the next of the list
    if request.answered_at is None:
        _answer(view, request, by, labels)
        with st.popover("Close as withdrawn", key=f"rights-withdraw-{reference}"):
            st.text("It is closed without an answer, because the person no longer wants one.")
            withdraw = partial(view.close, reference, by, withdrawn=True)
            _button("The person has withdrawn it", f"withdrawn-{reference}", withdraw, closed)
    else:
        _button("Close", f"close-{reference}", lambda: view.close(reference, by, withdrawn=False), closed)


def _draw_opened_request(view: RightsView, reference: str, by: AuthenticatedPerson) -> None:
    kept = st.session_state.get(_OPENED)
    if kept is not None and kept[0] == reference:
        opened = kept[1]
        words = (
            ("Contact", opened.contact),
            ("Place", opened.place),
            ("Asked", opened.text),
            ("Answer", opened.answer),
        )
        for what, text in words:
            if text:
                st.caption(what)
                st.text(text)
        return
    st.session_state.pop(_OPENED, None)  # another request was chosen
    with typed_form(f"rights-open-{reference}", border=False) as form:
        purpose = st.text_input("Purpose of opening it", help="It goes on the audit trail.")
        if draw_submit("Open", form):
            act(lambda: _keep(view, reference, by, purpose), "")


def _draw_letter(view: RightsView, request: Request, by: AuthenticatedPerson) -> None:
    if request.answered_at is not None:
        st.download_button(
            "Answer, as a letter to print",
            data=partial(view.print_letter, request.reference, by),
            file_name=f"answer-{request.reference}.html",
            mime="text/html",
            key=f"rights-letter-{request.reference}",
            on_click="ignore",
            help="It is addressed to the person. That you print it goes on the audit trail.",
        )


def _keep(view: RightsView, reference: str, by: AuthenticatedPerson, purpose: str) -> None:
    st.session_state[_OPENED] = (reference, view.open(reference, by, purpose))


def _assign(view: RightsView, reference: str, by: AuthenticatedPerson, labels: Mapping[str, str]) -> None:
    """Ask which deployment it is about: the published record counts it then, and a plain answer can be given."""
    if not labels:
        return
    with typed_form(f"rights-assign-{reference}", border=False) as form:
        key = f"rights-assigned-{reference}"
        chosen = choose_one("The deployment it is about", list(labels), key, words=labels.__getitem__)
        if draw_submit("It is about this one", form):
            _act(lambda: view.assign(reference, chosen, by), f"{reference} is about {labels[chosen]}.")


def _answer(view: RightsView, request: Request, by: AuthenticatedPerson, labels: Mapping[str, str]) -> None:
    with typed_form(f"{_ANSWER}{request.reference}") as form:  # what was typed for one isn't there for another
        text = subject = ""
        if request.asks_listed and request.neither_confirm_nor_deny:
            st.caption("Everybody who asks this is answered in these words:")
            st.text(NEITHER)
        elif request.asks_listed:
            st.text("Two people have decided to answer it plainly: the person is told whether they were on the list.")
            subject = st.text_input("Reference of the person who asks, as lists give it")
        else:
            text = st.text_area("Answer")
        if draw_submit("Answer", form, type="primary"):
            _act(lambda: view.answer(request, text, by, subject), f"{request.reference} is answered.", form)
    with st.container():
        if request.asks_listed and request.neither_confirm_nor_deny:
            _disclosure(view, request, by, labels)


def _draw_unsent(request: Request) -> None:
    """Show what somebody had typed as an answer when another one was sent: its field has gone."""
    form = f"{_ANSWER}{request.reference}"
    typed = find_typed(f"{form} Answer")
    if not typed:
        return
    st.warning(f"{request.answered_by} answered it meanwhile. What you had typed wasn't sent:")
    st.text(typed)
    if draw_button("Forget what I had typed", key=f"rights-forget-{request.reference}"):
        act(lambda: None, "It is forgotten.", form=form)


def _disclosure(view: RightsView, request: Request, by: AuthenticatedPerson, labels: Mapping[str, str]) -> None:
    """Let one person ask that an enquiry is answered plainly, or show that somebody has asked."""
    if request.disclosure_asked_by:
        _draw_asked_disclosure(view, request, by, labels)
        return
    with st.popover("Answer plainly instead", key=f"rights-plainly-{request.reference}"):
        st.text("The person is told whether they were on the list. It takes a second person's approval.")
        done = "You have asked for it: somebody else of compliance, or an authorising officer, approves it."
        _button("Ask for it", f"disclose-{request.reference}", lambda: view.ask_disclosure(request.reference, by), done)


def _draw_asked_disclosure(
    view: RightsView, request: Request, by: AuthenticatedPerson, labels: Mapping[str, str]
) -> None:
    """Show a plain answer that was asked for to the second person, who needn't look for it."""
    asker = request.disclosure_asked_by
    if not asker or not request.neither_confirm_nor_deny or request.answered_at is not None:
        return
    about = f"about {_named(request.deployment, labels)}"
    if by.is_called(asker):
        st.info(
            f"You asked that it is answered plainly, {about}. Somebody else of compliance, or an authorising officer, "
            "approves it here, logged in as themselves."
        )
        return
    st.info(f"{asker} asks that it is answered plainly, {about}: the person is told whether they were on the list.")
    key = f"approve-{request.disclosure_digest}"  # a click reaches what was shown, never what replaced it
    done = "Approved. Compliance answers it plainly now, under the reference that lists give the person."
    _button("Approve the plain answer", key, lambda: view.approve_disclosure(request, by), done)


def _draw_intake(view: RightsView, by: AuthenticatedPerson) -> None:
    labels, form_name = {"": "Not known", **_known_labels(view)}, form_key(_TAKE)
    with typed_form(form_name) as form:
        complains = choose_of_few("Kind", _KINDS, f"{form_name}-kind") == _KINDS[1]
        kind = RequestKind.COMPLAINT if complains else RequestKind.ENQUIRY
        listed = tick('An enquiry that asks "was I on a list"', f"{form_name}-listed")
        contact = st.text_input("How to answer (address, e-mail)")
        text = st.text_area("In the person's words")
        came = set_day("The day it came, if it wasn't today: the month to answer begins then", f"{form_name}-came")
        receipt = st.text_input("Reference of a receipt", placeholder="S-2026-7QF3-9KXM-2TWA")
        deployment = choose_one("Or the deployment", list(labels), f"{form_name}-of", words=labels.__getitem__)
        left, middle, right = st.columns(3)
        with left:
            day = set_day("Or the day it happened", f"{form_name}-day")
        with middle:
            start = set_time("From", f"{form_name}-begin")
        with right:
            end = set_time("To", f"{form_name}-end")
        place = st.text_input("Place")
        if draw_submit("Take it", form, type="primary"):
            asked = Form(kind, contact, text, deployment, receipt, place, day, start, end, listed, came)
            _act(lambda: view.receive(asked, by), _taken, _TAKE)


def _known_labels(view: RightsView) -> Mapping[str, str]:
    """Name each deployment; those of before while the records are away, so that what was typed beside them stays."""
    with suppress(LfrError):
        st.session_state[_LABELS] = view.labels()
    found: Mapping[str, str] = st.session_state.get(_LABELS, {})
    return found


def _taken(request: Request) -> str:
    return f"Taken: {request.reference}, answer by {request.due_on.day} {request.due_on:%B %Y}."


def _button(label: str, key: str, do: Callable[[], object], done: str) -> None:
    if draw_button(label, key=f"rights-{key}"):
        _act(do, done)


def _act(do: Callable[[], _Result], done: str | Callable[[_Result], str], form: str = "") -> None:
    """Do it as `act`; what was opened goes with what was done."""

    def and_forget() -> _Result:
        result = do()
        st.session_state.pop(_OPENED, None)
        return result

    act(and_forget, done, form=form)
