"""Draws a deployment's steps, what each lacks, and a button beside each red line; rules are the services'."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Final

import streamlit as st

from apps.planner import actions, panels
from apps.planner.act_html import note_html, self_test_html
from apps.planner.act_keys import press_key
from apps.planner.open_panel import open_panel
from apps.planner.remedies import Act, Remedy
from apps.planner.stepper import (
    LifecycleStep,
    RedLine,
    is_drawn,
    lifecycle_steps,
    red_line_html,
    step_html,
    steps_html,
)
from apps.planner.view import PlannerView
from apps.pressed import draw_button
from apps.sign_in import PageSession
from lfr_core.common.errors import LfrError
from lfr_core.custody.people.roles import AuthenticatedPerson, Role
from lfr_core.deployments.readiness import DeploymentOverview

__all__ = ["show_readiness"]

_Direct = Callable[[PlannerView, str, AuthenticatedPerson], object]

_DIRECT: Final[Mapping[Act, tuple[str, _Direct]]] = {
    Act.APPLY: ("Its authority is asked for.", lambda view, id_, by: view.deployments.submit(id_, by=by)),
    Act.SIGNAGE: ("The signs are confirmed.", lambda view, id_, by: view.deployments.confirm(id_, by=by, signage=True)),
    Act.BRIEFING: (
        "The briefing is confirmed.",
        lambda view, id_, by: view.deployments.confirm(id_, by=by, briefing=True),
    ),
    Act.READY: ("It is ready.", lambda view, id_, by: view.deployments.mark_ready(id_, by=by)),
    Act.OPEN: ("It is live.", lambda view, id_, by: view.open(id_, by=by)),
    Act.RESUME: ("It is live again.", lambda view, id_, by: view.deployments.resume(id_, by=by)),
    Act.SELF_TEST: ("The self-test runs.", lambda view, id_, by: view.start_self_test(id_, by=by)),
}
"""Acts that ask for nothing more: one click. The others open their panel."""


def show_readiness(view: PlannerView, session: PageSession, deployment: str) -> None:
    """Draw it as it stands now."""
    one = view.read_overview(deployment)
    steps = lifecycle_steps(one, published=view.is_published(deployment))
    st.html(steps_html(steps))
    names, offered = _names(session, steps), set[Act]()
    for step in steps:
        if is_drawn(step):
            st.html(step_html(step))
            for line in step.red:
                is_new = line.remedy is not None and line.remedy.act not in offered  # one button for each act
                remedy = line.remedy if is_new else None
                offered |= {remedy.act} if remedy else set()
                _line(view, session.person, one, line, remedy, names.get(line.who, ""))
    _tested(view, deployment)
    with st.expander("Every condition, met or missing", key=f"pln-conditions-{deployment}"):
        st.html(panels.readiness_html(one))


def _line(
    view: PlannerView,
    person: AuthenticatedPerson,
    one: DeploymentOverview,
    line: RedLine,
    remedy: Remedy | None,
    names: str,
) -> None:
    if remedy is None or not remedy.roles & person.roles:
        st.html(red_line_html(line, names))
        return
    with st.container(key=f"pln-line-{line.title}".replace(" ", "-")):
        words, button = st.columns([4, 1.6], vertical_alignment="center")
        words.html(red_line_html(line, names))
        with button:
            _button(view, person, one, remedy)


def _button(view: PlannerView, person: AuthenticatedPerson, one: DeploymentOverview, remedy: Remedy) -> None:
    if remedy.act is Act.ATTEND:
        st.link_button(remedy.label, f"operator?deployment={one.view.id}")
        return
    key = press_key(remedy.act, one)
    if draw_button(remedy.label, key=f"mend-{key}", act=key if remedy.act in _DIRECT else ""):
        if remedy.act in _DIRECT:
            done, act = _DIRECT[remedy.act]
            actions.do(done, partial(act, view, one.view.id, person))
        open_panel(one.view.id, remedy.act)
        st.rerun()


def _tested(view: PlannerView, deployment: str) -> None:
    """Show that the self-test runs which was begun here, else what the last one came to, also once all is over."""
    job = view.tests.find(deployment)
    if job is not None and not job.over:
        st.html(note_html("The self-test runs: it takes a quarter of a minute, and at most half a minute more."))
        return
    if job is not None and job.error is not None:
        st.html(note_html(f"The self-test couldn't be done: {job.error}."))
    if (last := view.last_self_test(deployment)) is not None:
        st.html(self_test_html(last))


def _names(session: PageSession, steps: tuple[LifecycleStep, ...]) -> dict[str, str]:
    """Name those who act, by role; without names where the register is away."""
    wanted = {line.who for step in steps for line in step.red}
    found: dict[str, str] = {}
    for role in Role:
        if role.value in wanted:
            try:
                found[role.value] = ", ".join(session.holders(role)[:3])
            except LfrError:
                return {}
    return found
