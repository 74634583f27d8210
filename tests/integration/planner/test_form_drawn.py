"""The application's form, drawn: a draft may be incomplete, an application may not."""

from __future__ import annotations

import pytest
from streamlit.testing.v1 import AppTest

from apps.planner.view import PlannerView
from lfr_core.deployments.readiness import calendar
from tests.support.page_session import session_of
from tests.support.planner_view import planner_view_of
from tests.support.planning import PLANNER, PlanningHarness


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    """One database is enough for what a page does."""
    return sqlite_url


def drawn(view: object, person: object) -> None:
    from apps.planner import form

    form.keep()
    form.show(view, person, go="go")  # type: ignore[arg-type]  # annotations are read where nothing is imported


def opened(harness: PlanningHarness) -> tuple[AppTest, PlannerView]:
    harness.settle()
    view = planner_view_of(harness)
    kwargs = {"view": view, "person": session_of(harness.engine, PLANNER).person}
    return AppTest.from_function(drawn, kwargs=kwargs, default_timeout=20).run(), view


def press(app: AppTest, label: str) -> AppTest:
    (button,) = [each for each in app.button if each.label == label]
    button.click().run()
    assert not app.exception
    return app


def typed(app: AppTest) -> dict[str, str]:
    return {each.label: each.value or "" for each in app.text_input}


def test_a_draft_that_is_incomplete_is_kept_and_says_what_is_missing_without_refusing(harness: PlanningHarness) -> None:
    app, view = opened(harness)
    (name,) = [each for each in app.text_input if each.label == "Name"]
    name.input("Norwich market")
    press(app, "Keep as a draft")

    assert [each.value for each in app.error] == []
    assert app.info[0].value.startswith("Your draft is kept. Before you apply: ")
    assert "Short name: fill it in." in app.info[1].value
    assert typed(app)["Name"] == "Norwich market"
    assert (view.drafts.find(PLANNER) or {})["name"] == "Norwich market"
    assert calendar(harness.engine) == ()  # nothing is planned by it

    press(app, "Apply for authority")
    assert app.error[0].value.startswith("Nothing was taken")
    assert [each.value for each in app.info] == []
