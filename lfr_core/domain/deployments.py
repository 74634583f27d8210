"""A deployment as the stream sees it: what it may match against, by which rule, and whether it is live."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

__all__ = [
    "PLANNED",
    "TRIAL",
    "DeploymentDirectory",
    "DeploymentKind",
    "DeploymentStatus",
    "DeploymentView",
    "Lifecycle",
    "lifecycle_of",
]


class DeploymentKind(StrEnum):
    """Files and folders as sources, and test subjects only, belong to evaluation and demo."""

    OPERATIONAL = "operational"
    EVALUATION = "evaluation"
    DEMO = "demo"


class DeploymentStatus(StrEnum):
    """Where a deployment stands on its line (docs/design.md#the-lifecycle-of-a-deployment).

    A trial goes from draft to ready to live to ended.
    """

    DRAFT = "draft"
    APPLIED = "applied"
    """Its authority is asked for."""
    AUTHORISED = "authorised"
    LIST_BUILT = "list built"
    LIST_APPROVED = "list approved"
    READY = "ready"
    """Everything is in order but the hour; of a trial: its watchlist is enrolled."""
    LIVE = "live"
    SUSPENDED = "suspended"
    """Live but for now nothing is recognised; it may be resumed."""
    ENDED = "ended"
    """Recognition is over and the gallery is dropped."""
    CANCELLED = "cancelled"
    """It never opened, and never will."""

    @property
    def is_over(self) -> bool:
        """Whether nothing is recognised any more, ever."""
        return self in {DeploymentStatus.ENDED, DeploymentStatus.CANCELLED}


@dataclass(frozen=True, slots=True)
class Lifecycle:
    """What follows for a deployment from the table of steps that it goes by (`lfr_core.deployments.steps`)."""

    has_authority: bool
    """Whether people apply for it and authorise it: for these hours, with these cameras, answered for by them."""
    takes_live_cameras: bool
    """Whether it may film people who pass; otherwise it plays recordings, whose times and frame rates are their own."""
    is_probed: bool
    """Whether the live probe shows, again and again, that its whole chain works."""
    takes_list_from: frozenset[DeploymentStatus]
    """Where a watchlist may be attached."""


PLANNED = Lifecycle(
    has_authority=True,
    takes_live_cameras=True,
    is_probed=True,
    takes_list_from=frozenset({DeploymentStatus.AUTHORISED, DeploymentStatus.LIST_BUILT}),  # anew until it is approved
)
TRIAL = Lifecycle(
    has_authority=False,
    takes_live_cameras=False,
    is_probed=False,
    takes_list_from=frozenset({DeploymentStatus.DRAFT}),
)


def lifecycle_of(*, planned: bool) -> Lifecycle:
    """Return that of planned deployments, or that of trials."""
    return PLANNED if planned else TRIAL


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
    planned: bool = False
    """Which lifecycle it goes by: the whole one, with an authority, or that of trials."""
    cameras: tuple[str, ...] = ()
    """Those that a planned deployment's application names; no other may send for it."""

    @property
    def lifecycle(self) -> Lifecycle:
        """What follows from that."""
        return lifecycle_of(planned=self.planned)

    @property
    def awaits_list(self) -> bool:
        """Whether a watchlist may be attached now."""
        return self.status in self.lifecycle.takes_list_from

    @property
    def is_live(self) -> bool:
        return self.status is DeploymentStatus.LIVE


class DeploymentDirectory(Protocol):
    """Where a worker looks a deployment up. The answer may be as old as the policy's deployment_check_s."""

    def find(self, deployment: str) -> DeploymentView | None:
        """Return the deployment, or None if there is no such. Raises Retryable when records can't be read."""
        ...
