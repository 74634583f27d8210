"""Builds the planner's view from one installation; no Streamlit is imported here."""

from __future__ import annotations

from contextlib import suppress
from functools import partial

from apps import services
from apps.planner.view import PlannerServices, PlannerView
from lfr_core.common.errors import LfrError
from lfr_core.custody.installation import Installation
from lfr_core.deployments.evaluations import evaluations_for
from lfr_core.deployments.services import build_announcement_store, build_deployment_store, build_planning_service

__all__ = ["planner_view"]


def planner_view(installation: Installation) -> PlannerView:
    """Build the view. Nothing is connected yet. Raises Fatal: the policy or the evaluations can't be read."""

    def reschedule() -> None:
        with suppress(LfrError):  # what was done is done; the flows' own sweep catches up
            services.reschedule(installation)

    return PlannerView(
        installation.engine,
        installation.policy,
        installation.clock,
        installation.settings.home / "quality",
        PlannerServices(
            planning=build_planning_service(installation),
            store=build_deployment_store(installation),
            announcements=build_announcement_store(installation),
            evaluations=evaluations_for(installation.settings),
            compare=services.build_gallery_comparison(installation),
            drop_gallery=partial(services.drop_gallery, installation),
            reschedule=reschedule,
        ),
    )
