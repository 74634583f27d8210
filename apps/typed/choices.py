"""Draws the choices, days and times of what is done on a page: one that wasn't sent is there again, as a text is.

The page's script tells the server what each of them shows once somebody has touched it (`choices.js`); where such a
field is drawn that its session doesn't know yet, it begins with that instead of what it would begin with. What isn't
offered there is never chosen, whoever sent it, and the script says which fields it is (`keeper.js`).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date, time
from typing import Final, TypeVar, overload

import streamlit as st

from apps.pressed import refuse_press
from apps.typed.store import TypedText

__all__ = [
    "GIVEN",
    "choose_of_few",
    "choose_one",
    "choose_or_none",
    "choose_several",
    "find_typed",
    "give_back",
    "set_day",
    "set_time",
    "tick",
]

GIVEN: Final = "typed-choices"
"""Key of the session's state for what its person has chosen, and typed, and not sent."""
_MARK: Final = "choice-"
"""Begins the keys of all that is drawn here: by it the page's script tells them from views and filters."""
_TURN: Final = re.compile(r"-turn-(\d+)(?=-|$)")
_DAY: Final = re.compile(r"(?:19|20|21)\d\d-\d\d-\d\d")
_TIME: Final = re.compile(r"\d\d:\d\d:00")
_TICKED: Final = {"yes": True, "no": False}

_Option = TypeVar("_Option")
_Value = TypeVar("_Value")


@dataclass(slots=True)
class _Desk:
    """What one session knows of it."""

    kept: Mapping[str, TypedText] = field(default_factory=dict)
    """By field, of the last drawing of the whole page."""
    given: dict[str, object] = field(default_factory=dict)
    """By key, what fields began with that began with what was kept."""
    turns: dict[str, tuple[str, TypedText | None]] = field(default_factory=dict)
    """By field, the turn in which it was drawn last, and what was sent with the turn before."""
    words: dict[str, str] = field(default_factory=dict)
    """By key, what the list showed as chosen when it was drawn last."""


def give_back(kept: Mapping[str, TypedText]) -> None:
    """Let the fields of this page, which is about to be drawn, begin with what their person has kept."""
    _desk().kept = kept


def find_typed(name: str) -> str:
    """Return what somebody typed into a field that needn't be on the page any more and didn't send; "" for nothing.

    name: as the page's script knows it, the key of its form and its label.
    """
    kept = _desk().kept.get(name)
    return kept.text if kept is not None else ""


def choose_one(
    label: str,
    options: Sequence[_Option],
    key: str,
    *,
    words: Callable[[_Option], str] = str,
    default: _Option | None = None,
) -> _Option:
    """Draw a list and return what is chosen in it, at first `default` or what stands first.

    Streamlit knows a choice by its words alone, and goes back to the first where it doesn't find them: whoever pressed
    a button meanwhile would act on another. What has other words by now stays chosen; what has gone is said to be, and
    nothing is done.

    default: what the records say; what was chosen instead is there again only while they say it.
    """
    desk, marked = _desk(), f"{_MARK}{key}"
    was = st.session_state.get(marked)
    stands = None if default is None else words(default)
    natural = options[0] if default is None else default
    begun = _begin(key, natural, stands, _among(options, words))
    index = options.index(begun if begun in options else natural)
    if was is not None and was in options and desk.words.get(key) != words(was):
        st.session_state[marked], index = was, 0
    found = st.selectbox(label, options, index, format_func=words, key=marked)
    desk.words[key] = words(found)
    if was is not None and was not in options:
        _say_gone(label)
    return found


def choose_or_none(label: str, options: Sequence[str], key: str, *, placeholder: str) -> str | None:
    """Draw a list in which nothing is chosen until somebody chooses; return what is."""
    begun = _begin(key, None, None, _among(options, str))
    index = options.index(begun) if begun in options else None
    return st.selectbox(label, options, index, placeholder=placeholder, key=f"{_MARK}{key}")


def choose_of_few(label: str, options: Sequence[str], key: str) -> str:
    """Draw a few side by side, of which the first is chosen until another is; return which."""
    begun = _begin(key, options[0], None, _among(options, str))
    index = options.index(begun) if begun in options else 0
    return st.radio(label, options, index, horizontal=True, key=f"{_MARK}{key}")


