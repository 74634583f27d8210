"""The page of enquiries and complaints, run by Streamlit's own test runner over real records and a real vault."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from apps.rights.holds_view import HoldsView
from apps.rights.view import RightsView
from lfr_core.custody.people import People, Rank, Role
from lfr_core.custody.people.consultations import Consultations
from lfr_core.storage.engine import open_engine
from tests.support.people import authenticated
from tests.support.rights import CLERK, OFFICER, RightsHarness

__all__ = ["app", "harness"]


def shown(view: object, engine: object) -> None:
    import streamlit as st

    from apps.rights.page import page
    from apps.typed.choices import give_back
    from tests.support.page_session import session_of

    if "who" in st.session_state:
        give_back(st.session_state.get("kept", {}))
        page(view, session_of(engine, st.session_state["who"]))  # type: ignore[arg-type]  # annotations are read where nothing is imported


@pytest.fixture
def harness(sqlite_url: str, tmp_path: Path) -> Iterator[RightsHarness]:
    engine = open_engine(sqlite_url)
    harness = RightsHarness(engine, tmp_path)
    People(engine, harness.trail, harness.clock).change(
        CLERK, {Role.COMPLIANCE}, Rank.POLICE_STAFF, by=authenticated(OFFICER)
    )
    yield harness
    harness.close()
    engine.dispose()


@pytest.fixture
def app(harness: RightsHarness) -> AppTest:
    looks = Consultations(harness.engine, harness.trail, harness.clock)
    view = RightsView(
        harness.rights, HoldsView(looks, harness.hold_service(), harness.clock, harness.policy.hold_review_days)
    )
    return AppTest.from_function(shown, kwargs={"view": view, "engine": harness.engine}, default_timeout=20).run()
