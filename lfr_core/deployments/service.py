"""Everything that is done to a deployment, from its plan to its end: one service for both tables of `steps`."""

from __future__ import annotations

from lfr_core.deployments.application_steps import ApplicationSteps
from lfr_core.deployments.ending_steps import EndingSteps
from lfr_core.deployments.list_steps import ListSteps
from lfr_core.deployments.opening_steps import OpeningSteps

__all__ = ["DeploymentService"]


class DeploymentService(ApplicationSteps, ListSteps, OpeningSteps, EndingSteps):
    """Takes a deployment along its lifecycle: a trial by the short table, any other by the whole one.

    Every method raises Retryable when the database is away, and those that change anything also when the vault is:
    what can't be audited isn't done. They raise Refused as `record_step`: `people.unknown`, `people.revoked`,
    `people.wrong-role`, `deployment.wrong-state`, `deployment.same-person`, `deployment.trial`. `by` is the person who
    does it, or the part of the platform.
    """
