"""What stood open on the planner's page for a decision stays open once it is decided, and is there to be read on."""

from __future__ import annotations

from typing import Any

import pytest
import streamlit
from streamlit.testing.v1 import AppTest

from tests.support.page_session import session_of
from tests.support.planner_view import planner_view_of
from tests.support.planning import OFFICER, PLANNER, PlanningHarness


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    """One database is enough for what a page does."""
    return sqlite_url


@pytest.fixture
def parts(monkeypatch: pytest.MonkeyPatch) -> dict[str, tuple[str, bool]]:
    """By its label, what each part was drawn of last: the key by which a browser keeps whether it stands open, and
    whether it does where that key is new."""
    found: dict[str, tuple[str, bool]] = {}
    expander = streamlit.expander

    def noted(label: str, *, expanded: bool = False, key: str, **options: Any) -> Any:
        found[label] = (key, expanded)
        return expander(label, expanded=expanded, key=key, **options)

    monkeypatch.setattr(streamlit, "expander", noted)
    return found


def drawn(view: object, session: object) -> None:
    from apps.planner.page import page

    page(view, session)  # type: ignore[arg-type]  # its annotation is read where nothing is imported


def opened(harness: PlanningHarness, name: str) -> AppTest:
    given = {"view": planner_view_of(harness), "session": session_of(harness.engine, name)}
    app = AppTest.from_function(drawn, kwargs=given, default_timeout=30)
    app.session_state["planner-where"], app.session_state["planner-deployment"] = "deployment", "dep"
    assert not app.run().exception
    return app


def test_what_an_officer_has_open_for_a_decision_stays_open_once_it_is_decided(
    harness: PlanningHarness, parts: dict[str, tuple[str, bool]]
) -> None:
    harness.plan()
    app = opened(harness, OFFICER)
    before = dict(parts)
    harness.authorise()
    app.run()

    assert before["Application and authority"][1]
    assert {each: parts[each] for each in before} == before


def test_an_application_that_was_revised_is_opened_anew_for_its_decision(
    harness: PlanningHarness, parts: dict[str, tuple[str, bool]]
) -> None:
    harness.plan()
    app = opened(harness, OFFICER)
    before, _ = parts["Application and authority"]
    harness.plan(place="Great Yarmouth")
    app.run()

    after, is_open = parts["Application and authority"]
    assert is_open
    assert after != before


@pytest.mark.parametrize(("name", "is_decided"), [(PLANNER, False), (OFFICER, True)])
def test_whoever_has_nothing_to_decide_finds_it_folded(
    harness: PlanningHarness, parts: dict[str, tuple[str, bool]], name: str, *, is_decided: bool
) -> None:
    harness.plan()
    if is_decided:
        harness.authorise()
    opened(harness, name)

    assert not parts["Application and authority"][1]
