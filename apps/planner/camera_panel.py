"""Draws a deployment's cameras: address, a masked still, start and stop. Rules and refusals are the services'."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial

import streamlit as st

from apps.acts import keep_result
from apps.plain_words import plain_words
from apps.planner.camera_control import ASKED_S, CameraControl, CameraLine
from apps.planner.camera_html import camera_html, found_html, tried_html
from apps.sign_in import redraw
from lfr_core.common.errors import LfrError
from lfr_core.custody.people.roles import AuthenticatedPerson
from lfr_core.deployments.readiness import DeploymentOverview
from streams.camera.discovery import own_networks

__all__ = ["show_camera_panel"]

_LOOK_S = 2.0
_SEARCH_S = 1.0


def show_camera_panel(cameras: CameraControl, one: DeploymentOverview, by: AuthenticatedPerson) -> None:
    """Draw every camera of the application."""
    _states(cameras, one)
    for line in cameras.lines(one.view.id, one.application.cameras):
        _camera(cameras, one, line, by)
    _search(cameras, one, by)


def _search(cameras: CameraControl, one: DeploymentOverview, by: AuthenticatedPerson) -> None:
    """Draw the search for cameras in one of this machine's networks."""
    networks = own_networks()
    if not networks:
        st.caption("This machine is in no network whose cameras could be found: type their addresses.")
        return
    with st.container(horizontal=True, vertical_alignment="bottom"):
        network = st.selectbox("Network of the cameras", networks, key=f"camera-network-{one.view.id}")
        look = partial(cameras.look_for_cameras, one.view.id, network, by=by)
        st.button("Find cameras", key=f"act-camera-find-{one.view.id}", on_click=_try, args=(look,))
    job = cameras.search(one.view.id)
    if job is not None and job.over:
        st.html(found_html(job))
    elif job is not None:
        _searching(cameras, one)


@st.fragment(run_every=_SEARCH_S)
def _searching(cameras: CameraControl, one: DeploymentOverview) -> None:
    """Show how far the search is."""
    job = cameras.search(one.view.id)
    if job is None or job.over:
        redraw()
    st.progress(min(1.0, (time.monotonic() - job.began_s) / ASKED_S), text=job.title)


@st.fragment(run_every=_LOOK_S)
def _states(cameras: CameraControl, one: DeploymentOverview) -> None:
    """Show what each does, as it is now; and the picture of the one that was tried."""
    for line in cameras.lines(one.view.id, one.application.cameras):
        st.html(camera_html(line))
        job = cameras.job(one.view.id, line.camera)
        if job is not None:
            st.html(tried_html(line.camera, job))


def _camera(cameras: CameraControl, one: DeploymentOverview, line: CameraLine, by: AuthenticatedPerson) -> None:
    id, name = one.view.id, line.camera  # noqa: A001  the field's own word
    key = f"camera-address-{id}-{name}"

    def add() -> None:
        cameras.add(id, name, str(st.session_state[key]), by=by)
        st.session_state[key] = ""

    with st.form(f"camera-form-{id}-{name}", border=False):  # what is in the field goes with the click
        st.text_input(
            f"Address of camera {name}",
            key=key,
            type="password",
            placeholder=line.shown or "rtsp://user:password@camera/stream",
            help="It may hold a password: kept on this machine, shown to nobody, deleted with the deployment.",
        )
        label = "Keep the new address, and try" if line.shown else "Keep and try"
        st.form_submit_button(label, key=f"act-camera-add-{id}-{name}", on_click=_try, args=(add,))
    with st.container(horizontal=True):
        if line.shown:
            again = partial(cameras.attempt, id, name, by=by)
            st.button("Try it", key=f"act-camera-try-{id}-{name}", on_click=_try, args=(again,))
            act = partial(cameras.stop if line.wanted else cameras.start, id, name, by=by)
            word = "Stop" if line.wanted else "Start"
            st.button(f"{word} camera {name}", key=f"act-camera-{word}-{id}-{name}", on_click=_try, args=(act,))


def _try(act: Callable[[], object]) -> None:
    try:
        act()
    except LfrError as error:
        keep_result(f"Not done: {plain_words(str(error))}.", is_done=False)
