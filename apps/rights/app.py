"""The page by itself: `streamlit run apps/rights/app.py`, with the settings of the environment."""

from __future__ import annotations

import streamlit as st

from apps.rights.page import page
from apps.rights.view import RightsView
from apps.rights.wiring import rights_view

__all__: list[str] = []


@st.cache_resource
def _view() -> RightsView:
    from lfr_core.settings import Settings

    return rights_view(Settings())


st.set_page_config(page_title="OpenLFR enquiries and complaints", layout="wide")
page(_view())
