"""Draws buttons whose press isn't lost where the drawing that it began is cut short before it came to the button.

Streamlit tells of a press to one drawing alone. Where that is cut short, because something else on the page was pressed
or left, or because somebody else moved the deployment on, the press would be gone without a word.

And a second click isn't a second act: it cuts the first's drawing short too, at its next word to Streamlit, which must
not come between an act and the note that it is done. Where anything else was changed or pressed between, it is a press.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx
from streamlit.runtime.state.safe_session_state import SafeSessionState

from apps.changes import find_press, name_without_turn, watch_changes

__all__ = ["draw_button", "draw_submit", "forget_press", "keep_presses", "note_done", "refuse_press", "uninterrupted"]

_PRESSED: Final = "pressed"
"""Of the session's state: when each was pressed, and after how many changes of the page, until its button is drawn, or
the whole page without it."""
_KEPT_S: Final = 20.0
"""[proposal] For so long a press waits for its button: a slow page is drawn by then."""
_TAKEN: Final = "pressed-taken"
_DONE: Final = "pressed-done"
"""Of the session's state: the press that was taken last, and when what it asked for was done."""
_DOUBLE_CLICK_S: Final = 1.0
"""[proposal] A press of the same button so soon after its act was done is a double click's second: nobody has read by
then what came of the first."""
_will_rerun: Final = SafeSessionState.on_script_will_rerun


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


def keep_presses() -> None:
    """Have each press be heard of from now on, with what was changed before it, whatever else comes at that moment."""
    watch_changes()
    SafeSessionState.on_script_will_rerun = _hear_all  # type: ignore[assignment,method-assign]


def forget_press() -> None:
    """Forget the presses whose buttons aren't on the page any more, which was drawn to its end by now."""
    st.session_state.pop(_PRESSED, None)


def refuse_press() -> None:
    """Forget what was pressed, since it can't be done any more as it was shown: a second click neither."""
    for key, (_, changes) in st.session_state.get(_PRESSED, {}).items():
        st.session_state[_TAKEN] = (key, changes)
        note_done()
    forget_press()


def note_done() -> None:
    """Note that what was pressed last is done: its second click is no other press."""
    st.session_state[_DONE] = st.session_state.get(_TAKEN), time.monotonic()


@contextmanager
def uninterrupted() -> Iterator[None]:
    """Do what is within to its end, whatever is pressed meanwhile: an act, and the note that it is done.

    Streamlit (1.67, `runtime/state/safe_session_state.py`) ends the drawing at any word to the session's state else.
    """
    context = get_script_run_ctx(suppress_warning=True)
    if context is None:
        yield
        return
    with _unasked(context.session_state):
        yield


@contextmanager
def _unasked(state: SafeSessionState) -> Iterator[None]:
    ask = state._yield_callback  # noqa: SLF001  it has no other way to be told
    object.__setattr__(state, "_yield_callback", lambda: None)
    try:
        yield
    finally:
        object.__setattr__(state, "_yield_callback", ask)


def _hear_all(state: SafeSessionState, *args: Any, **options: Any) -> None:
    """Take what a browser tells to its end: where more comes before that, Streamlit forgets it."""
    with _unasked(state):
        _will_rerun(state, *args, **options)


def _note_press(key: str) -> None:
    press, is_filled_anew = find_press(key)
    taken, at = st.session_state.get(_DONE, (None, 0.0))
    is_second = name_without_turn(taken) == (name_without_turn(key), press.changes) and not is_filled_anew
    if is_second and time.monotonic() - at < _DOUBLE_CLICK_S:
        return
    st.session_state[_PRESSED] = st.session_state.get(_PRESSED, {}) | {key: (time.monotonic(), press.changes)}


def _take(key: str) -> bool:
    pressed: dict[str, tuple[float, int]] = st.session_state.get(_PRESSED, {})
    if key not in pressed:
        return False
    at, changes = pressed.pop(key)
    if time.monotonic() - at > _KEPT_S:
        return False
    st.session_state[_TAKEN] = (key, changes)
    return True
