"""Draws what a person can do to a deployment now, as buttons. Rules and refusals are the services'."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import streamlit as st

from apps.acts import keep_result
from apps.placeholders import warn_of_placeholders
from apps.plain_words import plain_sentence
from apps.planner import form, panels
from apps.planner.act_html import announcement_html
from apps.planner.act_keys import act_key, press_key
from apps.planner.camera_panel import show_camera_panel
from apps.planner.document_panel import show_document_panel
from apps.planner.list_html import minors_html
from apps.planner.list_panel import show_list_panel
from apps.planner.open_panel import close_panels, draw_panel
from apps.planner.photographs_panel import show_photographs_panel
from apps.planner.remedies import Act
from apps.planner.stepper import nothing_to_do, offered_acts
from apps.planner.view import PlannerView
from apps.pressed import draw_button, note_done, uninterrupted
from apps.typed.choices import choose_one, set_time, tick
from apps.typed.keeper import note_sent
from lfr_core.common.errors import LfrError
from lfr_core.custody.people.roles import AuthenticatedPerson, Role
from lfr_core.deployments.announcement import TELLERS, ReasonClass
from lfr_core.deployments.readiness import DeploymentOverview, steps_for
from lfr_core.deployments.steps import BEFORE_OPEN, RULES, Step
from lfr_core.deployments.withholding import APPROVERS
from lfr_core.domain.deployments import DeploymentStatus
from lfr_core.domain.working_days import LONDON

__all__ = ["do", "show_actions"]

_REASON = "planner-why-"
"""Begins the keys of the reasons that are typed."""
_SEEN = "planner-seen"
"""Of the session's state: the deployment whose acts were drawn last, and its turn."""
_BESIDE = {Step.APPLY: Act.APPLY, Step.READY: Act.READY, Step.OPEN: Act.OPEN, Step.RESUME: Act.RESUME}
"""Those that ask for nothing, and stand beside their red line."""
_HAS_CAMERAS = frozenset(each for each in DeploymentStatus if not each.is_over) - {DeploymentStatus.DRAFT}
_WORDS = {
    Step.APPLY: "Apply for authority",
    Step.OPEN: "Open it",
    Step.READY: "Call it ready",
    Step.RESUME: "Resume",
    Step.CLOSE: "Close it for good",
    Step.ANNOUNCE: "Announce it now",
}


def show_actions(view: PlannerView, person: AuthenticatedPerson, one: DeploymentOverview, *, go: str) -> None:
    """Draw everything that this person's roles may do to it now."""
    steps, id, by = steps_for(person, one.view.status), one.view.id, person  # noqa: A001  the field's own word
    before, st.session_state[_SEEN] = st.session_state.get(_SEEN), (id, act_key(one))
    with st.container():  # always there, as one for each act: what comes and goes moves no field
        if before is not None and before[0] == id and before[1] != act_key(one):
            st.warning(
                "It has changed since you looked: read it anew. If you pressed a button at that moment, and it isn't "
                "said what came of it, press again."
            )
    is_told = one.planned.announced and view.is_public(id)
    drawn = steps & _DRAWN.keys() - ({Step.ANNOUNCE} if is_told else set())
    offered = offered_acts(one, by.roles)  # a second button would have people ask whether it does something else
    drawn -= {step for step, act in _BESIDE.items() if act in offered}
    shown = _draw_forms(view, one, by) or bool(drawn)
    for step, draw in _DRAWN.items():
        with st.container():
            if step in drawn:
                draw(view, one, by)
    with st.container():
        shown = (not is_told and _withholding(view, one, by)) or shown
    if Step.PLAN in steps:
        st.button("Revise the application", key=f"act-revise-{act_key(one)}", on_click=_revise, args=(one, go))
        shown = True
    if person.roles & {Role.PLANNER, Role.OPERATOR} and one.view.status in BEFORE_OPEN - {DeploymentStatus.DRAFT}:
        for what, act, done in (("signage", Act.SIGNAGE, one.signage_by), ("briefing", Act.BRIEFING, one.briefing_by)):
            if done or act in offered:
                continue
            if draw_button(_CONFIRM[what], key=f"act-{what}-{act_key(one)}", act=press_key(act, one)):
                confirm = partial(view.deployments.confirm, id, by=by, **{what: True})
                do(f"Confirmed: {what}.", confirm)
            shown = True
    if not shown:
        st.html(panels.empty("It stands beside what is missing." if offered else nothing_to_do(one)))


