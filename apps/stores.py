"""Services over the records as commands and pages use them: with the vault and the audit trail of these settings."""

from __future__ import annotations

from sqlalchemy import Engine

from apps.auditing import trail_for
from lfr_core.common.settings import Settings
from lfr_core.custody.vault.client import vault_client
from lfr_core.deployments.store import DeploymentStore

__all__ = ["deployment_store"]


def deployment_store(settings: Settings, engine: Engine) -> DeploymentStore:
    """Deployments, to be changed. Nothing is connected until something is."""
    return DeploymentStore(engine, vault_client(settings), trail_for(settings))
