"""Does what a form asks for: said once the page is drawn anew, or why not, with what was typed left where it is."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final, NoReturn, TypeVar

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from apps.plain_words import plain_words
from apps.pressed import note_done, uninterrupted
from apps.typed.keeper import note_sent
from lfr_core.common.errors import LfrError

__all__ = ["BY_ITSELF", "act", "form_key", "keep_result", "say_not_done", "show_result", "stay_in_sight"]

_Result = TypeVar("_Result")
_RESULT = "act-result"
BY_ITSELF = "drawing-by-itself"
"""Of the session's state: whether this drawing of the page comes of something that nobody did here."""
_TURN = "act-turn-"
_READ_S: Final = 4.0
"""[proposal] For so long it stands at least, though something else is pressed: the second click of a double click may
land on whatever has taken the button's place."""


def form_key(form: str) -> str:
    """Return the key of a form as it stands: once its act is done it is another, empty one.

    So the second click of a double click reaches nothing, and what was typed of one person isn't there for the next.
    """
    return f"{form}-turn-{st.session_state.get(_TURN + form, 0)}"


def act(do: Callable[[], _Result], done: str | Callable[[_Result], str], *, form: str = "") -> None:
    """Do it and draw the page anew with `done`, or what it makes of what came of it; or with why not.

    form: the name that `form_key` was given.
    """
    try:
        with uninterrupted():
            result = do()
            note_done()
            note_sent(form)
            if done:
                keep_result(done if isinstance(done, str) else done(result))
            if form:
                st.session_state[_TURN + form] = st.session_state.get(_TURN + form, 0) + 1
    except LfrError as error:
        keep_result(f"Not done: {plain_words(str(error))}.", is_done=False)  # what was typed stays
    st.rerun()


def say_not_done(why: str) -> NoReturn:
    """Draw the page anew with why a press came to nothing, in sight wherever its button is; what was typed stays."""
    keep_result(why, is_done=False)
    st.rerun()


def keep_result(words: str, *, is_done: bool = True) -> None:
    """Have it said, once the page is drawn anew, what came of a press."""
    st.session_state[_RESULT] = (words, is_done, None)


def show_result() -> None:
    """Say what was done last, until somebody does something else: not while the page is drawn anew by itself."""
    found: tuple[str, bool, float | None] | None = st.session_state.get(_RESULT)
    with stay_in_sight():
        if found is None:
            return
        words, is_done, shown_at = found
        now = time.monotonic()
        if shown_at is not None and now - shown_at > _READ_S and not st.session_state.get(BY_ITSELF):
            del st.session_state[_RESULT]
            return
        st.session_state[_RESULT] = (words, is_done, now if shown_at is None else shown_at)
        (st.success if is_done else st.error)(words)


def stay_in_sight(what: str = "") -> DeltaGenerator:
    """Return the place of what came of a press: it stays in sight of whoever pressed far below it.

    It is there with nothing in it too, so that nothing below is drawn anew when it goes, while somebody types.

    what: tells two such places of a page apart.
    """
    return st.container(key=f"what-came-of-it{what}")
