"""Opens a trial, which has no authority: for so many hours, once its gallery was seen to hold its list."""

from __future__ import annotations

from collections.abc import Callable

from lfr_core.common.errors import Refused
from lfr_core.custody.people.roles import Actor
from lfr_core.deployments.store import DeploymentStore
from lfr_core.domain.actors import SystemActor
from lfr_core.domain.deployments import DeploymentStatus, DeploymentView
from lfr_core.domain.policy import Policy

__all__ = ["open_trial"]


def open_trial(
    store: DeploymentStore,
    id: str,
    *,
    policy: Policy,
    compare: Callable[[str], str],
    hours: float | None = None,
    by: Actor = SystemActor.LFR,
) -> DeploymentView:
    """Let a trial recognise, as `DeploymentStore.open`, for at most the policy's `vault.max_open_h`.

    Args:
        store: of the deployments.
        id: of the trial.
        policy: the force's.
        compare: compares its gallery with its list now, and says what differs.
        hours: for how long; the policy's longest unless given.
        by: who opens it.

    Raises:
        Refused: `gate.gallery-unchanged`: the gallery holds another list; and as `DeploymentStore.open`.
        Retryable: the records, the gallery or the vault are away.
    """
    found = store.find(id)
    if found is not None and found.status is DeploymentStatus.READY and not found.planned and (why := compare(id)):
        raise Refused(
            "gate.gallery-unchanged",
            f"the gallery of {id} no longer holds the list that was enrolled: {why}. Make a new deployment",
        )
    longest = policy.vault.max_open_h
    return store.open(id, hours=longest if hours is None else min(hours, longest), by=by)
