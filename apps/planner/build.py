"""Builds the planner's view from one installation; no Streamlit is imported here."""

from __future__ import annotations

from contextlib import suppress
from functools import partial

from apps.planner.camera_control import CameraControl, camera_states, try_camera
from apps.planner.draft_store import DraftStore
from apps.planner.uploaded_lists import UploadedLists
from apps.planner.view import PlannerView
from lfr_core.common.errors import LfrError
from lfr_core.custody.installation import Installation
from lfr_core.custody.people.roles import AuthenticatedPerson
from lfr_core.custody.vault.keystore_files import has_tpm
from lfr_core.deployments.build import (
    build_announcement_store,
    build_deployment_service,
    build_document_register,
)
from lfr_core.deployments.camera_sources import CameraSources, camera_folder
from lfr_core.deployments.evaluations import find_evaluations
from lfr_core.deployments.list_thumbnails import ListThumbnails
from lfr_core.deployments.monitoring.selftest import SelfTest
from lfr_core.deployments.place_plan import PlacePlans
from lfr_core.recognition.build import drop_gallery
from lfr_core.recognition.faces.engine import build_engine
from lfr_core.watchlists.choosing import FaceChooser
from lfr_core.watchlists.list_builder import ListBuilder

__all__ = ["planner_view"]


def planner_view(installation: Installation) -> PlannerView:
    """Build the view. Nothing is connected yet. Raises Fatal: the policy or the evaluations can't be read."""

    def run_self_test(installation: Installation, deployment: str, by: AuthenticatedPerson) -> SelfTest:
        from streams.live_probe_selftest import run_self_test  # loads the face model's libraries

        return run_self_test(installation, deployment, by=by)

    def build_lists() -> ListBuilder:
        from lfr_core.deployments.build_lists import build_list_builder  # loads the face model's libraries

        return build_list_builder(installation)

    def reschedule() -> None:
        from flows.reconcile import schedule_now

        with suppress(LfrError):  # what was done is done; the flows' own sweep catches up
            schedule_now(installation)

    deployments, home = build_deployment_service(installation), installation.settings.home
    faces = FaceChooser(installation.engine, installation.trail, installation.clock)
    sources = CameraSources(installation.engine, installation.trail, camera_folder(home.resolve()))
    return PlannerView(
        engine=installation.engine,
        policy=installation.policy,
        clock=installation.clock,
        looks=installation.looks,
        deployments=deployments,
        announcements=build_announcement_store(installation),
        evaluations=find_evaluations(installation.settings, installation.policy),
        register=build_document_register(installation),
        lists=UploadedLists(
            installation.policy, installation.clock, home, deployments, build_lists, faces, installation.looks
        ),
        cameras=CameraControl(sources, partial(try_camera, installation), partial(camera_states, home)),
        drafts=DraftStore(home / "drafts"),
        plans=PlacePlans(installation.engine, installation.trail, installation.clock),
        build_face_engine=partial(build_engine, installation.settings, installation.policy),
        thumbnails=ListThumbnails(installation.engine, installation.vault, installation.clock),
        run_self_test=partial(run_self_test, installation),
        reports=home / "quality",
        uploads=home / "tmp",
        drop_gallery=partial(drop_gallery, installation),
        has_tpm=partial(has_tpm, installation.settings),
        reschedule=reschedule,
    )
