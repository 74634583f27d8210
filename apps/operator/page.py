"""Draws the operator's page, a page of the staff's app (`apps.staff`).

One fragment refreshes by itself and draws all that changes: the bar, the alert being decided, and beside it the queue,
those judged and the cameras. When the records are away the page says so and shows nothing old.
"""

from __future__ import annotations

import gc
import sys
from collections.abc import Mapping
from contextlib import suppress
from functools import cache, partial
from pathlib import Path

import streamlit as st

from apps.operator import panels, questions
from apps.operator.alerts import MUTED, AlertsView, console_columns
from apps.operator.dashboard import dashboard_html
from apps.operator.parts import read_silent_parts
from apps.operator.retention import differences_html, disk_html, retention_html, trouble_html
from apps.operator.standing import standing_html, standing_of
from apps.operator.tones import tone_html
from apps.operator.values import Dashboard
from apps.operator.view import OperatorView
from apps.plain_words import plain_sentence
from apps.pressed import draw_button
from apps.response_words import SHORT
from apps.say_why import show_or_say_why
from apps.sign_in import PageSession, draw_person, may_see, redraw
from apps.supervisor.state import read_differences, read_state
from flows.retention_lag import expected_since_ns, purge_trouble
from lfr_core.alerts.read import DeploymentSummary
from lfr_core.common.disk_room import say_too_little_room
from lfr_core.common.errors import LfrError, Refused
from lfr_core.common.settings import load_settings
from lfr_core.custody.people.roles import AuthenticatedPerson, Role
from lfr_core.domain.deployments import DeploymentStatus
from lfr_core.domain.thumbnails import Thumbnail
from streams.thumbnail_socket import ThumbnailReader

__all__ = ["page"]

REFRESH_S = 0.7  # of 20 new alerts 19 are on the screen within a second
VAULT_TIMEOUT_S = 2.0  # a vault that hangs is on the screen within ten seconds, and holds no picture up for longer
SIGN_ON_FIRST = (
    "Start deciding, at the top of the page, to see alerts: they are shown to this deployment's operators only."
)
_TESTED = "operator-tones-tested"


@st.cache_resource  # connections, no crops
def _view() -> OperatorView:
    from apps.staff.process import pages_installation
    from lfr_core.custody.audit.trail import AuditTrail

    installation = pages_installation()
    vault = installation.open_vault(VAULT_TIMEOUT_S)
    view = OperatorView(
        installation.engine,
        installation.policy,
        vault,
        AuditTrail(vault, installation.clock),
        installation.clock,
        partial(read_silent_parts, installation.settings.home),
        ThumbnailReader(installation.settings.home, installation.clock).read,
    )
    # Streamlit collects garbage after every run of a fragment, four times a second here. What is loaded by now
    # stays for good: out of its way an open page costs 0.06 of a core instead of 0.28.
    gc.collect()
    gc.freeze()
    return view


@cache
def _home() -> Path:
    """Return the home folder: reading the settings takes longer than all else that is done for each drawing."""
    return load_settings().home


@cache
def _footage() -> Path:
    return load_settings().footage_store


def _wanted() -> str | None:
    """Find the deployment asked for by the address (?deployment=ID) or by --deployment ID."""
    if "deployment" in st.query_params:
        return st.query_params["deployment"]
    arguments = sys.argv[1:]
    if "--deployment" in arguments[:-1]:
        return arguments[arguments.index("--deployment") + 1]
    return None


def _shown() -> DeploymentSummary | None:
    return _view().header(_wanted()).deployment


def _purge_trouble() -> str:
    """Say what is wrong with deletion, of a platform that runs."""
    from apps.staff.process import pages_installation

    installation, state = pages_installation(), read_state(_home())
    started_ns = state.started_ns if state is not None else installation.now_ns
    policy = installation.policy.retention
    since_ns = expected_since_ns(policy, now_ns=installation.now_ns, started_ns=started_ns)
    return purge_trouble(_home(), expected_since_ns=since_ns)


@st.fragment(run_every=REFRESH_S)
def _console(session: PageSession) -> None:
    """Draw all that changes, at once: each fragment that refreshes by itself costs a page as much again."""
    # both are told also while the records are away
    trouble = trouble_html(_purge_trouble()) + disk_html(say_too_little_room(_home(), _footage()))
    trouble += differences_html(read_differences(_home()))
    if trouble:
        st.html(trouble)
    show_or_say_why(partial(_draw_console, session))


