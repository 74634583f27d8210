"""What footage needs of others: a place on the audit trail."""

from __future__ import annotations

from typing import Protocol

from sqlmodel import Session

from lfr_core.audit.port import AuditEvent

__all__ = ["Trail"]


class Trail(Protocol):
    """The audit trail: `lfr_core.audit.trail.AuditTrail`."""

    def prepare(self, actor: str, /) -> None:
        """Get what entries of `actor` need from the vault, before a transaction begins. Raises Retryable, Refused."""
        ...

    def append(self, session: Session, event: AuditEvent, /) -> object:
        """Write `event` in the caller's transaction; what can't be audited isn't done, so an error undoes it."""
        ...
