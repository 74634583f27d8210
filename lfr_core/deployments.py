"""A deployment as the stream sees it: what it may match against, by which rule, and whether it is live."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

__all__ = ["DeploymentDirectory", "DeploymentKind", "DeploymentStatus", "DeploymentView"]


class DeploymentKind(StrEnum):
    """Files and folders as sources, and test subjects only, belong to evaluation and demo."""

    OPERATIONAL = "operational"
    EVALUATION = "evaluation"
    DEMO = "demo"


class DeploymentStatus(StrEnum):
    """The part of a deployment's life that exists so far."""

    DRAFT = "draft"
    READY = "ready"
    """Its watchlist is enrolled."""
    LIVE = "live"
    SUSPENDED = "suspended"
    """Live but for now nothing is recognised; it may be resumed."""
    ENDED = "ended"
    """Recognition is over and the gallery is dropped."""


@dataclass(frozen=True, slots=True)
class DeploymentView:
    """What a worker needs to know of a deployment."""

    id: str
    kind: DeploymentKind
    status: DeploymentStatus
    gallery: str
    """Name of the deployment's own collection; empty while there is none."""
    contract_id: str
    """Embedding contract the gallery was built under; a worker with another one must not search it."""
    threshold: float
    agreeing_shots: int
    live_only: bool
    """Whether frames older than the policy's limit are dropped; off for `lfr stream run` on a file."""

    @property
    def is_live(self) -> bool:
        return self.status is DeploymentStatus.LIVE


class DeploymentDirectory(Protocol):
    """Where a worker looks a deployment up. The answer may be as old as the policy's deployment_check_s."""

    def find(self, deployment: str) -> DeploymentView | None:
        """The deployment, or None if there is no such. Raises Retryable when records can't be read."""
        ...
