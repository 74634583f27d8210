"""Alerts past their hours: `lfr_core.alerts.expiry` knows how they go."""

from __future__ import annotations

from sqlalchemy import Engine

from lfr_core.alerts.expiry import expire_alerts, find_due_alerts
from lfr_core.custody.audit.port import Trail
from lfr_core.custody.vault.port import Vault
from lfr_core.retention.port import Audited, Destroyed, Due, PurgeResult, subject

__all__ = ["AlertsStep"]


class AlertsStep:
    """An alert's key first, then its rows for a stub, with the audit entry in the same transaction."""

    name = "alerts"
    audited = Audited.ITSELF

    def __init__(self, engine: Engine, vault: Vault, trail: Trail, *, retention_h: int) -> None:
        self._engine = engine
        self._vault = vault
        self._trail = trail
        self._retention_h = retention_h

    def due(self, now_ns: int) -> tuple[Due, ...]:
        found = find_due_alerts(self._engine, self._vault, now_ns=now_ns, retention_h=self._retention_h)
        return tuple(Due(subject("alert", str(one.alert)), one.due_ns, one.deployment) for one in found)

    def purge(self, now_ns: int) -> PurgeResult:
        gone = expire_alerts(self._engine, self._vault, self._trail, now_ns=now_ns, retention_h=self._retention_h)
        return PurgeResult(
            tuple(Destroyed(subject("alert", str(one.alert)), one.due_ns, one.deployment) for one in gone)
        )
