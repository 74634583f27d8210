"""Lets somebody choose one of several by their labels, which may change while the choice stands."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Mapping
from typing import TypeVar

import streamlit as st

__all__ = ["choose"]

_Option = TypeVar("_Option", bound=Hashable)


def choose(label: str, labels: Mapping[_Option, str], key: str) -> _Option:
    """Draw the list and return what was chosen, the first until somebody has; `labels` has one at least.

    Streamlit knows a choice by its label alone: where that changed (a state, an hour), it would go back to the first,
    and whoever presses a button would act on another. What was chosen stays chosen while it is there.
    """
    shown = _unlike(labels)
    chosen = st.session_state.get(key)
    if chosen in shown and st.session_state.get(f"{key}-label") != shown[chosen]:
        st.session_state[key] = chosen
    found: _Option = st.selectbox(label, list(shown), format_func=shown.__getitem__, key=key)
    st.session_state[f"{key}-label"] = shown[found]
    return found


def _unlike(labels: Mapping[_Option, str]) -> dict[_Option, str]:
    """Tell those of one label apart by a number, the last first: what comes new stands in front, and changes none."""
    met: Counter[str] = Counter()
    shown = dict(labels)
    for option in reversed(list(labels)):
        met[labels[option]] += 1
        if met[labels[option]] > 1:
            shown[option] = f"{labels[option]} ({met[labels[option]]})"
    return shown
