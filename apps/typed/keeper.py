"""Draws, on every page, the script that sends what is being typed, and puts back what somebody had typed before.

What was chosen before is put back by the server (`choices.py`), in what is drawn after this. As for the plan of a place
(`apps.planner.plan_component`), the scripts are files of our own.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache, partial
from pathlib import Path
from typing import Final

import streamlit as st
from streamlit.components.v2 import component
from streamlit.components.v2.component_manager import BidiComponentManager
from streamlit.components.v2.get_bidi_component_manager import get_bidi_component_manager
from streamlit.components.v2.manifest_scanner import ComponentConfig, ComponentManifest
from streamlit.components.v2.types import ComponentRenderer

from apps.typed.choices import give_back
from apps.typed.store import PATH, Account, TypedTexts

__all__ = ["draw_keeper", "note_sent", "typed_form"]

_FOLDER: Final = Path(__file__).parent
_PACKAGE: Final = "openlfr-typed"
_NAME: Final = "keeper"
_SENT: Final = "typed-sent"
"""Of the session's state: how often what was typed was sent, or taken out on purpose."""
_GONE: Final = "typed-gone"
"""Of the session's state: after how many such which fields were sent, by the beginning of their names."""
_FORGET: Final = "typed-forget"
"""Of the session's state: what forgets them in the server's memory, by the same beginning."""
_REMEMBERED: Final = 20
"""Of those: the page's script has taken note of earlier ones."""


def draw_keeper(texts: TypedTexts, account: Account, *, base: str) -> None:
    """Draw it for whoever has logged in with this account. `base`: the pages' path at their address, "" at its root."""
    kept = texts.find(account)
    give_back(kept)
    st.session_state[_FORGET] = partial(texts.forget, account)
    found = {name: {"text": each.text, "before": each.before} for name, each in kept.items()}
    data = {
        "address": f"{base}{PATH}",
        "mark": texts.mark_of(account),
        "sent": st.session_state.setdefault(_SENT, 0),
        "gone": st.session_state.get(_GONE, []),
        "fields": found,
        "words": "Here again, as you had typed or chosen it and not sent it: ",
    }
    _renderer(get_bidi_component_manager())(key="typed-keeper", data=data)


def note_sent(beginning: str = "") -> None:
    """Have what was typed into the form that was just sent given back to nobody.

    beginning: of the keys of its fields: they are forgotten whatever is pressed next, also where the page is loaded
        anew before its script hears of it.
    """
    sent = st.session_state.get(_SENT, 0) + 1
    st.session_state[_SENT] = sent
    if beginning:
        st.session_state[_GONE] = [*st.session_state.get(_GONE, []), [sent, beginning]][-_REMEMBERED:]
        st.session_state.get(_FORGET, lambda _: None)(beginning)


@contextmanager
def typed_form(key: str, *, border: bool = True) -> Iterator[str]:
    """Draw a form whose fields the page's script knows by this key and their labels: Streamlit tells it neither.

    Yields the key.
    """
    with st.container(key=f"typed-{key}"), st.form(key, border=border):
        yield key


@lru_cache(maxsize=4)
def _renderer(manager: BidiComponentManager) -> ComponentRenderer:
    """Make the component known, once for each run of Streamlit, and return what draws it."""
    manifest = ComponentManifest(_PACKAGE, "1", [ComponentConfig(_NAME, asset_dir=".")])
    manager.register_from_manifest(manifest, _FOLDER)
    html, css = ((_FOLDER / f"keeper.{kind}").read_text(encoding="utf-8") for kind in ("html", "css"))
    return component(f"{_PACKAGE}.{_NAME}", js="keeper.js", html=html, css=css)
