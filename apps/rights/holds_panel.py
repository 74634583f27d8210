"""Draws the holds of footage: what is held, and for who may hold it the approval, the review and the release."""

from __future__ import annotations

from datetime import time
from functools import partial

import streamlit as st

from apps.acts import act, form_key
from apps.choosing import choose
from apps.pressed import draw_button, draw_submit
from apps.rights.holds_view import GROUNDS, HeldFootage, HoldForm, HoldsView, hold_row
from apps.sign_in import PageSession
from apps.tables import text_table_html
from apps.typed.choices import choose_one, set_day, set_time
from apps.typed.keeper import typed_form
from apps.watched import watch
from lfr_core.common.counts import counted
from lfr_core.retention.footage.hold_approval import HOLDERS, PROVISIONAL_DAYS

__all__ = ["draw"]

_FORM = "holds-place"
_HEADS = ("Reference", "Footage", "For", "Asked for by", "Approved by", "To be reviewed by")


def draw(view: HoldsView, session: PageSession) -> None:
    """List the holds in force; for compliance and authorising officers with what they can do."""
    mark = view.mark()
    _draw_holds(view, session)
    watch(view.mark, mark)


def _draw_holds(view: HoldsView, session: PageSession) -> None:
    found = view.list(session.person)
    rows = [hold_row(each, view.today()) for each in found]
    empty = "Nothing is held: all footage goes when its time is over."
    st.html(text_table_html(_HEADS, rows, words="Footage that is held", empty=empty))
    if not session.person.roles & HOLDERS:
        return
    with st.container():
        if found:
            _draw_one(view, session, found)
    with st.expander("Hold footage", key="holds-new"):
        _draw_form(view, session)


def _draw_one(view: HoldsView, session: PageSession, found: tuple[HeldFootage, ...]) -> None:
    labels = {each.hold.id: f"{each.hold.reference}: {each.what}" for each in found}
    chosen = choose("Hold", labels, "holds-chosen")
    one = next(each for each in found if each.hold.id == chosen)
    hold = one.hold
    id_, key = hold.id, hold.digest  # a click reaches what was shown, never what has taken its place
    is_second = not session.person.is_called(hold.requested_by)
    with st.container():
        if one.of_request and not hold.approved_by:
            st.text(f"A second person confirms it with the complaint: on “Enquiries”, “Requests”, {hold.reference}.")
    with st.container(horizontal=True, vertical_alignment="bottom"):
        if (
            is_second
            and not (hold.approved_by or one.of_request)
            and draw_button("Approve it", key=f"holds-approve-{key}")
        ):
            approve = partial(view.service.approve, id_, digest=hold.digest)
            act(lambda: approve(by=session.use()), "It is held until its review.")
        if is_second and hold.approved_by:
            until = set_day("Keep it until", f"holds-until-{key}", view.latest_review)
            if draw_button("It was reviewed", key=f"holds-review-{key}"):
                review = partial(view.service.review, id_, review_on=until)
                act(lambda: review(by=session.use()), "It goes on until the next review.")
        with st.popover("Let go of it", key=f"holds-let-go-{key}"):
            st.text("What is past its time and held by nothing else is destroyed within the minute.")
            if draw_button("Let go of it for good", key=f"holds-release-{key}"):
                act(lambda: view.service.release(id_, by=session.use()), "It is held no longer.")


def _draw_form(view: HoldsView, session: PageSession) -> None:
    labels = view.labels()
    if not labels:
        st.text("There is no deployment, and no footage.")
        return
    st.caption(
        f"Another person approves it, logged in as themselves, or it lapses after {counted(PROVISIONAL_DAYS, 'day')}. "
        "What is destroyed can't be held."
    )
    form = form_key(_FORM)
    with typed_form(form, border=False):
        deployment = choose_one("Deployment", list(labels), f"{form}-deployment", words=labels.__getitem__)
        camera = st.text_input("Camera (all of them, if empty)")
        day, start, end = st.columns(3)
        with day:
            on = set_day("Day", f"{form}-day", view.today())
        with start:
            begin = set_time("From", f"{form}-begin", time())
        with end:
            until = set_time("To", f"{form}-end", time(23, 59))
        ground = choose_one("It is kept for", list(GROUNDS), f"{form}-ground", words=GROUNDS.__getitem__)
        reference = st.text_input("Reference of the case, complaint or request")
        review = set_day("To be reviewed by", f"{form}-review", view.latest_review)
        if draw_submit("Hold it", form):
            asked = HoldForm(deployment, camera, on, begin, until, ground, reference, review)
            done = "It is held. Somebody else has to approve it."
            act(lambda: view.place(asked, by=session.use()), done, form=_FORM)
