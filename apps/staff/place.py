"""Keeps, in the session, which page stood there when somebody's session had ended, with the part that was open."""

from __future__ import annotations

from typing import Final
from urllib.parse import urlsplit

import streamlit as st

__all__ = ["forget_place", "note_place"]

_PLACE: Final = "place-before-the-login"
"""Of the session's state: the page's path, and what its address said beside it."""


def forget_place() -> None:
    """Note that somebody is in."""
    st.session_state.pop(_PLACE, None)


def note_place() -> tuple[str, dict[str, str]]:
    """Keep and return the page's path and what the address says, or said when the page was refused first.

    Streamlit takes out of the address which part was open, since that isn't drawn any more.
    """
    page, said = urlsplit(st.context.url or "").path, st.query_params.to_dict()
    kept: tuple[str, dict[str, str]] = st.session_state.get(_PLACE, (page, {}))
    place = (page, kept[1] | said if kept[0] == page else said)
    st.session_state[_PLACE] = place
    return place
