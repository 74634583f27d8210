"""Does what a form asks for: said once the page is drawn anew, or why not, with what was typed left where it is."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from apps.plain_words import plain_words
from lfr_core.common.errors import LfrError

__all__ = ["act", "show_result"]

_RESULT = "compliance-result"


def act(do: Callable[[], object], done: str) -> None:
    """Do it and draw the page anew with `done`, which may name what came of it as {0}; or say why not."""
    try:
        result = do()
    except LfrError as error:
        st.error(f"Not done: {plain_words(str(error))}.")
        return
    st.session_state[_RESULT] = done.format(result)
    st.rerun()


def show_result() -> None:
    """Say what was done last, once."""
    done = st.session_state.pop(_RESULT, "")
    if done:
        st.success(done)
