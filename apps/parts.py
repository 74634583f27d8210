"""Draws the choice between the parts of a long page, each with what waits in it; one part alone is drawn then."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import streamlit as st

__all__ = ["choose_part"]


def choose_part(titles: Sequence[str], waits: Mapping[str, str], key: str) -> str:
    """Draw the choice and return the part that is open, the first until somebody has chosen.

    It stays open as a tab of `apps.kept_tabs` does, and the page's address says it: `?KEY=TITLE` leads to a part.

    Args:
        titles: of the parts, which stay as they are.
        waits: what waits in a part, in words, by its title.
        key: of the choice.
    """
    kept = f"{key}-open"
    if st.session_state.get(kept) in titles:
        st.session_state[key] = st.session_state[kept]
    st.radio(
        "Part of the page",
        titles,
        key=key,
        captions=[waits.get(each, "") for each in titles],
        horizontal=True,
        on_change=_keep,
        args=(key, kept),
        bind="query-params",
    )
    _keep(key, kept)
    return str(st.session_state[kept])


def _keep(key: str, kept: str) -> None:
    st.session_state[kept] = st.session_state[key]
