"""The planner's pages alone. Start them with `apps.planner.launch.command(settings)`."""

from __future__ import annotations

import streamlit as st

from apps.planner.page import page
from apps.planner.view import PlannerView
from apps.planner.wiring import planner_view

__all__: list[str] = []


@st.cache_resource  # connections
def _view() -> PlannerView:
    from lfr_core.settings import Settings

    return planner_view(Settings())


st.set_page_config(page_title="OpenLFR planning", layout="wide", initial_sidebar_state="collapsed")
page(_view())
