"""What the audit trail is told of a kept key's destruction, and what is logged when it can't be told."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Protocol

from lfr_core.common.errors import LfrError, Retryable
from lfr_core.common.logs import get_logger
from lfr_core.custody.audit.port import AuditEvent, Verb
from lfr_core.custody.vault.port import DestroyedKey, KeptKeyInfo, KeyKind
from lfr_core.domain.actors import SystemActor

__all__ = ["KEY_OF", "AuditRecorder", "ErasureEvents"]

KEY_OF = "of"
"""The fact that says of which alert a key was that is destroyed."""

_MOST_UNTOLD = 100_000  # more keys than any installation keeps


class AuditRecorder(Protocol):
    """Writes one event in a transaction of its own; returns its number. Raises Retryable when that can't be done."""

    def record(self, event: AuditEvent) -> int: ...


class ErasureEvents:
    """Tells the trail which keys went. Erasure never waits for it: the keystore is the proof."""

    def __init__(self, audit: AuditRecorder, generation: Callable[[], int] = lambda: 0) -> None:
        """Keep the trail that is told. `generation`: of the keystore that doesn't have the keys any more."""
        self._audit = audit
        self._generation = generation
        self._untold: deque[AuditEvent] = deque(maxlen=_MOST_UNTOLD)

    def record(self, gone: Sequence[DestroyedKey], rule: str) -> None:
        """Tell it now of keys that somebody had destroyed; what it doesn't take is logged."""
        for each in gone:
            event = _event(each, rule, self._generation())
            try:
                self._audit.record(event)
            except LfrError as error:
                _log_unaudited(event, error)

    def remember(self, infos: Sequence[KeptKeyInfo], at_ns: int) -> None:
        """Keep what the vault's own timer has destroyed for the next `report`."""
        generation = self._generation()
        self._untold += (_event(DestroyedKey(info, at_ns), "retention.due", generation) for info in infos)

    def report(self) -> None:
        """Tell it what is remembered, each once; with the records away, the rest later."""
        while self._untold:
            event = self._untold[0]
            try:
                self._audit.record(event)
            except Retryable:
                break
            except LfrError as error:
                _log_unaudited(event, error)
            with suppress(IndexError):  # so many came meanwhile that this one was pushed out
                if self._untold[0] is event:
                    self._untold.popleft()


def _event(gone: DestroyedKey, rule: str, generation: int) -> AuditEvent:
    info = gone.info
    facts: dict[str, str | int] = {
        "kind": info.kind.value,
        "fingerprint": info.fingerprint,
        "due_ns": info.due_ns,
        "generation": generation,
    }
    if info.kind is KeyKind.ALERT:
        facts[KEY_OF] = info.subject
    return AuditEvent(Verb.ERASE, SystemActor.VAULT, info.deployment, f"key:{info.id}", rule=rule, facts=facts)


def _log_unaudited(event: AuditEvent, error: LfrError) -> None:
    get_logger().error("vault.erasure-not-audited", subject=event.subject, reason=str(error))
