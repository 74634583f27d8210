"""Counts what somebody changes or presses on a page, in the order in which the browser tells of it.

Streamlit puts together what comes while a page is being drawn: by the time that a press is heard of, it isn't known any
more whether a field was filled before it or after.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any, Final

from streamlit.runtime.scriptrunner import RerunData, get_script_run_ctx
from streamlit.runtime.scriptrunner.script_runner import ScriptRunner
from streamlit.runtime.state.session_state import SessionState

__all__ = ["Press", "find_press", "hear", "name_without_turn", "watch_changes"]

_HEARD: Final = "changes-heard"
_TURN: Final = re.compile(r"-turn-\d+(?=-|$)")
_begin: Final = ScriptRunner.__init__
_request: Final = ScriptRunner.request_rerun


@dataclass(frozen=True, slots=True)
class Press:
    """A press of a button."""

    changes: int = 0
    """How often something else on its page was changed or pressed before it."""
    fields: frozenset[str] = frozenset()
    """What the browser told anew with it, by their ids: a form's fields, and what the page itself had changed."""


@dataclass(slots=True)
class _Heard:
    """What the browser of a session told so far."""

    last: RerunData | None = None
    values: dict[str, bytes] = field(default_factory=dict)
    button: object = None
    """Which was pressed last."""
    changes: int = 0
    presses: dict[object, Press] = field(default_factory=dict)


def name_without_turn(button: object) -> object:
    """Return by what a button is known in each turn of its form: a second click may reach the next, empty one's."""
    if isinstance(button, str):
        return _TURN.sub("", button)
    return tuple(map(name_without_turn, button)) if isinstance(button, tuple) else button


def watch_changes() -> None:
    """Have what the browsers tell be counted from now on."""
    ScriptRunner.__init__ = _begin_and_hear  # type: ignore[assignment,method-assign]
    ScriptRunner.request_rerun = _hear_and_request  # type: ignore[assignment,method-assign]


def find_press(*button: str) -> tuple[Press, bool]:
    """Return the press of the button whose callback is given this, and whether a form was filled anew for it.

    Called by that callback.
    """
    context = get_script_run_ctx()
    if context is None:
        return Press(), False
    state = context.session_state._state  # noqa: SLF001
    press = state._old_state.get(_HEARD, _Heard()).presses.get(button, Press())  # noqa: SLF001
    return press, any(state._widget_changed(each) for each in press.fields)  # noqa: SLF001


def hear(state: SessionState, told: RerunData) -> None:
    """Count what a browser tells of its page: not where that is drawn anew by itself."""
    heard: _Heard = state._old_state.setdefault(_HEARD, _Heard())  # noqa: SLF001  new before the first drawing begins
    if told.widget_states is None or told.is_auto_rerun or told is heard.last:
        return
    heard.last, widgets = told, told.widget_states.widgets
    values = {each.id: each.SerializeToString() for each in widgets if each.WhichOneof("value") != "trigger_value"}
    anew = frozenset(each for each in values if heard.values.get(each) != values[each])
    pressed = [_name_button(state, each.id) for each in widgets if each.trigger_value]
    heard.values = values
    heard.changes += bool(anew) and not pressed
    for button in pressed:
        heard.changes += name_without_turn(button) != name_without_turn(heard.button)
        heard.button = button
        heard.presses[button] = Press(heard.changes, anew)


def _name_button(state: SessionState, widget: str) -> object:
    """Return by what a button is known, also where it is drawn at another place: what its callback is given."""
    metadata = state._new_widget_state.widget_metadata.get(widget)  # noqa: SLF001
    given = metadata.callback_args if metadata else None
    return given if given and all(isinstance(each, str) for each in given) else widget


def _begin_and_hear(runner: ScriptRunner, *args: Any, **options: Any) -> None:
    _begin(runner, *args, **options)
    hear(runner._session_state._state, options["initial_rerun_data"])  # noqa: SLF001


def _hear_and_request(runner: ScriptRunner, told: RerunData) -> bool:
    """Note it before it is drawn; where this runner has ended, the next one begins with it."""
    hear(runner._session_state._state, told)  # noqa: SLF001
    return _request(runner, told)
