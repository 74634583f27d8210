"""An act on the planner's page reaches what stood on the screen, or nothing at all."""

from __future__ import annotations

import time

import cv2
import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from apps.planner import camera_panel
from apps.planner.camera_control import CameraControl
from lfr_core.deployments.announcement import ReasonClass, announcements
from lfr_core.deployments.camera_sources import CameraSources, camera_folder
from lfr_core.deployments.list_thumbnails import ON_A_PAGE
from lfr_core.deployments.reading import read_authority, timeline
from lfr_core.deployments.withholding import ask_to_withhold, refuse_withholding
from lfr_core.storage.engine import reading
from streams.camera.discovery import FoundCamera
from tests.support.page_session import session_of
from tests.support.people import authenticated
from tests.support.planner_view import no_camera, planner_view_of
from tests.support.planning import OFFICER, OTHER_OFFICER, PLANNER, PUBLISHER, PlanningHarness
from tests.support.records import entry

CHANGED = "It has changed since you looked: read it anew"


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    """One database is enough for what a page does."""
    return sqlite_url


def drawn(view: object, person: object) -> None:
    """As the page does."""
    from apps.acts import show_result
    from apps.planner import actions

    show_result()
    actions.show_actions(view, person, view.read_overview("dep"), go="go")  # type: ignore[arg-type,attr-defined]  # its annotation is read where nothing is imported


def page(harness: PlanningHarness, name: str, **changes: object) -> AppTest:
    view = planner_view_of(harness, deployments=harness.service(compare=lambda _: ""), **changes)
    app = AppTest.from_function(
        drawn, kwargs={"view": view, "person": session_of(harness.engine, name).person}, default_timeout=20
    ).run()
    assert not app.exception
    return app


def press(app: AppTest, label: str) -> AppTest:
    (button,) = [each for each in app.button if each.label.startswith(label)]
    button.click().run()
    assert not app.exception
    return app


def test_an_application_revised_since_the_officer_looked_is_not_authorised(harness: PlanningHarness) -> None:
    harness.plan()
    app = page(harness, OTHER_OFFICER)
    app.text_area[0].input("necessary and proportionate").run()
    harness.plan(place="Great Yarmouth")

    press(app, "Authorise")

    with reading(harness.engine) as session:
        assert read_authority(session, "dep") is None
    assert CHANGED in app.warning[0].value


def test_a_list_built_anew_since_the_officer_looked_is_not_approved(harness: PlanningHarness) -> None:
    harness.plan()
    harness.authorise()
    harness.announce()
    harness.compile()
    app = page(harness, OFFICER)
    before = harness.digest()
    harness.compile(entries=(entry(), entry("another")))
    assert harness.digest() != before

    press(app, "Approve the list")
    reported, approved = app.warning[0].value, [each.value for each in app.success]
    press(app, "Approve the list")

    assert CHANGED in reported
    assert (approved, app.success[0].value) == ([], "The list is approved.")


def test_one_person_asks_to_withhold_and_another_approves_on_pages_of_their_own(harness: PlanningHarness) -> None:
    harness.plan()
    harness.authorise()
    press(page(harness, PUBLISHER), "Ask to withhold")
    own = page(harness, PUBLISHER)
    assert [each.label for each in own.button if "Approve" in each.label] == []
    assert announcements(harness.engine) == ()

    officer = page(harness, OTHER_OFFICER)
    assert f"{PUBLISHER} asks that its notice be withheld" in "".join(each.proto.body for each in officer.get("html"))
    press(officer, "Approve: ")

    (made,) = announcements(harness.engine)
    assert made.withheld_because is not None
    assert made.withheld_because.value in "".join(each.note for each in timeline(harness.engine, "dep"))


def test_a_request_to_withhold_that_changed_since_the_officer_looked_is_not_approved(harness: PlanningHarness) -> None:
    harness.plan()
    harness.authorise()
    press(page(harness, PUBLISHER), "Ask to withhold")
    officer = page(harness, OFFICER)
    refuse_withholding(harness.announcements, "dep", by=authenticated(PUBLISHER), reason="for another reason")
    ask_to_withhold(harness.announcements, "dep", because=ReasonClass.NATIONAL_SECURITY, by=authenticated(PUBLISHER))

    press(officer, "Approve: ")

    assert CHANGED in officer.warning[0].value
    assert announcements(harness.engine) == ()