def _draw_forms(view: PlannerView, one: DeploymentOverview, by: AuthenticatedPerson) -> bool:
    """Draw what takes a form of its own: a document, the list. Returns whether anything was drawn."""
    shown = False
    documents, lists, cameras = st.container(), st.container(), st.container()  # each in its place, also alone
    if by.roles & {Role.COMPLIANCE, Role.AUTHORISING_OFFICER} and not one.view.status.is_over:
        with documents, draw_panel("Add a document", one, Act.DOCUMENT):
            show_document_panel(view, one, by)
        shown = True
    if Role.PLANNER in by.roles and one.view.status in RULES[Step.COMPILE].froms:
        with lists, draw_panel("The list", one, Act.LIST):
            show_list_panel(view.lists, one, by)
        shown = True
    if by.roles & {Role.PLANNER, Role.OPERATOR} and one.view.status in _HAS_CAMERAS:
        with cameras, draw_panel("Cameras", one, Act.CAMERAS):
            show_camera_panel(view.cameras, one, by)
        shown = True
    return shown


_CONFIRM = {
    "signage": "Confirm: signs stand at all approaches",
    "briefing": "Confirm: officers are briefed on how the system performs",
}


def do(done: str, act: Callable[[], object]) -> None:
    """Do it, say so or why not, and draw the page anew; what was typed stays."""
    st.session_state.pop(_SEEN, None)
    close_panels()
    with uninterrupted():
        try:
            act()
        except LfrError as error:
            keep_result(plain_sentence(str(error)), is_done=False)
        else:
            note_done()
            keep_result(done)
            note_sent(_REASON)
            for key in [key for key in st.session_state if str(key).startswith(_REASON)]:
                del st.session_state[key]  # it was the reason of this act, and speaks for no other
    st.rerun()


def _revise(one: DeploymentOverview, go: str) -> None:
    form.revise(one)
    st.session_state[go] = "new"


def _plain(
    step: Step, done: str, act: Callable[[PlannerView, str, AuthenticatedPerson], object]
) -> Callable[[PlannerView, DeploymentOverview, AuthenticatedPerson], None]:
    """Make what draws a step that asks for nothing."""

    def draw(view: PlannerView, one: DeploymentOverview, by: AuthenticatedPerson) -> None:
        needs, pressed = f"Needs {RULES[step].needs}.", press_key(_BESIDE[step], one)
        if draw_button(_WORDS[step], key=f"act-{step}-{act_key(one)}", act=pressed, help=needs):
            do(done, lambda: act(view, one.view.id, by))

    return draw


def _reason(one: DeploymentOverview, label: str, what: str) -> str:
    # without `max_chars`: a browser's field that has it takes nothing of a longer text, and says nothing
    key = f"{_REASON}{what}-{one.view.id}-{one.application.revision}"
    return st.text_area(label, key=key, height=80, persist_state="page")  # it stays while the records are away


