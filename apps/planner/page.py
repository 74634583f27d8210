"""Draws the planner's pages into the Streamlit app that calls `page(view)`."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from html import escape
from itertools import groupby
from pathlib import Path
from typing import Final

import streamlit as st

from apps.acts import show_result
from apps.choosing import choose
from apps.deployment_labels import deployment_labels
from apps.placeholders import warn_of_placeholders
from apps.planner import actions, form, panels
from apps.planner.act_keys import overview_key
from apps.planner.month_html import first_of, month_html, month_offset
from apps.planner.place_panel import show_place_panel
from apps.planner.readiness_panel import show_readiness
from apps.planner.view import PlannerView
from apps.say_why import show_or_say_why
from apps.sign_in import PageSession, draw_person, redraw
from lfr_core.common.errors import LfrError
from lfr_core.custody.people.roles import Role
from lfr_core.deployments.readiness import DeploymentOverview
from lfr_core.domain.deployments import DeploymentStatus
from lfr_core.publication.printing import list_forms

__all__ = ["page"]

READINESS_REFRESH_S = 5.0
"""Attendance and proof change by the second, a planner looks by the minute."""
_NOTHING = "Nothing is planned. Who plans a deployment begins with “Application”, above."
_WHERE = "planner-where"
_KEPT = "planner-where-kept"
"""Of the session's state: the part that was open last, which Streamlit forgets where another page is opened."""
_LINKED = "planner-where-linked"
"""And which the address named then."""
_DEPLOYMENT = "planner-deployment"
_MONTH = "planner-month"
"""Of the session's state: the first day of the month that the calendar shows."""
_DECIDED: Final = "planner-decided"
"""Of the session's state: the revision of each deployment that stood open here for its decision. It stays so once it is
decided: whoever has it open reads on, and prints the authority."""
_PLACES = {
    "calendar": "Calendar",
    "waiting": "Waiting for you",
    "deployment": "Deployment",
    "new": "Application",
}


def page(view: PlannerView, session: PageSession) -> None:
    """Draw what waits, calendar, one deployment, the form. Nothing here is personal: it is for every role.

    It opens at what waits for whoever has logged in, where something does.
    """
    st.html(Path(__file__).with_name("style.css"))
    form.keep()
    st.html('<h1 class="pln-h1">Planning</h1>')
    draw_person(session)
    warn_of_placeholders(view.policy.force)
    if "deployment" in st.query_params and _DEPLOYMENT not in st.session_state:
        st.session_state[_DEPLOYMENT], st.session_state[_WHERE] = st.query_params["deployment"], "deployment"
    if _DEPLOYMENT in st.session_state:  # else Streamlit forgets it while another part is open
        st.session_state[_DEPLOYMENT] = st.session_state[_DEPLOYMENT]
    waits = _count_waiting(view, session)
    linked = next((each for each, words in _PLACES.items() if words == st.query_params.get(_WHERE)), None)
    if linked and linked != st.session_state.get(_LINKED):  # opened, loaded anew, or gone back to
        st.session_state[_WHERE] = linked
    first = st.session_state.get(_KEPT) or ("calendar" if waits is None else "waiting")  # "back" has an address without
    # said to the browser at each drawing: one that is cut short tells it nothing, and it goes back to the calendar
    st.session_state[_WHERE] = st.session_state.get(_WHERE, first)
    where = st.radio(
        "Part of the page",
        list(_PLACES),
        key=_WHERE,
        horizontal=True,
        format_func=_PLACES.__getitem__,
        captions=waits,
        on_change=_put_into_address,
    )
    st.session_state[_KEPT], st.session_state[_LINKED] = where, linked
    show_result()
    if where != "deployment":
        st.query_params.pop("deployment", None)
    show_or_say_why(lambda: _SHOW[str(where)](view, session))


def _put_into_address() -> None:
    """Have the part that was chosen be open again where the page is loaded anew."""
    st.query_params[_WHERE] = _PLACES[st.session_state[_WHERE]]


def _count_waiting(view: PlannerView, session: PageSession) -> list[str] | None:
    """Say beneath "Waiting for you" how much does; None where nothing does, or that can't be read."""
    with suppress(LfrError):
        found = len(view.waiting(session.person))
        if found:
            return [f"{found} wait{'s' * (found == 1)}" if each == "waiting" else "" for each in _PLACES]
    return None


def _turn_month(months: int) -> None:
    st.session_state[_MONTH] = month_offset(st.session_state[_MONTH], months)


def _go(deployment: str) -> None:
    st.session_state[_DEPLOYMENT], st.session_state[_WHERE] = deployment, "deployment"


def _calendar(view: PlannerView, _session: PageSession) -> None:
    over = st.toggle("Those that are over", key="planner-over")
    found = view.calendar(over=over)
    today = view.now().date()
    first = st.session_state.setdefault(_MONTH, first_of(today))
    with st.container(key="pln-month"):
        with st.container(horizontal=True):
            st.button("Month before", key="month-before", on_click=_turn_month, args=(-1,))
            st.button("Month after", key="month-after", on_click=_turn_month, args=(1,))
        st.html(month_html(found, first, today))
    if not found:
        st.html(panels.empty("None is over." if over else _NOTHING))
    for month, those in groupby(found, key=lambda one: panels.month(one.application.starts_at)):
        st.html(f'<h2 class="pln-h2">{month}</h2>')
        for one in those:
            with st.container(border=True, key=f"pln-row-{one.id}"):
                line, look = st.columns([5, 1], vertical_alignment="center")
                line.html(panels.coming_html(one))
                look.button(f"Look at {one.name}", key=f"look-{one.id}", on_click=_go, args=(one.id,))


