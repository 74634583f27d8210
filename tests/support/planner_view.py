"""The planner's view over a harness: what its pages act through, each of which a test may exchange."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext
from typing import Any
from uuid import uuid4

from apps.planner.camera_control import CameraControl, TriedCamera
from apps.planner.draft_store import DraftStore
from apps.planner.uploaded_lists import UploadedLists
from apps.planner.view import PlannerView
from lfr_core.custody.people.consultations import Consultations
from lfr_core.custody.people.roles import AuthenticatedPerson
from lfr_core.deployments.camera_sources import CameraSources, camera_folder
from lfr_core.deployments.compliance_documents import ComplianceDocumentRegister
from lfr_core.deployments.evaluations import load_evaluations
from lfr_core.deployments.list_thumbnails import ListThumbnails
from lfr_core.deployments.monitoring.selftest import SelfTest, SelfTestLine
from lfr_core.deployments.place_plan import PlacePlans
from lfr_core.recognition.faces.types import FaceEngine
from lfr_core.watchlists.choosing import FaceChooser
from lfr_core.watchlists.list_builder import ListBuilder
from tests.support.planning import PlanningHarness

__all__ = ["no_camera", "planner_view_of", "uploaded_lists"]


def planner_view_of(harness: PlanningHarness, **changes: Any) -> PlannerView:
    """Make the view over a harness; without an engine for faces, no list is checked."""

    def self_test(deployment: str, by: AuthenticatedPerson) -> SelfTest:
        assert by.name
        line = SelfTestLine("test face", ok=True, message="found")
        done = SelfTest(uuid4(), deployment, harness.clock.time_ns(), (line,))
        harness.prove(deployment, done.to_json())
        harness.compare(deployment)
        return done

    def builder() -> ListBuilder:
        return ListBuilder(
            harness.policy, harness.deployments, lambda: nullcontext(harness.gallery), no_engine, harness.home
        )

    values: dict[str, Any] = {
        "engine": harness.engine,
        "policy": harness.policy,
        "clock": harness.clock,
        "reports": harness.home / "quality",
        "looks": Consultations(harness.engine, harness.trail, harness.clock),
        "deployments": harness.deployments,
        "announcements": harness.announcements,
        "evaluations": load_evaluations(),
        "register": ComplianceDocumentRegister(
            harness.engine, harness.trail, harness.clock, harness.home / "papers", harness.policy.documents
        ),
        "lists": uploaded_lists(harness, builder),
        "cameras": CameraControl(
            CameraSources(harness.engine, harness.trail, camera_folder(harness.home)), no_camera, dict
        ),
        "plans": PlacePlans(harness.engine, harness.trail, harness.clock),
        "build_face_engine": no_engine,
        "thumbnails": ListThumbnails(harness.engine, harness.vault, harness.clock),
        "drafts": DraftStore(harness.home / "drafts"),
        "run_self_test": self_test,
        "uploads": harness.home / "tmp",
    }
    return PlannerView(**(values | changes))


def uploaded_lists(harness: PlanningHarness, builder: Callable[[], ListBuilder]) -> UploadedLists:
    """Return the uploads of a page over these records."""
    chooser = FaceChooser(harness.engine, harness.trail, harness.clock)
    looks = Consultations(harness.engine, harness.trail, harness.clock)
    return UploadedLists(harness.policy, harness.clock, harness.home, harness.deployments, builder, chooser, looks)


def no_camera(_address: str) -> TriedCamera:
    return TriedCamera(1280, 720, 25.0, "h264", fits=True, still=None, why_no_still="no face model in this test")


def no_engine() -> FaceEngine:
    raise AssertionError("no face is looked at in this test")
