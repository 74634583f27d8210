"""What the audit trail is told of a kept key's destruction, and what is logged when it can't be told."""

from __future__ import annotations

from typing import Protocol

from lfr_core.common.errors import LfrError
from lfr_core.common.logs import get_logger
from lfr_core.custody.audit.port import AuditEvent, Verb
from lfr_core.custody.vault.port import DestroyedKey
from lfr_core.domain.actors import SystemActor

__all__ = ["WritesAudit", "erasure_event", "log_unaudited"]


class WritesAudit(Protocol):
    """Writes one event in a transaction of its own. Raises Retryable when that can't be done."""

    def record(self, event: AuditEvent) -> None: ...


def erasure_event(gone: DestroyedKey, rule: str) -> AuditEvent:
    info = gone.info
    return AuditEvent(
        Verb.ERASE,
        SystemActor.VAULT,
        info.deployment,
        f"key:{info.id}",
        rule=rule,
        facts={"kind": info.kind.value, "fingerprint": info.fingerprint, "due_ns": info.due_ns},
    )


def log_unaudited(event: AuditEvent, error: LfrError) -> None:
    get_logger().error("vault.erasure-not-audited", subject=event.subject, reason=str(error))
