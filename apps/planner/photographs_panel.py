"""Draws the photographs of a list that waits for approval, in small, for the officer who approves it.

Nothing of them is kept: each drawing opens the page that it shows. They go from the screen with the button.
"""

from __future__ import annotations

import streamlit as st

from apps.plain_words import plain_words
from apps.planner.act_keys import act_key
from apps.planner.list_html import thumbnails_html
from apps.planner.view import PlannerView
from lfr_core.common.errors import LfrError
from lfr_core.custody.people.roles import AuthenticatedPerson
from lfr_core.deployments.readiness import DeploymentOverview

__all__ = ["show_photographs_panel"]


def show_photographs_panel(view: PlannerView, one: DeploymentOverview, by: AuthenticatedPerson) -> None:
    """Draw the switch, and while it is on a page of thumbnails with the ways to its neighbours."""
    key = f"photographs-{act_key(one)}"
    if not st.toggle(
        "Show the photographs on the list",
        key=key,
        help="In small, until you have decided. That you looked is put on the audit trail.",
    ):
        return
    turned = f"{key}-page"
    number = int(st.session_state.get(turned, 1))
    try:
        page = view.thumbnails.open_page(one.view.id, number, digest=one.planned.list_digest, by=by)
    except LfrError as error:
        st.warning(f"The photographs can't be shown: {plain_words(str(error))}.")
        return
    st.html(thumbnails_html(page))
    if page.pages == 1:
        return

    def turn(by_pages: int) -> None:
        st.session_state[turned] = page.number + by_pages

    with st.container(horizontal=True):
        st.button("Those before", key=f"{key}-before", on_click=turn, args=(-1,), disabled=page.number == 1)
        st.button("Those after", key=f"{key}-after", on_click=turn, args=(1,), disabled=page.number == page.pages)