def _draw_console(session: PageSession) -> None:
    view, operator = _view(), _operator()
    header = view.shared_header(_wanted())
    deployment = header.deployment
    if deployment is None:
        st.html(panels.header_html(header))
        st.html(panels.empty("There is no such deployment any more: open the page from Planning."))
        return
    try:
        view.attend(deployment, operator)
        dashboard, status = view.shared_dashboard(deployment), deployment.view
        why = deployment.suspended_why if status.status is DeploymentStatus.SUSPENDED else ""
        over = deployment if status.status.is_over else None
        state = standing_of(dashboard, live=status.is_live, over=over, suspended_why=why)
        bar = standing_html(state, now_ns=view.now_ns(), opened_at=deployment.opened_at)
        st.html(panels.header_html(header, bar))
        if operator is None:
            _draw_unattended(deployment, dashboard)
            return
        if "alerts" not in st.session_state:
            st.session_state["alerts"] = AlertsView(view, operator, session.use)
        alerts: AlertsView = st.session_state["alerts"]
        alerts.draw(deployment, partial(_draw_cameras, dashboard))
    except Refused as refused:  # revoked, signed off, or signed on to another deployment than is shown now
        _forget(plain_sentence(str(refused)))
        redraw()


def _draw_unattended(deployment: DeploymentSummary, dashboard: Dashboard) -> None:
    """Draw what every operator may see: how many alerts wait, and the cameras."""
    waiting, _judged = _view().tally(deployment.view.id)
    main, side = console_columns()
    with main:
        st.html(panels.waiting_heading(waiting, 0) + panels.empty(SIGN_ON_FIRST))
    with side:
        _draw_cameras(dashboard)


_NO_THUMBNAILS: Mapping[str, Thumbnail] = {}


def _draw_cameras(dashboard: Dashboard, thumbnails: Mapping[str, Thumbnail] = _NO_THUMBNAILS) -> None:
    cameras = dashboard_html(dashboard, thumbnails)
    st.html(f'<h2 class="ops-h2">Cameras</h2>{cameras}{retention_html(_view().shared_retention())}')


def _resume(session: PageSession) -> None:
    """Go on with the deployment that whoever loads the page anew had in hand."""
    if "operator" in st.session_state:
        return
    st.session_state["operator"] = None
    with suppress(LfrError):
        deployment = _shown()
        if deployment is not None and _view().resumes(deployment.view.id, session.person):
            st.session_state["operator"] = session.person


def _operator() -> AuthenticatedPerson | None:
    found: AuthenticatedPerson | None = st.session_state.get("operator")
    return found


def _forget(why: str = "") -> None:
    """Sign nobody on in this session any more; `why` is said once."""
    st.session_state["operator"] = None
    st.session_state["operator-refused"] = why
    st.session_state.pop("alerts", None)  # with the pictures it keeps
    questions.forget_receipt()


def _sign_on(session: PageSession) -> None:
    """Sign whoever is logged in on to the deployment; who isn't an operator learns who gives roles, and no more."""
    deployment = _shown()
    if deployment is None:
        return
    try:
        by = session.use()
        _view().sign_on(deployment.view.id, by)
        st.session_state["operator"] = by
    except LfrError as error:
        whose = "Alerts are shown to a person whom compliance has registered as operator."
        _forget(f"{plain_sentence(str(error))} {whose}")


def _sign_off() -> None:
    """Sign the operator off; with the records away the gate shuts by itself."""
    operator = _operator()
    if operator is not None:
        with suppress(LfrError):
            deployment = _shown()
            _view().sign_off(deployment.view.id if deployment else "", operator)
    _forget()


def _show_operator(session: PageSession) -> None:
    """Draw who is logged in, and the step by which they take the deployment's alerts in hand, or put them down."""
    refused = st.session_state.pop("operator-refused", "")
    if refused:
        st.error(refused)
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="right", key="ops-person"):
        draw_person(session, _sign_off)
        operator = _operator()
        if operator is not None:
            _tones()
            st.button("Stop deciding", key="operator-stop", on_click=_sign_off)
        else:
            st.button("Start deciding", type="primary", key="operator-start", on_click=_sign_on, args=(session,))


def _tones() -> None:
    """Let the operator mute the tone of a new alert, and hear that it can be heard."""
    with st.popover("Sound", key="operator-sound", type="tertiary"):
        st.toggle("Mute", key=MUTED)
        st.session_state.setdefault(_TESTED, 0)
        for response, words in SHORT.items():
            if draw_button(f"Test: {words.lower()}", key=f"operator-tone-{response}"):
                st.session_state[_TESTED] += 1
                st.html(tone_html(response, [str(st.session_state[_TESTED])]))


def page(session: PageSession) -> None:
    """Draw it for an operator; its fragments go on by themselves."""
    st.html(Path(__file__).with_name("style.css"))
    if Role.OPERATOR not in session.person.roles:
        draw_person(session)
        may_see(session, {Role.OPERATOR})
        return
    _resume(session)
    with st.container(key="ops-console", gap="xsmall"):
        _show_operator(session)
        _console(session)
