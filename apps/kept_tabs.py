"""Draws parts of a page side by side, of which the one that was open stays open."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

__all__ = ["draw_kept_tabs"]


def draw_kept_tabs(labels: Sequence[str], key: str) -> Sequence[DeltaGenerator]:
    """Draw a tab for each label, and return what stands in them, all of which is drawn.

    Streamlit forgets which was open where a page was drawn without them once, as it is while the records are away, or
    where what stands around them changed. The page's address says it too, for when it is loaded anew.
    """
    kept = f"{key}-open"
    if st.session_state.get(kept) in labels:
        st.session_state[key] = st.session_state[kept]
    tabs = st.tabs(labels, key=key, on_change=_keep, args=(key, kept), bind="query-params")
    _keep(key, kept)
    return tabs


def _keep(key: str, kept: str) -> None:
    st.session_state[kept] = st.session_state[key]
