"""The audit trail as the applications write it: with the vault of the settings behind it."""

from __future__ import annotations

from lfr_core.audit.trail import AuditTrail
from lfr_core.clock import SystemClock
from lfr_core.settings import Settings
from lfr_core.vault.client import vault_client

__all__ = ["trail_for"]


def trail_for(settings: Settings) -> AuditTrail:
    """A trail whose names and seals come from the running vault. Nothing is asked before the first entry."""
    return AuditTrail(vault_client(settings), SystemClock())