def test_what_was_announced_is_offered_neither_again_nor_to_be_withheld(harness: PlanningHarness) -> None:
    harness.plan()
    harness.authorise()
    before = {each.label for each in page(harness, PUBLISHER).expander}
    harness.announce()

    after = {each.label for each in page(harness, PUBLISHER).expander}

    assert before - after == {"Announce it", "Withhold the announcement"}


def test_the_cameras_of_one_of_this_machines_networks_are_found_by_a_button(
    harness: PlanningHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(camera_panel, "own_networks", lambda: ("10.0.0.0/24", "10.0.1.0/24"))
    asked = []

    def find(network: str) -> list[FoundCamera]:
        asked.append(network)
        return [FoundCamera("10.0.1.7", "North Gate", "X-1", ())]

    sources = CameraSources(harness.engine, harness.trail, camera_folder(harness.home))
    harness.plan()
    app = page(harness, PLANNER, cameras=CameraControl(sources, no_camera, dict, find))
    app.selectbox(key="camera-network-dep").set_value("10.0.1.0/24").run()
    press(app, "Find cameras")
    deadline = time.monotonic() + 20
    while "North Gate" not in "".join(each.proto.body for each in app.get("html")):
        assert time.monotonic() < deadline
        app.run()

    assert asked == ["10.0.1.0/24"]
    assert "Find cameras" not in [each.label for each in page(harness, PUBLISHER).button]


def html_of(app: AppTest) -> str:
    return "".join(each.proto.body for each in app.get("html"))


def test_the_officer_who_approves_a_list_turns_its_photographs_over_and_they_go_with_the_button(
    harness: PlanningHarness,
) -> None:
    crop = bytes(cv2.imencode(".jpg", np.full((200, 200, 3), 90, np.uint8))[1])
    harness.plan()
    harness.authorise()
    harness.announce()
    harness.compile(entries=(*(entry(f"e{n:02}", crop=crop) for n in range(ON_A_PAGE)), entry("child", age=12)))
    app = page(harness, OFFICER)
    assert "data:image" not in html_of(app)

    (switch,) = [each for each in app.toggle if "photographs" in each.label]
    switch.set_value(True).run()

    assert f"Photographs 1 to {ON_A_PAGE} of {ON_A_PAGE + 1}" in html_of(app)
    assert html_of(app).count("data:image/jpeg") == ON_A_PAGE - 1  # the child's is no picture in this test
    assert "age 12" in html_of(app)
    assert "subject of" not in html_of(app)
    press(app, "Those after")
    assert f"Photographs {ON_A_PAGE + 1} to {ON_A_PAGE + 1} of {ON_A_PAGE + 1}" in html_of(app)
    press(app, "Approve the list")
    assert "data:image" not in html_of(app)


def test_whoever_may_not_approve_a_list_is_offered_no_photographs(harness: PlanningHarness) -> None:
    harness.plan()
    harness.authorise()
    harness.announce()
    harness.compile()

    for name in (PLANNER, PUBLISHER):
        assert [each.label for each in page(harness, name).toggle if "photographs" in each.label] == []


def test_photographs_of_a_list_that_was_compiled_anew_are_not_shown(harness: PlanningHarness) -> None:
    harness.plan()
    harness.authorise()
    harness.announce()
    harness.compile()
    view = planner_view_of(harness)
    one = view.read_overview("dep")
    harness.compile(entries=(entry("another"),))

    shown = AppTest.from_function(
        panel, kwargs={"view": view, "one": one, "person": session_of(harness.engine, OFFICER).person}
    ).run()
    shown.toggle[0].set_value(True).run()

    assert "compiled anew" in shown.warning[0].value


def panel(view: object, one: object, person: object) -> None:
    """As the page does."""
    from apps.planner.photographs_panel import show_photographs_panel

    show_photographs_panel(view, one, person)  # type: ignore[arg-type]  # its annotation is read where nothing is imported
