"""Gives the flows of a deployment what they share: who does what they do, and calls to roles."""

from __future__ import annotations

from lfr_core.custody.installation import Installation
from lfr_core.custody.people.roles import Role
from lfr_core.deployments.reading import call
from lfr_core.domain.actors import SystemActor
from lfr_core.storage.engine import writing

__all__ = ["ACTOR", "call_role"]

ACTOR = SystemActor.FLOWS
"""Who does what flows do, in the audit trail."""


def call_role(installation: Installation, role: Role, deployment: str, why: str) -> None:
    """Ask a role to act; the same call that waits already isn't repeated. Raises Retryable."""
    with writing(installation.engine) as session:
        call(session, role=role, deployment=deployment, why=why, now=installation.now)