def choose_several(
    label: str,
    options: Sequence[_Option],
    key: str,
    *,
    words: Callable[[_Option], str] = str,
    default: Sequence[_Option] = (),
) -> list[_Option]:
    """Draw a list of which any number can be chosen, at first `default`, and return them."""
    find, stands = _among(options, words), "\n".join(words(each) for each in default)
    begun = _begin(key, list(default), stands, lambda text: [find(each) for each in text.split("\n") if text])
    return st.multiselect(
        label, options, [each for each in begun if each in options], format_func=words, key=f"{_MARK}{key}"
    )


def tick(label: str, key: str, *, value: bool = False) -> bool:
    """Draw a box and return whether it is ticked."""
    stands = next(each for each, is_ticked in _TICKED.items() if is_ticked is value)
    return st.checkbox(label, _begin(key, value, stands, _TICKED.__getitem__), key=f"{_MARK}{key}")


@overload
def set_day(label: str, key: str, value: date) -> date: ...
@overload
def set_day(label: str, key: str, value: None = None) -> date | None: ...
def set_day(label: str, key: str, value: date | None = None) -> date | None:
    """Draw a day and return it. What was set is there again though `value` is another by then: it goes with today."""
    begun = _begin(key, value, None, _read_day)
    return st.date_input(label, begun, format="DD/MM/YYYY", key=f"{_MARK}{key}")


@overload
def set_time(label: str, key: str, value: time) -> time: ...
@overload
def set_time(label: str, key: str, value: None = None) -> time | None: ...
def set_time(label: str, key: str, value: time | None = None) -> time | None:
    """Draw a time of day, to the minute, and return it."""
    stands = "" if value is None else f"{value:%H:%M}:00"
    return st.time_input(label, _begin(key, value, stands, _read_time), step=60, key=f"{_MARK}{key}")


def _say_gone(label: str) -> None:
    """Draw the page anew with what became of the choice, instead of doing what was pressed for it."""
    from apps.acts import keep_result  # they import what imports this
    from apps.sign_in import redraw

    refuse_press()
    keep_result(f"Not done: what was chosen under “{label}” isn't offered any more. Choose again.", is_done=False)
    redraw()


def _begin(key: str, natural: _Value, stands: str | None, read: Callable[[str], _Value]) -> _Value:
    """Return what the field of this key begins with: what was chosen and not sent, or else `natural`.

    It stays that while the field is drawn: Streamlit takes a field whose beginning changes for another one.

    Args:
        key: as the caller gave it.
        natural: with what it begins where nothing was.
        stands: what it shows then; None where that says nothing of what was chosen.
        read: makes a value of the text that was kept. Raises LookupError or ValueError for one that isn't offered.
    """
    desk = _desk()
    if f"{_MARK}{key}" not in st.session_state:
        desk.given.pop(key, None)
        kept = _find(desk, key)
        if kept is not None and stands in {None, kept.before}:
            with suppress(LookupError, ValueError):
                desk.given[key] = read(kept.text)
    return desk.given.get(key, natural)  # type: ignore[return-value]  # of a key there are values of one kind alone


def _find(desk: _Desk, key: str) -> TypedText | None:
    """Return what was kept of this field, if it wasn't sent: the script's word of that may come after the drawing."""
    name = _TURN.sub("", re.sub(r"[^a-zA-Z0-9_-]", "-", key.strip()), count=1)
    met = _TURN.search(key)
    turn, kept = met[1] if met else "", desk.kept.get(name)
    before, sent = desk.turns.get(name, (turn, None))
    if turn != before:
        sent = kept
    desk.turns[name] = (turn, sent)
    return None if kept is sent else kept


def _desk() -> _Desk:
    found: _Desk = st.session_state.setdefault(GIVEN, _Desk())
    return found


def _among(options: Sequence[_Option], words: Callable[[_Option], str]) -> Callable[[str], _Option]:
    """Return what finds an option by its words; of those with the same words none."""
    met = Counter(map(words, options))
    return {words(each): each for each in options if met[words(each)] == 1}.__getitem__


def _read_day(text: str) -> date:
    if not _DAY.fullmatch(text):
        raise ValueError(text)
    return date.fromisoformat(text)


def _read_time(text: str) -> time:
    if not _TIME.fullmatch(text):
        raise ValueError(text)
    return time.fromisoformat(text)
