"""At the planner's desk a deployment is called by its name and its time, never by its id."""

from __future__ import annotations

import pytest
from streamlit.testing.v1 import AppTest

from lfr_core.domain.deployments import DeploymentKind
from tests.support.page_session import session_of
from tests.support.people import authenticated
from tests.support.planner_view import planner_view_of
from tests.support.planning import OFFICER, OTHER_OFFICER, PLANNER, PlanningHarness, form

ID = "xq-77"


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    """One database is enough for what a page does."""
    return sqlite_url


def drawn(view: object, session: object) -> None:
    from apps.planner.page import page

    page(view, session)  # type: ignore[arg-type]  # its annotation is read where nothing is imported


def texts(app: AppTest) -> str:
    assert not app.exception
    written = [each.proto.body for each in app.get("html")] + [each.value for each in (*app.error, *app.success)]
    chosen = [label for each in (*app.selectbox, *app.radio) for label in each.options]
    return "\n".join((*written, *chosen, *(each.label for each in app.button)))


@pytest.mark.parametrize("name", [PLANNER, OFFICER])
def test_every_part_of_the_desk_names_a_deployment_and_shows_no_id(harness: PlanningHarness, name: str) -> None:
    asked = form(harness.start())
    harness.deployments.plan(
        ID, DeploymentKind.OPERATIONAL, asked, by=authenticated(PLANNER), name="Norwich market", submit=True
    )
    given = {"view": planner_view_of(harness), "session": session_of(harness.engine, name)}
    app = AppTest.from_function(drawn, kwargs=given, default_timeout=30).run()
    shown = texts(app)
    app.radio(key="planner-where").set_value("calendar").run()
    shown += texts(app)
    app.radio(key="planner-where").set_value("waiting").run()
    shown += texts(app)
    app.radio(key="planner-where").set_value("deployment").run()
    shown += texts(app)

    assert "Norwich market, " in shown
    assert "Look at Norwich market" in shown
    assert ID not in shown


def test_what_was_decided_is_said_of_the_name(harness: PlanningHarness) -> None:
    harness.deployments.plan(
        ID, DeploymentKind.OPERATIONAL, form(harness.start()), by=authenticated(PLANNER), name="Norwich market"
    )
    view = planner_view_of(harness)
    given = {"view": view, "session": session_of(harness.engine, OTHER_OFFICER)}
    app = AppTest.from_function(drawn, kwargs=given, default_timeout=30)
    app.session_state["planner-where"], app.session_state["planner-deployment"] = "deployment", ID
    (why,) = [each for each in app.run().text_area if each.label.startswith("Your reason")]
    why.input("not shown to be necessary")
    (refuse,) = [each for each in app.button if each.label == "Refuse"]
    refuse.click().run()

    assert "Norwich market is refused." in texts(app)
