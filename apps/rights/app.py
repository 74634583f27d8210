"""The page by itself: `streamlit run apps/rights/app.py`, with the settings of the environment."""

from __future__ import annotations

import streamlit as st

from apps.rights.page import page
from apps.rights.view import RightsView

__all__: list[str] = []


@st.cache_resource
def _view() -> RightsView:
    from apps.auditing import trail_for
    from lfr_core.clock import SystemClock
    from lfr_core.policy import load_policy
    from lfr_core.records.engine import open_engine
    from lfr_core.records.migrate import upgrade
    from lfr_core.settings import Settings
    from lfr_core.vault.client import vault_client

    settings = Settings()
    upgrade(settings.records_url)
    return RightsView(
        open_engine(settings.records_url),
        load_policy(settings.policy_file),
        vault_client(settings),
        trail_for(settings),
        SystemClock(),
    )


st.set_page_config(page_title="OpenLFR enquiries and complaints", layout="wide")
page(_view())