def _decide(view: PlannerView, one: DeploymentOverview, by: AuthenticatedPerson) -> None:
    """Authorise or refuse, with the forecast in sight."""
    found = view.forecast(one.application)
    st.html(panels.forecast_html(found, title="Before you decide: the false alert forecast"))
    reason = _reason(one, "Your reason: why it is necessary and proportionate, or what is missing", "authority")
    signed = not found.shown and tick(
        f"I know that no evaluation shows the public claim of under 1 in {found.one_in:,} for this list",
        f"signed-{one.view.id}-{one.application.revision}-{found.one_in}",
    )
    id, revision = one.view.id, one.application.revision  # noqa: A001  the field's own word
    with st.container(horizontal=True):
        if draw_button("Authorise", type="primary", key=f"act-authorise-{act_key(one)}"):
            do(
                f"{one.name} is authorised.",
                lambda: view.authorise(id, revision=revision, by=by, reason=reason, signed=signed),
            )
        if draw_button("Refuse", key=f"act-refuse-{act_key(one)}"):
            do(f"{one.name} is refused.", lambda: view.deployments.refuse(id, by=by, reason=reason))


def _announce(view: PlannerView, one: DeploymentOverview, by: AuthenticatedPerson) -> None:
    """Show it as the public will read it, and announce it once that was read."""
    with draw_panel("Announce it", one, Act.ANNOUNCE):
        st.html(announcement_html(view.announcement(one.view.id), one.view.kind, now=view.now()))
        warn_of_placeholders(view.policy.force)
        st.caption("What is announced can't be withheld any more.")
        if draw_button(_WORDS[Step.ANNOUNCE], type="primary", key=f"act-announce-{act_key(one)}"):
            do("It is announced.", lambda: view.announce(one.view.id, by=by))


def _approve(view: PlannerView, one: DeploymentOverview, by: AuthenticatedPerson) -> None:
    """Approve the list: the digest that is sent is the one on the screen."""
    st.html(panels.list_html(one, view.list_before(one)))
    st.html(minors_html(one, view.list_quality(one.view.id)))
    show_photographs_panel(view, one, by)
    st.html(
        panels.forecast_html(
            view.forecast(one.application, people=one.list_people), title="Forecast of the list as built"
        )
    )
    digest = one.planned.list_digest
    label = f"Approve the list of {one.list_people:,} {'person' if one.list_people == 1 else 'people'}"
    if draw_button(label, type="primary", key=f"act-approve-list-{act_key(one)}"):
        do("The list is approved.", lambda: view.deployments.approve_list(one.view.id, digest, by=by))


def _withholding(view: PlannerView, one: DeploymentOverview, by: AuthenticatedPerson) -> bool:
    """Ask that its notice be withheld, or answer what somebody else has asked. Returns whether anything was drawn."""
    asked, id = one.withholding, one.view.id  # noqa: A001  the field's own word
    if asked is not None:
        st.html(panels.asked_html(asked))
        mine = by.is_called(asked.asked_by)
        if not mine and not by.roles & APPROVERS:
            return True
        if not mine and draw_button(f"Approve: {asked.because.value}", key=f"act-approve-withholding-{act_key(one)}"):
            do(
                "The announcement is withheld, and will be counted in public.",
                lambda: view.approve_withholding(id, request=asked.name, by=by),
            )
        why = _reason(one, "Reason, if it isn't withheld", "withholding")
        if draw_button("Take it back" if mine else "Refuse to withhold", key=f"act-refuse-withholding-{act_key(one)}"):
            do("It isn't withheld.", lambda: view.refuse_withholding(id, by=by, reason=why))
        return True
    if not by.roles & TELLERS or one.view.status not in RULES[Step.WITHHOLD].froms:
        return False
    with st.expander("Withhold the announcement", key=f"pln-withhold-{id}"):
        st.caption("An authorising officer who is somebody else approves it, logged in as themselves.")
        chosen = choose_one("Because", list(ReasonClass), f"act-because-{id}", words=lambda each: each.value)
        if draw_button("Ask to withhold it", key=f"act-withhold-{act_key(one)}"):
            do("It is asked for.", lambda: view.ask_to_withhold(id, because=chosen, by=by))
    return True


