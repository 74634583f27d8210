"""Draws the planner's list: uploaded, checked with thumbnails and reasons, compiled with its progress."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial

import streamlit as st
from streamlit.runtime.uploaded_file_manager import UploadedFile as BrowserFile

from apps.acts import keep_result
from apps.plain_words import plain_words
from apps.planner.face_dialog import show_face_questions
from apps.planner.jobs import Job, words_of_progress
from apps.planner.list_html import list_look_html, uploaded_html
from apps.planner.list_look import ListLook
from apps.planner.uploaded_lists import StagedList, UploadedLists
from apps.sign_in import redraw
from apps.uploaded_files import forget_uploads
from lfr_core.common.errors import LfrError
from lfr_core.custody.people.roles import AuthenticatedPerson
from lfr_core.deployments.readiness import DeploymentOverview
from lfr_core.watchlists.quality.refused_workbook import REFUSED_FILE
from lfr_core.watchlists.start_workbook import START_FILE, start_workbook
from lfr_core.watchlists.upload import MOST_BYTES, UploadedFile

__all__ = ["show_list_panel"]

_LOOK_S = 1.0
_XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_TURN = "planner-upload-turn"
"""Of the session's state: ends the uploader's key, so that what was taken is forgotten by the browser's session."""
_WHOLE = "planner-upload-whole-folder"
_OTHERS = "planner-upload-files"


def show_list_panel(lists: UploadedLists, one: DeploymentOverview, by: AuthenticatedPerson) -> None:
    """Draw the upload, what was found, and the buttons. What runs is looked at every second."""
    st.caption(
        "A zip, a folder, or the files themselves: the photographs, and the spreadsheet that says who is on the list, "
        "one row a photograph. They are destroyed once the list is compiled, and after an hour at the latest."
    )
    staged, job = lists.staged(one.view.id, by), lists.job(one.view.id, by)
    if job is not None and not job.over:
        _running(lists, one, by)
        return
    if job is not None and (job.result is not None or job.error is not None):
        _came_of(lists, one.view.id, by, job)
    if staged is None:
        _uploader(lists, one, by)
        return
    show_face_questions(lists, one.view.id, by)
    st.html(uploaded_html(staged))
    with st.container(horizontal=True):
        _buttons(lists, one, by, staged)


def _uploader(lists: UploadedLists, one: DeploymentOverview, by: AuthenticatedPerson) -> None:
    whole = st.toggle("Choose a whole folder", key=_WHOLE)
    st.download_button(
        "A spreadsheet to fill in",
        start_workbook,
        START_FILE,
        _XLSX,
        help="It says what each column means.",
        on_click="ignore",
    )
    turn = st.session_state.setdefault(_TURN, 0)
    given = st.file_uploader(
        "The list's folder" if whole else "The list: a zip, or spreadsheet and photographs",
        accept_multiple_files="directory" if whole else True,
        key=f"{_OTHERS}-{whole}-{turn}",
        max_upload_size=MOST_BYTES // 1_000_000,
    )
    if given:
        st.button("Take this upload", key=f"act-upload-{one.view.id}", on_click=_take, args=(lists, one, by, given))


def _take(lists: UploadedLists, one: DeploymentOverview, by: AuthenticatedPerson, given: list[BrowserFile]) -> None:
    try:
        lists.stage(one.view.id, [UploadedFile(each.name, partial(_rewound, each)) for each in given], by=by)
    except LfrError as error:
        keep_result(f"Not taken: {plain_words(str(error))}.", is_done=False)
    else:
        st.session_state[_TURN] += 1
        forget_uploads()  # the browser's session holds the photographs no longer


def _rewound(file: BrowserFile) -> BrowserFile:
    file.seek(0)
    return file


def _buttons(lists: UploadedLists, one: DeploymentOverview, by: AuthenticatedPerson, staged: StagedList) -> None:
    made, kind, id = one.application, one.view.kind, one.view.id  # noqa: A001  the field's own word

    def begin(act: Callable[[], None]) -> None:
        try:
            act()
        except LfrError as error:
            keep_result(f"Not begun: {plain_words(str(error))}.", is_done=False)

    name = staged.folder.name
    check = partial(lists.check, id, made, kind, by=by)
    compile_ = partial(lists.compile, id, made, by=by)
    st.button("Check the list", key=f"act-check-{name}", on_click=begin, args=(check,))
    st.button("Check and compile", type="primary", key=f"act-compile-{name}", on_click=begin, args=(compile_,))
    st.button("Remove the upload", key=f"act-discard-{name}", on_click=lists.discard, args=(id,))


@st.fragment(run_every=_LOOK_S)
def _running(lists: UploadedLists, one: DeploymentOverview, by: AuthenticatedPerson) -> None:
    job = lists.job(one.view.id, by)
    if job is None or job.over:
        redraw()
    words = words_of_progress(job, time.monotonic() - job.began_s)
    st.progress(min(1.0, job.done / job.total) if job.total else 0.0, text=words)
    st.caption("It goes on while you look elsewhere.")


def _came_of(lists: UploadedLists, deployment: str, by: AuthenticatedPerson, job: Job[ListLook]) -> None:
    if job.error is not None:
        st.error(f"{job.title} ended: {plain_words(str(job.error))}.")
    elif job.result is not None:
        st.html(list_look_html(job.result))
        if job.result.workbook:
            st.download_button(
                "What was refused, as a spreadsheet",
                partial(lists.take_refused, deployment, by=by),
                REFUSED_FILE,
                _XLSX,
                help="With names and pictures from the list: keep it as you keep the list itself.",
                on_click="ignore",
            )
