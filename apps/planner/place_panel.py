"""Draws the plan of a deployment's place: a picture that its planner gives, and its cameras on it."""

from __future__ import annotations

from html import escape

import streamlit as st

from apps.acts import say_not_done
from apps.drawing import picture_html
from apps.plain_words import plain_words
from apps.planner import actions
from apps.planner.plan_component import place_cameras
from apps.planner.view import PlannerView
from apps.pressed import draw_submit
from apps.typed.choices import tick
from lfr_core.common.errors import Refused
from lfr_core.custody.people.roles import AuthenticatedPerson, Role
from lfr_core.deployments.place_plan import PlacePlan, plan_svg
from lfr_core.deployments.readiness import DeploymentOverview

__all__ = ["plan_html", "show_place_panel"]

_KEY = "planner-place-"
_LARGEST_MB = 10


def plan_html(plan: PlacePlan, place: str) -> str:
    """Show the plan, and which number is which camera."""
    names = "".join(f"<li>{escape(mark.camera)}</li>" for mark in plan.marks)
    count = len(plan.marks)
    words = f"Plan of {place}" + (f" with {count} camera{'s' * (count != 1)}" if count else "")
    seen = "The public sees it with the announcement." if plan.is_public else "For staff only."
    return (
        f'<figure class="pln-plan">{picture_html(plan_svg(plan, words), words)}'
        f"<figcaption>{seen}</figcaption></figure><ol>{names}</ol>"
    )


def show_place_panel(view: PlannerView, one: DeploymentOverview, person: AuthenticatedPerson) -> None:
    """Draw it, with the form for a planner while the deployment isn't over."""
    plan = view.plans.find(one.view.id)
    if plan is None:
        st.html('<p class="pln-facts">No plan of the place was given. A photograph or scan of a street plan does.</p>')
    if Role.PLANNER not in person.roles or one.view.status.is_over:
        if plan is not None:
            st.html(plan_html(plan, one.application.place))
        return
    if plan is not None:
        _place(view, one, person, plan)
    _upload(view, one, person)


def _upload(view: PlannerView, one: DeploymentOverview, person: AuthenticatedPerson) -> None:
    form = f"{_KEY}upload-{one.view.id}"
    with st.form(form, border=False):
        file = st.file_uploader(
            "A plan of the place: JPEG or PNG",
            type=["jpg", "jpeg", "png"],
            max_upload_size=_LARGEST_MB,
            help="Faces in it are covered.",
            key=f"{form}-file",
        )
        if not draw_submit("Use this plan", form):
            return
    if file is None:
        say_not_done("Choose the plan's picture first.")
    from apps.planner.plan_pictures import use_plan  # loads the pictures' libraries

    data = file.getvalue()
    images, faces = view.policy.images, view.build_face_engine
    actions.do("The plan is kept.", lambda: use_plan(view.plans, one.view.id, data, images, faces, by=person))


def _place(view: PlannerView, one: DeploymentOverview, person: AuthenticatedPerson, plan: PlacePlan) -> None:
    words = f"Plan of {one.application.place}"
    form = f"{_KEY}marks-{one.view.id}"
    with st.form(form, border=False):
        try:
            marks = place_cameras(plan, one.application.cameras, words, key=f"{_KEY}component-{one.view.id}")
        except Refused as refused:
            st.error(f"Not read: {plain_words(str(refused))}.")
            marks = plan.marks
        words, key = "The public sees this plan with the announcement", f"{form}-public-{plan.is_public}"
        public = tick(words, key, value=plan.is_public)
        if not draw_submit("Keep the places", form):
            return
    placed = PlacePlan(plan.jpeg, plan.width_px, plan.height_px, marks, public)
    actions.do("The places are kept.", lambda: view.plans.keep(one.view.id, placed, by=person))
