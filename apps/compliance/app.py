"""Compliance's page alone: `python -m apps.compliance [--port PORT]` starts it, on the loopback address."""

from __future__ import annotations

import streamlit as st

from apps.compliance.page import page
from apps.compliance.view import ComplianceView

__all__: list[str] = []


@st.cache_resource
def _view() -> ComplianceView:
    from lfr_core.clock import SystemClock
    from lfr_core.policy import load_policy
    from lfr_core.records.engine import open_engine
    from lfr_core.settings import Settings

    settings = Settings()
    return ComplianceView(
        open_engine(settings.records_url), load_policy(settings.policy_file), SystemClock(), settings.home
    )


st.set_page_config(page_title="OpenLFR compliance", layout="wide")
page(_view())
