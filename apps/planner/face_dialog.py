"""Asks the planner whose face it is, where a photograph of their list shows several."""

from __future__ import annotations

import streamlit as st

from apps.plain_words import plain_words
from apps.planner.uploaded_lists import UploadedLists
from apps.pressed import draw_button
from lfr_core.common.counts import counted
from lfr_core.common.errors import LfrError
from lfr_core.custody.people.roles import AuthenticatedPerson
from lfr_core.watchlists.choosing import ShownFaces

__all__ = ["show_face_questions"]

_FAULT = "planner-face-fault"
_MOST = 12
"""Buttons at a time: the next come when these are answered."""


def show_face_questions(lists: UploadedLists, deployment: str, by: AuthenticatedPerson) -> None:
    """Draw a button for each photograph with several faces; nothing where there is none."""
    if fault := st.session_state.pop(_FAULT, ""):
        st.error(fault)
    lines = lists.several_faces(deployment, by)
    if not lines:
        return
    st.caption(
        f"Photographs that show more than one face: {len(lines):,}. Say which face it is, then check the list again."
    )
    with st.container(horizontal=True, key="pln-several-faces"):
        for line in lines[:_MOST]:
            if draw_button(f"Whose face is it, line {line}?", key=f"act-face-{deployment}-{line}"):
                _ask(lists, deployment, line, by)


def _choose(
    lists: UploadedLists, deployment: str, line: int, shown: ShownFaces, number: int, by: AuthenticatedPerson
) -> None:
    try:
        lists.choose(deployment, line, shown, number, by=by)
    except LfrError as error:
        st.session_state[_FAULT] = f"Not kept: {plain_words(str(error))}."


@st.dialog("Whose face is it?", width="large")
def _ask(lists: UploadedLists, deployment: str, line: int, by: AuthenticatedPerson) -> None:
    try:
        with st.spinner("Looking for the faces"):
            shown = lists.faces(deployment, line, by)
    except LfrError as error:
        st.error(f"Not shown: {plain_words(str(error))}.")
        return
    st.caption(
        f"Line {line} names one person. Which of the {counted(len(shown.faces), 'face')} is theirs? Your name is kept."
    )
    # above the photograph: below it a screen of 768 lines would show no answer, and nobody would know of one
    with st.container(horizontal=True):
        for number in range(1, len(shown.faces) + 1):
            # not as its callback: that comes before the dialog is drawn again, which then finds nothing to ask about
            if draw_button(f"Face {number}", key=f"act-face-is-{line}-{number}"):
                _choose(lists, deployment, line, shown, number, by)
                st.rerun()
        if draw_button("None of them", key=f"act-face-none-{line}"):
            st.rerun()
    with st.container(key="pln-faces"):
        st.image(shown.numbered_jpeg(), width="stretch")
