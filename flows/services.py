"""What the flows of a deployment's life work with: the services of these settings, under the flows' own clock."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from secrets import token_hex
from typing import TYPE_CHECKING

from flows.clock import now_source
from lfr_core.common.clock import utc_from_ns
from lfr_core.custody.audit.trail import AuditTrail
from lfr_core.custody.vault.client import vault_client
from lfr_core.deployments.announcement import AnnouncementStore
from lfr_core.deployments.evaluations import evaluations_for
from lfr_core.deployments.reading import call
from lfr_core.deployments.service import PlanningService
from lfr_core.deployments.store import DeploymentStore
from lfr_core.domain.actors import SystemActor
from lfr_core.recognition.gallery import MilvusGallery
from lfr_core.recognition.gallery.rotated import rotated_gallery
from lfr_core.storage.engine import open_engine, writing

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import Engine

    from lfr_core.common.clock import Clock
    from lfr_core.common.settings import Settings
    from lfr_core.custody.audit.port import Trail
    from lfr_core.custody.people.roles import Role
    from lfr_core.custody.vault.port import Vault
    from lfr_core.domain.policy import Policy
    from lfr_core.recognition.gallery import Gallery

__all__ = ["ACTOR", "Office", "office"]

ACTOR = SystemActor.FLOWS
"""Who does what flows do."""


@dataclass(frozen=True, slots=True)
class Office:
    """Everything is connected when it is first used."""

    settings: Settings
    policy: Policy
    engine: Engine
    vault: Vault
    trail: Trail
    clock: Clock

    @property
    def now(self) -> datetime:
        return utc_from_ns(self.clock.time_ns())

    @property
    def store(self) -> DeploymentStore:
        return DeploymentStore(self.engine, self.vault, self.trail, self.clock)

    @property
    def desk(self) -> PlanningService:
        return PlanningService(self.engine, self.trail, self.clock, self.policy, evaluations_for(self.settings))

    @property
    def announcements(self) -> AnnouncementStore:
        return AnnouncementStore(self.engine, self.trail, self.clock, lambda: token_hex(6))

    @contextmanager
    def plain_gallery(self) -> Iterator[MilvusGallery]:
        """Milvus as it is: to drop collections."""
        gallery = MilvusGallery(self.settings.gallery_uri)
        try:
            yield gallery
        finally:
            gallery.close()

    @contextmanager
    def list_gallery(self) -> Iterator[Gallery]:
        """The gallery in which a list is built."""
        with self.plain_gallery() as gallery:
            yield rotated_gallery(gallery, self.vault, actor=ACTOR, may_make=True)

    def call(self, role: Role, deployment: str, why: str) -> None:
        """Ask a role to act; the same call that waits already isn't repeated. Raises Retryable."""
        with writing(self.engine) as session:
            call(session, role=role, deployment=deployment, why=why, now=self.now)


@contextmanager
def office(settings: Settings, policy: Policy) -> Iterator[Office]:
    """Open it; closed afterwards."""
    clock, engine, vault = now_source(), open_engine(settings.records_url), vault_client(settings)
    try:
        yield Office(settings, policy, engine, vault, AuditTrail(vault, clock), clock)
    finally:
        vault.close()
        engine.dispose()
