"""Vaults and audit trails for tests that aren't about them.

`MemoryVault` derives its kept keys from a seed, so that several processes of one test have the same keys without a
socket between them. What a vault really does is tested on `VaultCore` and on the vault's own process.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Sequence
from dataclasses import dataclass, field

from sqlalchemy import Engine
from sqlmodel import Session

from lfr_core.audit.port import AuditEvent
from lfr_core.errors import Refused, Retryable
from lfr_core.vault.port import DestroyedKey, FrameKey, KeptKey, KeptKeyInfo, KeyKind, Signature
from lfr_core.vault.sealing import fingerprint

__all__ = ["MemoryTrail", "MemoryVault", "trail_of", "vault_of"]

_SEED = b"a seed of tests, not of any installation"


@dataclass
class MemoryVault:
    """Kept keys in memory. Destroyed stays destroyed; `away` makes every call Retryable."""

    seed: bytes = _SEED
    away: bool = False
    destroyed: set[str] = field(default_factory=set)
    made: dict[str, KeptKeyInfo] = field(default_factory=dict)
    opened: list[tuple[str, str, str]] = field(default_factory=list)
    """Key id, actor and purpose of each consultation."""

    def make_key(self, kind: KeyKind, deployment: str, subject: str, due_ns: int) -> KeptKey:
        self._answer()
        key_id = f"{kind.value}|{deployment}|{subject}|{due_ns}"
        for known in self.made.values():
            if (known.kind, known.deployment, known.subject) == (kind, deployment, subject):
                return KeptKey(known, self._key(known.id))
        if key_id in self.destroyed:
            key_id += "|again"
        info = KeptKeyInfo(key_id, kind, deployment, subject, fingerprint(self._key(key_id)), due_ns, held=False)
        self.made[key_id] = info
        return KeptKey(info, self._key(key_id))

    def open_kept(self, key_id: str, *, actor: str, purpose: str) -> KeptKey:
        self._answer()
        if not actor.strip() or not purpose.strip():
            raise Refused("vault.purpose-missing", "who, and for what?")
        info = self._find(key_id)
        if info is None:
            raise Refused("vault.key-gone", "the key is destroyed")
        self.opened.append((key_id, actor, purpose))
        return KeptKey(info, self._key(key_id))

    def kept(self, kind: KeyKind | None = None, deployment: str | None = None) -> tuple[KeptKeyInfo, ...]:
        self._answer()
        return tuple(
            info
            for info in self.made.values()
            if kind in (None, info.kind) and deployment in (None, info.deployment) and info.id not in self.destroyed
        )

    def destroy(self, key_ids: Sequence[str], *, rule: str) -> tuple[DestroyedKey, ...]:
        assert rule
        self._answer()
        gone = []
        for key_id in key_ids:
            info = self._find(key_id)
            if info is not None:
                self.destroyed.add(key_id)
                self.made.pop(key_id, None)
                gone.append(DestroyedKey(info, 0))
        return tuple(gone)

    def seal_key(self, deployment: str, camera: str) -> FrameKey:
        raise NotImplementedError

    def open_key(self, key_id: str) -> FrameKey:
        raise NotImplementedError

    def check_gate(self, deployment: str) -> float:  # noqa: ARG002  the Protocol's signature
        self._answer()
        return 2.0

    def trusted_now_ns(self) -> int:
        raise NotImplementedError

    def hold(self, key_ids: Sequence[str], *, held: bool) -> None:
        raise NotImplementedError

    def sign(self, message: bytes) -> Signature:
        raise NotImplementedError

    def pseudonym(self, name: str) -> str:
        self._answer()
        return hmac.new(self.seed, name.encode(), hashlib.sha256).hexdigest()[:32]

    def _answer(self) -> None:
        if self.away:
            raise Retryable("the vault is away")

    def _key(self, key_id: str) -> bytes:
        return hmac.new(self.seed, key_id.encode(), hashlib.sha256).digest()

    def _find(self, key_id: str) -> KeptKeyInfo | None:
        """What is known of a key, also of one that another process of the test made."""
        if key_id in self.destroyed:
            return None
        if key_id not in self.made:
            kind, deployment, subject, due_ns, *_ = key_id.split("|")
            self.make_key(KeyKind(kind), deployment, subject, int(due_ns))
        return self.made[key_id]


@dataclass
class MemoryTrail:
    """Remembers what would be audited, also of transactions that were rolled back; `full` refuses it."""

    events: list[AuditEvent] = field(default_factory=list)
    full: bool = False

    def prepare(self, actor: str) -> None:
        assert actor

    def append(self, session: Session, event: AuditEvent) -> None:
        assert session.in_transaction()
        if self.full:
            raise Refused("audit.unwritable", "the audit trail can't be written")
        self.events.append(event)


_VAULTS: dict[str, MemoryVault] = {}
_TRAILS: dict[str, MemoryTrail] = {}


def vault_of(engine: Engine) -> MemoryVault:
    """The vault of this database: each test has a database of its own."""
    return _VAULTS.setdefault(engine.url.render_as_string(), MemoryVault())


def trail_of(engine: Engine) -> MemoryTrail:
    """The audit trail of this database."""
    return _TRAILS.setdefault(engine.url.render_as_string(), MemoryTrail())
