"""A deployment's page leads on: its steps, what each lacks, who acts, and a button for whom the act is."""

from __future__ import annotations

import re
import time
from uuid import uuid4

import pytest
from streamlit.testing.v1 import AppTest

from apps.planner.stepper import StepState, lifecycle_steps, red_line_html, step_html
from lfr_core.deployments.monitoring.store import LiveProbeKind, begin_live_probe
from lfr_core.deployments.reading import read_state
from lfr_core.domain.actors import SystemActor
from lfr_core.domain.deployments import DeploymentStatus
from lfr_core.storage.engine import reading
from lfr_core.storage.tables.deployments import DeploymentRow, PlannedDeploymentRow
from tests.support.overwriting import overwriting
from tests.support.page_session import session_of
from tests.support.people import authenticated
from tests.support.planner_view import planner_view_of
from tests.support.planning import OFFICER, OPERATOR, OTHER_OFFICER, PLANNER, PUBLISHER, PlanningHarness, form
from tests.support.records import entry

S = DeploymentStatus
DONE, NOW, LATER, STOPPED = StepState.DONE, StepState.NOW, StepState.LATER, StepState.STOPPED


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    """One database is enough for what a page does."""
    return sqlite_url


def drawn(view: object, session: object) -> None:
    import streamlit as st

    from apps.acts import show_result
    from apps.planner import actions
    from apps.planner.readiness_panel import show_readiness

    show_result()
    with st.container():  # a column of its own, on the page
        show_readiness(view, session, "dep")  # type: ignore[arg-type]  # its annotation is read where nothing is imported
    actions.show_actions(view, session.person, view.read_overview("dep"), go="go")  # type: ignore[arg-type,attr-defined]


def readiness(harness: PlanningHarness, name: str) -> AppTest:
    kwargs = {"view": planner_view_of(harness), "session": session_of(harness.engine, name)}
    app = AppTest.from_function(drawn, kwargs=kwargs, default_timeout=20).run()
    assert not app.exception
    return app


def mends(app: AppTest) -> list[str]:
    return [each.label for each in app.button if str(each.key).startswith("mend-")]


def press(app: AppTest, label: str) -> AppTest:
    (button,) = [each for each in app.button if each.label == label and str(each.key).startswith("mend-")]
    button.click().run()
    assert not app.exception
    return app


def words(app: AppTest) -> str:
    return "".join(each.proto.body for each in app.get("html"))


def states(harness: PlanningHarness) -> list[StepState]:
    view = planner_view_of(harness)
    return [each.state for each in lifecycle_steps(view.read_overview("dep"), published=view.is_published("dep"))]


@pytest.mark.parametrize(
    ("to", "expected"),
    [
        (S.APPLIED, [DONE, NOW, LATER, LATER, LATER, LATER, LATER, LATER]),
        (S.LIST_BUILT, [DONE, DONE, NOW, DONE, LATER, LATER, LATER, LATER]),
        (S.LIST_APPROVED, [DONE, DONE, DONE, DONE, NOW, LATER, LATER, LATER]),
        (S.READY, [DONE, DONE, DONE, DONE, DONE, NOW, LATER, LATER]),
        (S.LIVE, [DONE, DONE, DONE, DONE, DONE, NOW, NOW, LATER]),
    ],
)
def test_each_step_says_whether_it_is_done_now_or_later(
    harness: PlanningHarness, to: DeploymentStatus, expected: list[StepState]
) -> None:
    harness.walk(to)

    assert states(harness) == expected


def test_what_was_given_up_or_is_over_lacks_nothing_more(harness: PlanningHarness) -> None:
    harness.plan()
    harness.deployments.cancel("dep", "storm warning", by=authenticated(PLANNER))
    view = planner_view_of(harness)
    steps = lifecycle_steps(view.read_overview("dep"), published=False)

    assert states(harness) == [DONE, STOPPED, STOPPED, STOPPED, STOPPED, STOPPED, STOPPED, STOPPED]
    assert [each for step in steps for each in step.red] == []


def test_while_it_is_live_the_closing_is_offered_and_nothing_of_it_is_called_missing(harness: PlanningHarness) -> None:
    harness.walk(DeploymentStatus.LIVE)
    view = planner_view_of(harness)

    (closing,) = (
        step for step in lifecycle_steps(view.read_overview("dep"), published=False) if step.title == "Closing"
    )

    assert "nothing missing" in step_html(closing)
    assert "pln-red" not in red_line_html(closing.red[0], "")


