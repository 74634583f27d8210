"""What waits for somebody has its number beside where it stands, whichever part of the page they look at."""

from __future__ import annotations

import pytest
from streamlit.testing.v1 import AppTest

from tests.support.page_session import session_of
from tests.support.people import authenticated
from tests.support.planner_view import planner_view_of
from tests.support.planning import OFFICER, PLANNER, PlanningHarness


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    """One database is enough for what a page does."""
    return sqlite_url


def drawn(view: object, session: object) -> None:
    from apps.planner.page import page

    page(view, session)  # type: ignore[arg-type]  # annotations are read where nothing is imported


def page_of(harness: PlanningHarness, name: str) -> AppTest:
    kwargs = {"view": planner_view_of(harness), "session": session_of(harness.engine, name)}
    return AppTest.from_function(drawn, kwargs=kwargs, default_timeout=20).run()


def captions(app: AppTest) -> list[str]:
    assert not app.exception
    return list(app.radio[0].proto.captions)


def test_the_number_of_what_waits_comes_and_goes_and_the_part_of_the_page_stays(harness: PlanningHarness) -> None:
    harness.plan()
    app = page_of(harness, OFFICER)
    app.radio[0].set_value("waiting").run()

    assert captions(app) == ["", "1 waits", "", ""]
    harness.plan("other", place="Great Yarmouth", cameras=("east",))
    assert captions(app.run()) == ["", "2 wait", "", ""]
    for each in ("dep", "other"):
        harness.deployments.cancel(each, "storm warning", by=authenticated(PLANNER))
    assert captions(app.run()) == []
    assert app.radio[0].value == "waiting"


def test_nothing_waits_for_whoever_has_asked(harness: PlanningHarness) -> None:
    harness.plan()

    assert captions(page_of(harness, PLANNER)) == []


def test_the_page_opens_at_what_waits_for_whoever_has_logged_in_and_else_at_the_calendar(
    harness: PlanningHarness,
) -> None:
    harness.plan()

    assert page_of(harness, OFFICER).radio[0].value == "waiting"
    assert page_of(harness, PLANNER).radio[0].value == "calendar"
