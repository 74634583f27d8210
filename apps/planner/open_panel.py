"""Draws the panels of the acts: the one that somebody asked for beside a red line stands open, until it is done or
another is asked for.
"""

from __future__ import annotations

from typing import Final

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from apps.planner.remedies import Act
from lfr_core.deployments.readiness import DeploymentOverview

__all__ = ["close_panels", "draw_panel", "open_panel"]

_ACT: Final = "planner-act"
_TURN: Final = "planner-act-turn"
"""Of the session's state: how often a panel was opened or closed by itself. The browser keeps by its key whether one
stands open, whatever comes and goes around it, and heeds no other word about that."""


def open_panel(deployment: str, act: Act) -> None:
    """Let the panel of an act stand open."""
    st.session_state[_ACT] = (deployment, act)
    _turn()


def draw_panel(label: str, one: DeploymentOverview, act: Act) -> DeltaGenerator:
    """Draw an act's panel, open where somebody asked for it."""
    is_open = st.session_state.get(_ACT) == (one.view.id, act)
    turn = st.session_state.get(_TURN, 0) if is_open else 0
    return st.expander(label, expanded=is_open, key=f"pln-act-{act.value}-{one.view.id}-{turn}")


def close_panels() -> None:
    """Let no panel stand open by itself."""
    if st.session_state.pop(_ACT, None) is not None:
        _turn()


def _turn() -> None:
    st.session_state[_TURN] = st.session_state.get(_TURN, 0) + 1
