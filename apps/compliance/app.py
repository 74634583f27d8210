"""Compliance's page alone: `python -m apps.compliance [--port PORT]` starts it, on the loopback address."""

from __future__ import annotations

import streamlit as st

from apps.compliance.page import page
from apps.compliance.view import ComplianceView
from apps.compliance.wiring import compliance_view

__all__: list[str] = []


@st.cache_resource
def _view() -> ComplianceView:
    from lfr_core.settings import Settings

    return compliance_view(Settings())


st.set_page_config(page_title="OpenLFR compliance", layout="wide")
page(_view())
