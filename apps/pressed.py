"""Draws buttons whose press isn't lost where the drawing that it began is cut short before it came to the button.

Streamlit tells of a press to one drawing alone. Where that is cut short, because something else on the page was pressed
or left, or because somebody else moved the deployment on, the press would be gone without a word.
"""

from __future__ import annotations

import time
from typing import Any, Final

import streamlit as st

__all__ = ["draw_button", "draw_submit", "forget_press"]

_PRESSED: Final = "pressed"
"""Of the session's state: when each was pressed, until its button is drawn, or the whole page without it."""
_KEPT_S: Final = 20.0
"""[proposal] For so long a press waits for its button: a slow page is drawn by then."""


def draw_button(label: str, key: str, *, act: str = "", **options: Any) -> bool:
    """Draw a button, and return once whether it was pressed. `options`: as of `st.button`.

    Args:
        label: its words.
        key: says what it does to what; a press reaches no button of another key,
        act: but one that does the same to the same, where the button has moved to another place meanwhile.
        options: as of `st.button`.
    """
    st.button(label, key=key, on_click=_note_press, args=(act or key,), **options)
    return _take(act or key)


def draw_submit(label: str, form: str, **options: Any) -> bool:
    """Draw the button that sends the form of this key, and return once whether it was pressed."""
    key = f"{form}-send-{label}"
    st.form_submit_button(label, on_click=_note_press, args=(key,), **options)
    return _take(key)


def forget_press() -> None:
    """Forget the presses whose buttons aren't on the page any more, which was drawn to its end by now."""
    st.session_state.pop(_PRESSED, None)


def _note_press(key: str) -> None:
    st.session_state[_PRESSED] = st.session_state.get(_PRESSED, {}) | {key: time.monotonic()}


def _take(key: str) -> bool:
    pressed: dict[str, float] = st.session_state.get(_PRESSED, {})
    return key in pressed and time.monotonic() - pressed.pop(key) <= _KEPT_S
