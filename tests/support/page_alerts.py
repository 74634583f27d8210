"""A live demo deployment in the vault of a page that runs, and a recorder whose alerts that page can open."""

from __future__ import annotations

import base64
import time
from collections.abc import Sequence

import cv2
import numpy as np
from sqlalchemy import Engine

from lfr_core.alerts.recorder import RecordedSightings, Recorder
from lfr_core.common.clock import SystemClock
from lfr_core.custody.audit.trail import AuditTrail
from lfr_core.custody.crops import sighting_probe, sightings_key
from lfr_core.custody.vault.core import VaultCore
from lfr_core.custody.vault.sealing import open_sealed, seal
from lfr_core.deployments.service import DeploymentService
from lfr_core.domain.actors import SystemActor
from lfr_core.domain.deployments import DeploymentKind
from lfr_core.domain.messages import Sighting
from lfr_core.domain.policy import load_policy
from tests.support.deployments import deployment_service
from tests.support.galleries import held_by
from tests.support.records import Entry
from tests.support.vaults import MemoryVault

__all__ = ["PROBE", "REFERENCE", "TellingRecorder", "live_demo"]


def jpeg(shade: int) -> bytes:
    """A plain picture whose shade says which it is."""
    return cv2.imencode(".jpg", np.full((64, 56, 3), shade, np.uint8))[1].tobytes()


PROBE, REFERENCE = jpeg(40), jpeg(200)


class TellingRecorder(Recorder):
    """Records sightings as if the recogniser had sealed them just now."""

    def __init__(self, engine: Engine, vault: VaultCore) -> None:
        super().__init__(engine, load_policy().alerts, SystemClock(), vault, AuditTrail(vault, SystemClock()))
        self._real = vault

    def record_sightings(self, sightings: Sequence[Sighting]) -> RecordedSightings:
        return super().record_sightings([self._sealed(one) for one in sightings])

    def _sealed(self, one: Sighting) -> Sighting:
        bound_to = sighting_probe(one.deployment, one.id)
        reported = MemoryVault().open_kept(one.key_id, actor=SystemActor.RECORDER, purpose="seal anew")
        key = sightings_key(
            self._real, one.deployment, now_ns=time.time_ns(), retention_h=24, actor=SystemActor.RECOGNISER
        )
        probe = seal(key.key, open_sealed(reported.key, one.probe_sealed, bound_to), bound_to)
        changed = {"probe_sealed": base64.b64encode(probe), "key_id": key.info.id}
        return Sighting.model_validate(one.model_dump() | changed)


def live_demo(
    engine: Engine, vault: VaultCore, name: str, entries: tuple[Entry, ...], *, called: str = "High Street"
) -> DeploymentService:
    """A live demo deployment in the page's own vault, `called` that on the page."""
    store = deployment_service(engine, vault, AuditTrail(vault, SystemClock()), SystemClock())
    store.create(name, DeploymentKind.DEMO, name=called)
    store.attach_watchlist(name, "contract", f"gallery_{name}", entries, held=held_by(entries))
    store.open(name)
    return store
