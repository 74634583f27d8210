"""The plan of a place: a picture made anew, cameras of the application on it, for the public where that is wanted."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import cv2
import numpy as np
import pytest
from sqlmodel import text

from apps.planner.place_panel import plan_html
from apps.planner.plan_component import read_marks
from apps.planner.plan_pictures import make_plan, use_plan
from lfr_core.common.errors import Fatal, LfrError, Refused
from lfr_core.deployments.place_plan import MOST_BYTES, PlacePlans, PlanMark
from lfr_core.domain.deployments import DeploymentStatus
from lfr_core.domain.policy import load_policy
from lfr_core.publication.site.build import render_site_files
from lfr_core.publication.site.data import gather_site_data
from lfr_core.recognition.faces.decode import decode
from lfr_core.recognition.faces.engine import PackEngine
from lfr_core.recognition.faces.types import FaceEngine
from tests.support.no_faces import no_faces
from tests.support.overwriting import overwriting
from tests.support.people import authenticated
from tests.support.planning import PLANNER, PlanningHarness
from tests.support.samples import cpu, require_pack, require_photos

IMAGES = load_policy().images
NORTH = PlanMark(camera="north", x=0.25, y=0.5)


def scan(width: int = 2_000, height: int = 1_000) -> bytes:
    """A street plan as somebody scanned it, with something in it that isn't a picture."""
    image = np.full((height, width, 3), 255, np.uint8)
    cv2.line(image, (0, height // 2), (width, height // 2), (0, 0, 0), 9)
    return bytes(cv2.imencode(".png", image)[1]) + b"<script>alert(1)</script>"


@pytest.fixture
def plans(harness: PlanningHarness) -> PlacePlans:
    return PlacePlans(harness.engine, harness.trail, harness.clock)


def test_a_plan_is_made_anew_and_small_and_nothing_of_the_given_file_is_kept() -> None:
    made = make_plan(scan(), IMAGES, no_faces)

    assert (made.width_px, made.height_px) == (1_200, 600)
    assert made.jpeg.startswith(b"\xff\xd8\xff")
    assert b"script" not in made.jpeg
    assert len(made.jpeg) <= MOST_BYTES


@pytest.mark.parametrize("given", [b"", b"%PDF-1.7", scan()[:200], b"<svg xmlns='http://www.w3.org/2000/svg'/>"])
def test_what_is_no_picture_is_refused_with_a_sentence(given: bytes) -> None:
    with pytest.raises(LfrError) as caught:
        make_plan(given, IMAGES, no_faces)

    assert len(str(caught.value)) > 20


def test_a_planner_places_the_applications_cameras_and_another_picture_keeps_their_places_and_is_for_staff_at_first(
    harness: PlanningHarness, plans: PlacePlans
) -> None:
    harness.plan()
    planner = authenticated(PLANNER)
    plans.keep("dep", replace(make_plan(scan(), IMAGES, no_faces), marks=(NORTH,), is_public=True), by=planner)

    use_plan(plans, "dep", scan(400, 300), IMAGES, no_faces, by=planner)

    found = plans.find("dep")
    assert found is not None
    assert (found.width_px, found.marks, found.is_public) == (400, (NORTH,), False)
    shown = plan_html(found, "Norwich")
    assert "<li>north</li>" in shown
    with pytest.raises(Refused) as refused:
        plans.keep("dep", replace(found, marks=(PlanMark(camera="west", x=0.1, y=0.1),)), by=planner)
    assert refused.value.rule == "camera.not-of-deployment"


@pytest.mark.models
def test_of_a_photograph_that_is_given_as_a_plan_nobodys_face_is_kept() -> None:
    engine = PackEngine(require_pack(), load_policy().faces, cpu, 1)
    given = require_photos()["t1"].read_bytes()
    assert engine.detect([decode(given, IMAGES)])[0]

    made = decode(make_plan(given, IMAGES, lambda: engine).jpeg, IMAGES)

    assert engine.detect([made])[0] == []


def test_where_faces_cannot_be_looked_for_no_plan_is_taken(harness: PlanningHarness, plans: PlacePlans) -> None:
    def missing() -> FaceEngine:
        raise Fatal("the model pack isn't there")

    harness.plan()
    with pytest.raises(Fatal):
        use_plan(plans, "dep", scan(), IMAGES, missing, by=authenticated(PLANNER))

    assert plans.find("dep") is None


def test_a_plan_that_was_changed_in_the_database_is_not_shown(harness: PlanningHarness, plans: PlacePlans) -> None:
    harness.plan()
    plans.keep("dep", make_plan(scan(), IMAGES, no_faces), by=authenticated(PLANNER))
    with overwriting(harness.engine) as session:
        session.execute(text("UPDATE place_plan SET sha256 = 'another'"))

    assert plans.find("dep") is None


def test_once_it_is_over_its_plan_stays_as_it_is(harness: PlanningHarness, plans: PlacePlans) -> None:
    harness.plan()
    harness.deployments.cancel("dep", "it rains", by=authenticated(PLANNER))

    with pytest.raises(Refused) as refused:
        plans.keep("dep", make_plan(scan(), IMAGES, no_faces), by=authenticated(PLANNER))

    assert refused.value.rule == "place.over"


@pytest.mark.parametrize("is_public", [True, False])
def test_the_public_sees_the_plan_of_an_announced_deployment_whose_planner_wants_that(
    harness: PlanningHarness,
    plans: PlacePlans,
    *,
    is_public: bool,
) -> None:
    harness.walk(DeploymentStatus.AUTHORISED)
    plan = replace(make_plan(scan(), IMAGES, no_faces), marks=(NORTH,), is_public=is_public)
    plans.keep("dep", plan, by=authenticated(PLANNER))

    data = gather_site_data(
        harness.engine, harness.policy, documents_folder=harness.home / "papers", now=harness.now + timedelta(minutes=1)
    )
    pages = {name: page.decode() for name, page in render_site_files(data, harness.policy, signer=None).items()}

    page = next(page for name, page in pages.items() if name.startswith("deployments/"))
    assert ('aria-label="Plan of Norwich: each number is a camera, 1 of them"' in page) is is_public
    assert ("data:image/jpeg;base64," in page) is is_public
    assert "img-src data:" in page


@pytest.mark.parametrize(
    "given",
    [{"north": [2.0, 0.5]}, {"north": [0.5]}, {"north": "here"}, ["north"], "north", {"north": [float("nan"), 0.1]}],
    ids=str,
)
def test_places_that_a_browser_cannot_have_meant_are_refused(given: object) -> None:
    with pytest.raises(Refused) as refused:
        read_marks(given, ("north",))

    assert refused.value.rule == "place.bad-marks"


def test_places_of_cameras_that_the_application_does_not_name_are_left_out() -> None:
    assert read_marks({"west": [0.1, 0.1], "north": [0.25, 0.5]}, ("south", "north")) == (NORTH,)
