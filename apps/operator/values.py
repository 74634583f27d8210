"""What the operator's page shows of a deployment and of its cameras: plain values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from apps.operator.parts import SilentPart
from lfr_core.alerts import read
from lfr_core.common.errors import Refused
from lfr_core.custody.vault.reachability import VaultState
from lfr_core.domain.alerts import Decision, check_engagement, check_review
from lfr_core.domain.thumbnails import Thumbnail

__all__ = ["ConsoleLook", "Dashboard", "Header", "OpenQuestions", "open_questions"]


@dataclass(frozen=True, slots=True)
class Header:
    """Which deployment is on the screen, and which others are live."""

    deployment: read.DeploymentSummary | None
    also_live: tuple[tuple[str, str], ...]
    """Id and name of each."""
    now: datetime
    """London time."""
    proven_s: float | None = None
    """How long ago the chain was last shown to work; None if never."""


@dataclass(frozen=True, slots=True)
class ConsoleLook:
    """What one look at the records gave an operator who has the deployment in hand."""

    alerts: read.ConsoleAlerts
    thumbnails: Mapping[str, Thumbnail]
    """What its cameras see just now, faces covered, by camera."""


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
    waiting: int = 0
    """Alerts that a person can judge now, test subjects among them."""
    silent: tuple[SilentPart, ...] = ()
    """Parts of the platform that answer nothing."""

    @property
    def working(self) -> int:
        """Cameras in whose pictures somebody can be recognised now."""
        shut = self.shut_why or self.silent or not self.vault.answers
        return 0 if shut else sum(camera.standing.health.works for camera in self.cameras)


@dataclass(frozen=True, slots=True)
class OpenQuestions:
    """Which of the second and third question may be answered now; if not, the rule's reason."""

    engagement: bool
    review: bool
    why_not: str


def open_questions(decision: Decision) -> OpenQuestions:
    """Ask the rules which questions may be answered now."""
    reasons: list[str] = []
    for check in (check_engagement, check_review):
        try:
            check(decision)
        except Refused as refusal:
            reasons.append(str(refusal))
        else:
            reasons.append("")
    return OpenQuestions(engagement=not reasons[0], review=not reasons[1], why_not=reasons[0] or reasons[1])
