"""What the operator's page shows of a deployment and of its cameras: plain values."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from apps.operator.parts import SilentPart
from lfr_core.alerts import read
from lfr_core.custody.vault.reachability import VaultState

__all__ = ["Dashboard", "Header"]


@dataclass(frozen=True, slots=True)
class Header:
    """Which deployment is on the screen, and which others are live."""

    deployment: read.DeploymentSummary | None
    also_live: tuple[str, ...]
    now: datetime
    """London time."""
    proven_s: float | None = None
    """How long ago the chain was last shown to work; None if never."""


@dataclass(frozen=True, slots=True)
class Dashboard:
    """Cameras and totals."""

    cameras: tuple[read.CameraHealth, ...]
    counts: read.DeploymentCounts
    latency: read.Latency
    max_age_ms: float
    now_ns: int
    vault: VaultState
    refused: tuple[read.RefusedRecords, ...] = ()
    """What nobody could read in this hour and the one before it, by who sent it, of every deployment."""
    is_live: bool = True
    """Whether it takes live cameras, whose frames have an age they may not pass."""
    shut_why: str = ""
    """Why the gate of a live deployment is shut, so that nobody is recognised; "" while it is open."""
    shut_who: str = ""
    """Who acts on that."""
    silent: tuple[SilentPart, ...] = ()
    """Parts of the platform that answer nothing."""

    @property
    def working(self) -> int:
        """Cameras in whose pictures somebody can be recognised now."""
        shut = self.shut_why or self.silent or not self.vault.answers
        return 0 if shut else sum(camera.standing.health.works for camera in self.cameras)
