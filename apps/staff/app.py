"""The staff's app. Start it with `apps.staff.launch.command(settings)`.

What a page needs is imported when the page is opened: the operator's, which comes first, waits for no other.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

if TYPE_CHECKING:
    from apps.compliance.view import ComplianceView
    from apps.planner.view import PlannerView
    from apps.rights.view import RightsView
    from lfr_core.custody.installation import Installation

__all__: list[str] = []


@st.cache_resource  # connections
def _installation() -> Installation:
    from lfr_core.custody.installation import Installation

    return Installation()


@st.cache_resource
def _planner_view() -> PlannerView:
    from apps.planner.assembly import planner_view

    return planner_view(_installation())


@st.cache_resource
def _compliance_view() -> ComplianceView:
    from apps.compliance.view import ComplianceView

    installation = _installation()
    return ComplianceView(installation.engine, installation.policy, installation.clock, installation.settings.home)


@st.cache_resource
def _rights_view() -> RightsView:
    from apps.rights.view import RightsView

    installation = _installation()
    return RightsView(
        installation.engine, installation.policy, installation.vault, installation.trail, installation.clock
    )


def _operator() -> None:
    from apps.operator.page import page

    page()


def _planner() -> None:
    from apps.planner.page import page

    page(_planner_view())


def _compliance() -> None:
    from apps.compliance.page import page

    page(_compliance_view())


def _rights() -> None:
    from apps.rights.page import page

    page(_rights_view())


st.set_page_config(page_title="OpenLFR", layout="wide", initial_sidebar_state="collapsed")
st.navigation(
    [
        st.Page(_operator, title="Operator", url_path="start", default=True),  # at / alone, whatever its path
        st.Page(_operator, title="Operator", url_path="operator", visibility="hidden"),
        st.Page(_planner, title="Planning", url_path="planning"),
        st.Page(_compliance, title="Compliance", url_path="compliance"),
        st.Page(_rights, title="Enquiries", url_path="enquiries"),
    ],
    position="top",
).run()
