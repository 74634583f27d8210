"""Gives the flows of a deployment's life the services they call, over the `Installation` that their run has opened."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from secrets import token_hex
from typing import TYPE_CHECKING

from lfr_core.deployments.announcement import AnnouncementStore
from lfr_core.deployments.evaluations import evaluations_for
from lfr_core.deployments.reading import call
from lfr_core.deployments.service import PlanningService
from lfr_core.deployments.store import DeploymentStore
from lfr_core.domain.actors import SystemActor
from lfr_core.recognition.gallery import MilvusGallery
from lfr_core.recognition.gallery.rotated import rotated_gallery
from lfr_core.storage.engine import writing

if TYPE_CHECKING:
    from lfr_core.custody.installation import Installation
    from lfr_core.custody.people.roles import Role
    from lfr_core.recognition.gallery import Gallery

__all__ = [
    "ACTOR",
    "build_announcement_store",
    "build_deployment_store",
    "build_planning_service",
    "call_role",
    "open_list_gallery",
]

ACTOR = SystemActor.FLOWS
"""Who does what flows do, in the audit trail."""


def build_deployment_store(installation: Installation) -> DeploymentStore:
    """Give the store that ends, cancels and finds deployments."""
    return DeploymentStore(installation.engine, installation.vault, installation.trail, installation.clock)


def build_planning_service(installation: Installation) -> PlanningService:
    """Give the service that opens a planned deployment."""
    evaluations = evaluations_for(installation.settings)
    return PlanningService(
        installation.engine, installation.trail, installation.clock, installation.policy, evaluations
    )


def build_announcement_store(installation: Installation) -> AnnouncementStore:
    """Give the store of announcements."""
    return AnnouncementStore(installation.engine, installation.trail, installation.clock, lambda: token_hex(6))


@contextmanager
def open_list_gallery(installation: Installation) -> Iterator[Gallery]:
    """Open the gallery in which a list is built; closed at the end of the block."""
    with closing(MilvusGallery(installation.settings.gallery_uri)) as gallery:
        yield rotated_gallery(gallery, installation.vault, actor=ACTOR, may_make=True)


def call_role(installation: Installation, role: Role, deployment: str, why: str) -> None:
    """Ask a role to act; the same call that waits already isn't repeated. Raises Retryable."""
    with writing(installation.engine) as session:
        call(session, role=role, deployment=deployment, why=why, now=installation.now)
