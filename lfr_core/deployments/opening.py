"""Opens a deployment: the table of its lifecycle says whether for so many hours or within those of an authority."""

from __future__ import annotations

from collections.abc import Callable

from lfr_core.common.errors import Refused
from lfr_core.custody.people.roles import Actor
from lfr_core.deployments.service import PlanningService
from lfr_core.deployments.state_machine import rule_of
from lfr_core.deployments.steps import Step
from lfr_core.deployments.store import DeploymentStore
from lfr_core.domain.actors import SystemActor
from lfr_core.domain.deployments import DeploymentStatus, DeploymentView
from lfr_core.domain.policy import Policy

__all__ = ["open_deployment"]


def open_deployment(
    store: DeploymentStore,
    planning: PlanningService,
    id: str,
    *,
    policy: Policy,
    compare: Callable[[str], str],
    test: Callable[[], object] = lambda: None,
    hours: float | None = None,
    by: Actor = SystemActor.LFR,
) -> DeploymentView:
    """Let a deployment recognise, once its gallery was seen to hold its list. An open one stays as it is.

    Args:
        store: of the deployments.
        planning: of those that have an authority.
        id: of the deployment.
        policy: the force's.
        compare: compares its gallery with its list now, and says what differs.
        test: called first for one that has an authority: makes the self-test that the gate wants.
        hours: of a trial: for how long, at most the policy's `vault.max_open_h`, which it is unless given.
        by: who opens it.

    Raises:
        Refused: `deployment.unknown`; `deployment.planned`: `hours` of one whose authority says them;
            `gate.gallery-unchanged`: the gallery holds another list; and as `DeploymentStore.open` and
            `PlanningService.open`.
        Retryable: the records, the gallery or the vault are away.
    """
    found = store.find(id)
    if found is None:
        raise Refused("deployment.unknown", f"there is no deployment {id}; see `lfr deployment list`")
    if rule_of(id, Step.OPEN, planned=found.planned).sets_hours:
        if found.status is DeploymentStatus.READY and (why := compare(id)):
            raise Refused(
                "gate.gallery-unchanged",
                f"the gallery of {id} no longer holds the list that was enrolled: {why}. Make a new deployment",
            )
        longest = policy.vault.max_open_h
        return store.open(id, hours=longest if hours is None else min(hours, longest), by=by)
    if hours is not None:
        raise Refused("deployment.planned", f"{id} is planned: its hours are those of its authority")
    test()
    return planning.open(id, by=by, compare=compare)