def _labels(view: PlannerView) -> dict[str, str]:
    """Name each planned deployment as people do, those to come or running first."""
    found = (*view.calendar(), *view.calendar(over=True))
    return deployment_labels((one.id, one.name, one.application.starts_at) for one in found)


def _waiting(view: PlannerView, session: PageSession) -> None:
    found = view.waiting(session.person)
    if not found:
        st.html(panels.empty("Nothing waits for you."))
        return
    labels = _labels(view)
    for number, one in enumerate(found):
        since = f"{one.since.day} {one.since:%B, %H:%M}, " if one.since else ""
        with st.container(border=True, key=f"pln-wait-{number}"):
            line, look = st.columns([5, 1], vertical_alignment="center")
            line.html(
                f'<p class="pln-name">{escape(labels.get(one.deployment, one.deployment))}: {escape(one.why)}</p>'
                f'<p class="pln-facts">{since}for the {escape(one.role.value)}</p>'
            )
            look.button("Act on it", key=f"act-on-{number}", on_click=_go, args=(one.deployment,))


def _deployment(view: PlannerView, session: PageSession) -> None:
    labels = _labels(view)
    if not labels:
        st.html(panels.empty(_NOTHING))
        return
    if st.session_state.get(_DEPLOYMENT) not in labels:
        st.session_state[_DEPLOYMENT] = next(iter(labels))
    chosen = choose("Which deployment", labels, _DEPLOYMENT)
    st.query_params["deployment"] = chosen  # for when the page is loaded anew
    one = view.read_overview(chosen)
    if one.view.status.is_over:
        view.cameras.forget(chosen)  # the flow that closed it knows no cameras
    st.html(panels.head_html(one))
    left, right = st.columns([3, 2], gap="large")
    with left:
        _readiness(view, session, chosen, _Drawn(overview_key(one)))
    with right, st.container(border=True, key="pln-acts"):
        st.html('<h3 class="pln-h2">What you can do now</h3>')
        actions.show_actions(view, session.person, one, go=_WHERE)
    _details(view, session, one)


@dataclass(slots=True)
class _Drawn:
    """What head, acts and timeline were drawn of."""

    key: str
    is_new: bool = True
    """Whether they are being drawn: what would cut that short would lose what the browser hasn't been told yet."""


@st.fragment(run_every=READINESS_REFRESH_S)
def _readiness(view: PlannerView, session: PageSession, deployment: str, drawn: _Drawn) -> None:
    """Show what is missing, as it is now; where somebody, or a flow, has moved it on since, draw all anew."""
    st.html('<h3 class="pln-h2">What is missing, and who acts</h3>')

    def show() -> None:
        if not drawn.is_new and overview_key(view.read_overview(deployment)) != drawn.key:
            redraw()
        drawn.is_new = False
        show_readiness(view, session, deployment)

    show_or_say_why(show)


def _details(view: PlannerView, session: PageSession, one: DeploymentOverview) -> None:
    people = one.list_people or None
    decided: dict[str, int] = st.session_state.setdefault(_DECIDED, {})
    if one.view.status is DeploymentStatus.APPLIED and Role.AUTHORISING_OFFICER in session.person.roles:
        decided[one.view.id] = one.application.revision
    opened = decided.get(one.view.id, 0)
    with st.expander("Application and authority", expanded=bool(opened), key=f"pln-application-{opened}-{one.view.id}"):
        st.html(panels.application_html(one.application, one.authority))
        with st.container(horizontal=True):
            for kind in list_forms(one.authority, one.view.status):
                st.download_button(
                    f"{kind.value}, as a page to print",
                    data=partial(view.print_form, one.view.id, kind, by=session.person),
                    file_name=f"{one.view.id}-{kind.name.lower().replace('_', '-')}.html",
                    mime="text/html",
                    key=f"pln-form-{kind.name}",
                    on_click="ignore",
                )
    with st.expander("Plan of the place", key=f"pln-plan-{one.view.id}"):
        show_or_say_why(lambda: show_place_panel(view, one, session.person))
    with st.expander("Forecast of the list", key=f"pln-forecast-{one.view.id}"):
        title = "Forecast of the list as built" if people else "Forecast of a list at its cap"
        st.html(panels.forecast_html(view.forecast(one.application, people=people), title=title))
    with st.expander("List, and entries that were refused", key=f"pln-list-{one.view.id}"):
        st.html(panels.list_html(one))
        show_or_say_why(lambda: st.html(panels.quality_html(view.list_quality(one.view.id))))
    with st.expander("Timeline", expanded=True, key=f"pln-timeline-{one.view.id}"):
        st.html(panels.timeline_html(view.timeline(one.view.id, by=session.person)))


def _application(view: PlannerView, session: PageSession) -> None:
    if Role.PLANNER not in session.person.roles:
        st.html(panels.empty("Only a planner applies for a deployment."))
        return
    form.show(view, session.person, go=_WHERE)


_SHOW: dict[str, Callable[[PlannerView, PageSession], None]] = {
    "calendar": _calendar,
    "waiting": _waiting,
    "deployment": _deployment,
    "new": _application,
}
