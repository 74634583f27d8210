"""Whether what is still there can be opened: the vault is asked, and the records of destroyed keys are read."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from sqlalchemy import Engine
from sqlmodel import col, select

from lfr_core.common.errors import Refused, Retryable
from lfr_core.custody.audit.entry import parse_body
from lfr_core.custody.audit.port import Verb
from lfr_core.custody.vault.keystore_files import read_kept_key_ids
from lfr_core.custody.vault.port import Vault
from lfr_core.domain.actors import SystemActor
from lfr_core.retention.erasure.canary import CanaryKind, InjectedCanary
from lfr_core.storage.engine import reading
from lfr_core.storage.tables.audit import AuditEntryRow
from lfr_core.storage.tables.vault import EpochRow

__all__ = ["DestroyedFingerprint", "KeyState", "Keys", "VaultKeys", "list_destroyed_keys"]

ACTOR = SystemActor.ERASURE
PURPOSE = "erasure.verify"


@dataclass(frozen=True, slots=True)
class KeyState:
    """What can be said of a canary's key."""

    refused: bool
    """The vault has no such key any more."""
    recorded: bool
    """Its fingerprint is among those destroyed: of epochs, or on the audit trail."""

    @property
    def is_gone(self) -> bool:
        return self.refused and self.recorded


def is_vault_running(vault: Vault) -> bool:
    """Ask whether a vault answers at all, if only that its records are away."""
    try:
        _ = vault.public_key
    except Retryable:
        return False
    return True


class Keys(Protocol):
    """Answers for one canary's key. Raises Retryable when the vault or the records are away."""

    def state(self, injected: InjectedCanary) -> KeyState: ...


@dataclass(frozen=True, slots=True)
class DestroyedFingerprint:
    """A kept key on the audit trail's list of the destroyed."""

    id: str
    kind: str
    fingerprint: str
    rule: str
    due_ns: int
    destroyed_ns: int


@dataclass(frozen=True, slots=True, eq=False)
class VaultKeys:
    """Implements `Keys`."""

    vault: Vault
    engine: Engine
    keystore: Path
    """The keystore's folder: asked when the vault isn't running."""

    def state(self, injected: InjectedCanary) -> KeyState:
        if not injected.key_id:
            return KeyState(refused=False, recorded=False)  # not sealed: only its removal makes it go
        return KeyState(self._refused(injected), self._is_recorded(injected))

    def _refused(self, injected: InjectedCanary) -> bool:
        try:
            if injected.kind is CanaryKind.FRAME:
                self.vault.open_key(injected.key_id)
            else:
                self.vault.open_kept(injected.key_id, actor=ACTOR, purpose=PURPOSE)
        except Refused as error:
            return error.rule == "vault.key-gone"  # a gate that is shut for now has destroyed nothing
        except Retryable:
            if is_vault_running(self.vault):
                raise
            # nothing runs that could open it: a frame's key was in that process' memory alone, others lie in files
            return injected.kind is CanaryKind.FRAME or injected.key_id not in read_kept_key_ids(self.keystore)
        return False

    def _is_recorded(self, injected: InjectedCanary) -> bool:
        if injected.kind is CanaryKind.FRAME:
            with reading(self.engine) as session:
                row = session.get(EpochRow, injected.key_id)
                return row is not None and row.destroyed_ns is not None and row.fingerprint == injected.key_fingerprint
        return any(
            (key.id, key.fingerprint) == (injected.key_id, injected.key_fingerprint)
            for key in list_destroyed_keys(self.engine, injected.deployment)
        )


def list_destroyed_keys(engine: Engine, deployment: str) -> tuple[DestroyedFingerprint, ...]:
    """Read the kept keys of a deployment that the vault itself wrote on the audit trail as destroyed, in order.

    Raises Retryable.
    """
    with reading(engine) as session:
        bodies = session.exec(
            select(AuditEntryRow.body)
            .where(AuditEntryRow.deployment == deployment)
            .where(AuditEntryRow.verb == Verb.ERASE.value)
            .where(col(AuditEntryRow.body).contains('"subject":"key:'))
            .order_by(col(AuditEntryRow.seq))
        ).all()
    found = []
    for body in map(parse_body, bodies):
        if body is None:
            continue
        kind, _, key_id = body.subject.partition(":")
        facts = body.facts
        if (
            kind == "key"
            and body.actor == str(SystemActor.VAULT)
            and isinstance(fingerprint := facts.get("fingerprint"), str)
        ):
            due = facts.get("due_ns")
            found.append(
                DestroyedFingerprint(
                    id=key_id,
                    kind=str(facts.get("kind", "")),
                    fingerprint=fingerprint,
                    rule=body.rule,
                    due_ns=due if isinstance(due, int) else 0,
                    destroyed_ns=body.at_ns,
                )
            )
    return tuple(found)
