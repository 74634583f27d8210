"""Builds what makes the list of a deployment, over an `Installation`: for those few that work with faces.

Beside `lfr_core.deployments.build`, since what finds faces takes seconds to import and much memory.
"""

from __future__ import annotations

from functools import partial

from lfr_core.custody.installation import Installation
from lfr_core.deployments.build import build_deployment_service
from lfr_core.domain.actors import SystemActor
from lfr_core.recognition.build import open_list_gallery
from lfr_core.recognition.faces.engine import build_engine
from lfr_core.watchlists.list_builder import ListBuilder

__all__ = ["build_list_builder"]


def build_list_builder(installation: Installation, *, actor: SystemActor = SystemActor.ENROLMENT) -> ListBuilder:
    """Build what checks and enrols watchlists; models are loaded at the first photograph.

    actor: which part of the platform asks for the list's key.
    """
    return ListBuilder(
        policy=installation.policy,
        store=build_deployment_service(installation),
        open_gallery=partial(open_list_gallery, installation, actor=actor),
        engine=partial(build_engine, installation.settings, installation.policy),
        home=installation.settings.home,
    )