def _suspend(view: PlannerView, one: DeploymentOverview, by: AuthenticatedPerson) -> None:
    if one.view.status is DeploymentStatus.SUSPENDED:
        return
    with st.expander("Suspend it", key=f"pln-suspend-{one.view.id}"):
        why = _reason(one, "Reason, which everybody reads", "suspend")
        if draw_button("Suspend", key=f"act-suspend-{act_key(one)}"):
            do("It is suspended.", lambda: view.deployments.suspend(one.view.id, why, by=by))


def _cancel(view: PlannerView, one: DeploymentOverview, by: AuthenticatedPerson) -> None:
    with st.expander("Give it up", key=f"pln-cancel-{one.view.id}"):
        why = _reason(one, "Reason", "cancel")
        if draw_button("Cancel the deployment", key=f"act-cancel-{act_key(one)}"):
            do(f"{one.name} is cancelled.", lambda: view.cancel(one.view.id, why, by=by))


def _shorten(view: PlannerView, one: DeploymentOverview, by: AuthenticatedPerson) -> None:
    ends = one.planned.ends_at.astimezone(LONDON)
    with st.expander("End it earlier", key=f"pln-shorten-{one.view.id}"):
        st.caption(f"It ends at {ends:%H:%M} as it is. An earlier end needs nobody's approval.")
        at = set_time("New end", f"end-{act_key(one)}", ends.time())
        if draw_button("End it then", key=f"act-shorten-{act_key(one)}"):
            do(f"It ends at {at:%H:%M}.", lambda: view.shorten(one.view.id, at, by=by))


def _extend(view: PlannerView, one: DeploymentOverview, by: AuthenticatedPerson) -> None:
    """Give back what was taken: what was authorised and announced is the most there is."""
    most = one.application.ends_at.astimezone(LONDON)
    if one.planned.ends_at >= most:
        return
    with st.expander("Give hours back", key=f"pln-extend-{one.view.id}"):
        st.caption(f"It was authorised and announced until {most:%H:%M}. Beyond that it needs another deployment.")
        at = set_time("End again at", f"later-{act_key(one)}", most.time())
        if draw_button("Let it run until then", key=f"act-extend-{act_key(one)}"):
            do(f"It ends at {at:%H:%M}.", lambda: view.extend(one.view.id, at, by=by))


def _close(view: PlannerView, one: DeploymentOverview, by: AuthenticatedPerson) -> None:
    with draw_panel("Close it", one, Act.CLOSE):
        st.caption("Ends it for good and destroys its watchlist.")
        waiting = view.still_to_decide(one.view.id)
        if waiting:
            st.warning(waiting)
        if draw_button(_WORDS[Step.CLOSE], key=f"act-close-{act_key(one)}"):
            ended = f"{one.name} has ended; its list is destroyed. {waiting}".strip()
            do(ended, lambda: view.close(one.view.id, by=by))


_DRAWN: dict[Step, Callable[[PlannerView, DeploymentOverview, AuthenticatedPerson], None]] = {
    Step.AUTHORISE: _decide,
    Step.APPROVE_LIST: _approve,
    Step.APPLY: _plain(Step.APPLY, "Its authority is asked for.", lambda v, id_, by: v.deployments.submit(id_, by=by)),
    Step.ANNOUNCE: _announce,
    Step.READY: _plain(Step.READY, "It is ready.", lambda v, id_, by: v.deployments.mark_ready(id_, by=by)),
    Step.OPEN: _plain(Step.OPEN, "It is live.", lambda v, id_, by: v.open(id_, by=by)),
    Step.RESUME: _plain(Step.RESUME, "It is live again.", lambda v, id_, by: v.deployments.resume(id_, by=by)),
    Step.SUSPEND: _suspend,
    Step.SHORTEN: _shorten,
    Step.EXTEND: _extend,
    Step.CLOSE: _close,
    Step.CANCEL: _cancel,
}
"""In the order in which they stand on the page."""
