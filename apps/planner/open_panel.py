"""Which act somebody asked for beside a red line: its panel stands open, until it is done or another is asked for."""

from __future__ import annotations

from typing import Final

import streamlit as st

from apps.planner.remedies import Act
from lfr_core.deployments.readiness import DeploymentOverview

__all__ = ["close_panels", "is_open", "open_panel"]

_ACT: Final = "planner-act"


def open_panel(deployment: str, act: Act) -> None:
    """Let the panel of an act stand open."""
    st.session_state[_ACT] = (deployment, act)


def is_open(one: DeploymentOverview, act: Act) -> bool:
    """Return whether its panel stands open."""
    return bool(st.session_state.get(_ACT) == (one.view.id, act))


def close_panels() -> None:
    """Let no panel stand open by itself."""
    st.session_state.pop(_ACT, None)