@pytest.mark.parametrize("to", [S.APPLIED, S.LIST_BUILT, S.LIST_APPROVED, S.READY, S.LIVE])
def test_who_acts_may_press_the_button_beside_the_line(harness: PlanningHarness, to: DeploymentStatus) -> None:
    harness.walk(to)
    steps = lifecycle_steps(planner_view_of(harness).read_overview("dep"), published=False)

    offered = [(line.who, line.remedy.roles) for step in steps for line in step.red if line.remedy is not None]

    assert offered
    assert [who for who, roles in offered if who not in {role.value for role in roles}] == []


def test_a_red_line_has_a_button_for_whom_the_act_is_and_names_for_the_others(harness: PlanningHarness) -> None:
    harness.plan()

    assert mends(readiness(harness, OTHER_OFFICER)) == ["Add a document", "Decide on it"]
    assert mends(readiness(harness, PLANNER)) == []
    assert "Who acts: authorising officer" in words(readiness(harness, PLANNER))


def test_signs_and_briefing_are_confirmed_beside_their_red_lines_and_then_it_is_called_ready(
    harness: PlanningHarness,
) -> None:
    harness.walk(S.LIST_APPROVED)
    harness.touch()
    app = readiness(harness, PLANNER)

    for label in ("Confirm the signs", "Confirm the briefing", "Call it ready"):
        press(app, label)
        assert [each.value for each in app.error] == []

    with reading(harness.engine) as session:
        kept = session.get_one(PlannedDeploymentRow, "dep")
        state = read_state(session, session.get_one(DeploymentRow, "dep"))
    assert (kept.signage_by, kept.briefing_by) == (PLANNER, PLANNER)
    assert state is not None
    assert state.status is S.READY


def test_the_self_test_is_run_from_its_red_line_and_says_what_it_saw(harness: PlanningHarness) -> None:
    harness.walk(S.READY)
    app = readiness(harness, OPERATOR)

    press(app, "Run the self-test")
    deadline = time.monotonic() + 10
    while ": in order" not in words(app) and time.monotonic() < deadline:
        app.run()

    assert re.search(r"Self-test of \d+ \w+ 20\d\d, \d\d:\d\d: in order", words(app))
    assert "Run the self-test" not in mends(app.run())


def test_what_the_last_self_test_came_to_is_read_also_once_the_deployment_is_over_and_whoever_ran_it(
    harness: PlanningHarness,
) -> None:
    harness.walk(S.LIVE)
    assert "Self-test of " in words(readiness(harness, OPERATOR))
    harness.prove(detail='[{"name": "test face", "ok": true, "said": "found at 0.98"}]')
    with overwriting(harness.engine) as session:  # live probes since, none of which is one
        for number in range(30):
            at_ns = harness.clock.time_ns() + number + 1
            begin_live_probe(
                session, harness.trail.records_key(), uuid4(), "dep", LiveProbeKind.LIVE_PROBE, ["north"], at_ns
            )
    harness.deployments.close("dep", by=SystemActor.FLOWS)

    app = readiness(harness, OPERATOR)  # a view of its own, as after the pages were started anew
    assert "found at 0.98" in words(app)
    assert ": in order" in words(app)


def test_an_announcement_is_shown_as_the_public_reads_it_before_it_is_made(harness: PlanningHarness) -> None:
    harness.plan()
    harness.authorise()
    app = press(readiness(harness, PUBLISHER), "Preview the announcement")

    assert "As the public will read it" in words(app)
    assert "find people wanted by the courts" in words(app)
    (announce,) = [each for each in app.button if each.label == "Announce it now"]
    announce.click().run()

    assert [each.value for each in app.success] == ["It is announced."]


def test_no_page_of_a_deployment_shows_a_command_or_a_digest(harness: PlanningHarness) -> None:
    harness.walk(S.LIST_BUILT)
    for name in (PLANNER, OFFICER, OTHER_OFFICER, OPERATOR, PUBLISHER):
        app = readiness(harness, name)
        shown = words(app) + "".join(each.label for each in app.button)
        assert "`lfr" not in shown
        assert "UTC" not in shown
        assert harness.digest()[:12] not in shown


def test_the_officer_who_approves_sees_what_changed_since_the_list_before(harness: PlanningHarness) -> None:
    harness.plan("old", wanted=form(harness.start(6), place="Great Yarmouth"))
    harness.authorise("old")
    harness.compile("old", entries=(entry("a"), entry("b")))
    harness.plan()
    harness.authorise()
    harness.compile()

    app = readiness(harness, OFFICER)

    assert "Since old, " in words(app)
    assert ">-1<" in words(app)
