"""The staff's app, as `apps.staff.server` runs it: nothing is drawn before somebody has logged in.

What a page needs is imported when the page is opened: the operator's, which comes first, waits for no other.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Literal
from urllib.parse import urlsplit

import streamlit as st

from apps.pressed import forget_press
from apps.sign_in import PageSession, logged_in, watch_login
from apps.staff.made_files import note_drawn
from apps.staff.pages import STAFF_PAGES, pages_of
from apps.staff.process import page_sessions, pages_installation, typed_texts
from apps.staff.to_login import send_to_login
from apps.typed.keeper import draw_keeper

if TYPE_CHECKING:
    from streamlit.navigation.page import StreamlitPage

    from apps.compliance.view import ComplianceView
    from apps.officer.view import OfficerView
    from apps.planner.view import PlannerView
    from apps.rights.view import RightsView

__all__: list[str] = []


@st.cache_resource
def _planner_view() -> PlannerView:
    from apps.planner.build import planner_view

    return planner_view(pages_installation())


@st.cache_resource
def _compliance_view() -> ComplianceView:
    from apps.compliance.view import ComplianceView

    installation = pages_installation()
    return ComplianceView(installation.looks, installation.policy, installation.clock, installation.settings.home)


@st.cache_resource
def _officer_view() -> OfficerView:
    from apps.officer.view import OfficerView

    installation = pages_installation()
    return OfficerView(
        installation.engine, installation.policy, installation.vault, installation.trail, installation.clock
    )


@st.cache_resource
def _rights_view() -> RightsView:
    from apps.rights.holds_view import holds_view
    from apps.rights.view import RightsView
    from lfr_core.publication.build import build_rights_service

    installation = pages_installation()
    return RightsView(build_rights_service(installation), holds_view(installation))


def _log_in() -> None:
    """Send the browser to the identity provider. Raises LfrError where that can't be reached."""
    from lfr_core.custody.identity.discovery import discover
    from lfr_core.custody.identity.provider import provider_of

    discover(provider_of(pages_installation().settings))  # Streamlit would answer with two words
    send_to_login(base=_base())


def _base() -> str:
    """Return the pages' path at their address, "" at its root."""
    return urlsplit(pages_installation().settings.page_addresses[0]).path.rstrip("/")


def _pages(session: PageSession, *, at_its_name: bool = False) -> list[StreamlitPage]:
    """Return all pages: the first that is for this person at `/`, and in the menu those that are.

    `at_its_name`: the first stands in the menu by its own path, not by `/`.
    """

    def operator() -> None:
        from apps.operator.page import page

        page(session)

    def planner() -> None:
        from apps.planner.page import page

        page(_planner_view(), session)

    def compliance() -> None:
        from apps.compliance.actions import ComplianceActions
        from apps.compliance.page import page

        page(_compliance_view(), ComplianceActions(pages_installation()), session)

    def publication() -> None:
        from apps.publication.page import page
        from apps.publication.view import PublicationView

        page(PublicationView(pages_installation()), session)

    def rights() -> None:
        from apps.rights.page import page

        page(_rights_view(), session)

    def street() -> None:
        from apps.officer.page import page

        page(_officer_view(), session)

    draws = {
        "operator": operator,
        "street": street,
        "planning": planner,
        "publication": publication,
        "compliance": compliance,
        "enquiries": rights,
    }
    mine = pages_of(session.person.roles)
    found = []
    for each in STAFF_PAGES:
        draw = draws[each.path]
        if each == mine[0]:  # at / alone, whatever its path
            seen = _seen(shown=not at_its_name)
            found.append(st.Page(draw, title=each.title, url_path="start", default=True, visibility=seen))
        seen = _seen(shown=each in mine[0 if at_its_name else 1 :])
        found.append(st.Page(draw, title=each.title, url_path=each.path, visibility=seen))
    return found


def _seen(*, shown: bool) -> Literal["visible", "hidden"]:
    return "visible" if shown else "hidden"


def _navigate(session: PageSession) -> StreamlitPage:
    """Draw the menu, in which the open page is marked, and return that page."""
    page = st.navigation(_pages(session), position="top")
    if page.url_path != pages_of(session.person.roles)[0].path:
        return page
    return st.navigation(_pages(session, at_its_name=True), position="top")  # only the first call says what is open


st.set_page_config(page_title="OpenLFR", layout="wide", initial_sidebar_state="collapsed")
st.html(Path(__file__).with_name("style.css"))  # each page adds its own
_place = st.container()  # always there, whoever is in
_session, _page = logged_in(page_sessions(), _log_in), None
if _session is not None:
    _login = _session.person.login
    draw_keeper(typed_texts(), (_login.issuer, _login.subject), base=_base())
    _page = _navigate(_session)
with _place:
    watch_login(page_sessions())
if _page is not None:
    _page.run()
forget_press()
note_drawn()
# Without `st.stop()`: after it Streamlit keeps what refreshed by itself before, though nobody is there any more.
