"""A vault as a whole installation asks it: each question by the process whose business it is, over its own connection.

Nothing is kinder than it is: it chooses among real clients with real certificates, by the tables of the vault itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from sqlmodel import Session

from lfr_core.common.clock import Clock
from lfr_core.common.settings import Settings
from lfr_core.custody.audit.entry import AuditEntry
from lfr_core.custody.audit.port import AuditEvent
from lfr_core.custody.audit.trail import AuditTrail
from lfr_core.custody.vault.canary_port import CanaryFrame
from lfr_core.custody.vault.client import VAULT_TIMEOUT_S, VaultClient
from lfr_core.custody.vault.port import (
    DestroyedKey,
    ErasureRule,
    FrameKey,
    KeptKey,
    KeptKeyInfo,
    KeyKind,
    RecordKey,
    RecordUse,
    Signature,
    WriterKey,
)
from lfr_core.custody.vault.process_identity import ACTS_AS, SIGNS
from lfr_core.domain.actors import PROCESSES_OF, SPEAKS_FOR_PEOPLE, Principal, ProcessIdentity, SystemActor
from lfr_core.domain.signatures import SignatureKind

__all__ = ["EachProcess", "EachTrail"]


class EachProcess:
    """Implements `lfr_core.custody.vault.port.Vault`."""

    identity = ProcessIdentity.COMMANDS
    """Whose entries of the audit trail those of a test are."""

    def __init__(self, path: Path, folder: Path, timeout_s: float = VAULT_TIMEOUT_S) -> None:
        self._where = (path, folder, timeout_s)
        self._clients: dict[ProcessIdentity, VaultClient] = {}

    @classmethod
    def of(cls, settings: Settings, timeout_s: float = VAULT_TIMEOUT_S) -> Self:
        return cls(settings.vault_socket, settings.process_folder, timeout_s)

    def process(self, identity: ProcessIdentity) -> VaultClient:
        path, folder, timeout_s = self._where
        if identity not in self._clients:
            self._clients[identity] = VaultClient(path, identity, folder, timeout_s)
        return self._clients[identity]

    def close(self) -> None:
        for client in self._clients.values():
            client.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def ping(self) -> None:
        self.process(ProcessIdentity.SUPERVISOR).ping()

    def seal_key(self, deployment: str, camera: str) -> FrameKey:
        return self.process(ProcessIdentity.CAMERA).seal_key(deployment, camera)

    def tell_canary(
        self, canary: str, key_id: str, camera: str, clear: Sequence[bytes], stored: Sequence[bytes]
    ) -> None:
        self.process(ProcessIdentity.CAMERA).tell_canary(canary, key_id, camera, clear, stored)

    def collect_canary(self, deployment: str, *, ask: bool = True) -> CanaryFrame | None:
        return self.process(ProcessIdentity.FLOWS).collect_canary(deployment, ask=ask)

    def open_key(self, key_id: str) -> FrameKey:
        return self.process(ProcessIdentity.RECOGNISE).open_key(key_id)

    def check_gate(self, deployment: str) -> float:
        return self.process(ProcessIdentity.CAMERA).check_gate(deployment)

    def trusted_now_ns(self) -> int:
        return self.process(ProcessIdentity.CAMERA).trusted_now_ns()

    def record_key(
        self, use: RecordUse, *, actor: SystemActor, day: int | None = None, deployment: str = "", camera: str = ""
    ) -> RecordKey:
        return self._of(actor).record_key(use, actor=actor, day=day, deployment=deployment, camera=camera)

    def make_key(
        self, kind: KeyKind, deployment: str, subject: str, due_ns: int, *, actor: SystemActor, camera: str = ""
    ) -> KeptKey:
        return self._of(actor).make_key(kind, deployment, subject, due_ns, actor=actor, camera=camera)

    def open_kept(self, key_id: str, *, actor: Principal, purpose: str) -> KeptKey:
        return self._of(actor).open_kept(key_id, actor=actor, purpose=purpose)

    def kept(self, kind: KeyKind | None = None, deployment: str | None = None) -> tuple[KeptKeyInfo, ...]:
        return self.process(ProcessIdentity.COMMANDS).kept(kind, deployment)

    def hold(self, key_ids: Sequence[str], *, held: bool) -> None:
        self.process(ProcessIdentity.COMMANDS).hold(key_ids, held=held)

    def destroy(self, key_ids: Sequence[str], *, rule: ErasureRule) -> tuple[DestroyedKey, ...]:
        return self.process(ProcessIdentity.COMMANDS).destroy(key_ids, rule=rule)

    @property
    def public_key(self) -> bytes:
        return self.process(ProcessIdentity.COMMANDS).public_key

    def sign(self, kind: SignatureKind, message: bytes) -> Signature:
        signers = (each for each in ProcessIdentity if kind in SIGNS.get(each, frozenset()))
        return self.process(next(signers)).sign(kind, message)

    writers = None

    def writer_key(self, name: str, person: str = "") -> WriterKey:
        return self.process(self.identity).writer_key(name, person)

    def pseudonym(self, name: str) -> str:
        return self.process(ProcessIdentity.COMMANDS).pseudonym(name)

    def _of(self, actor: Principal) -> VaultClient:
        acting = (each for each in ProcessIdentity if isinstance(actor, SystemActor) and actor in ACTS_AS[each])
        return self.process(next(acting, ProcessIdentity.COMMANDS))


class EachTrail:
    """Implements `lfr_core.custody.audit.port.Trail`: each entry is written by the process whose own its actor is."""

    def __init__(self, vault: EachProcess, clock: Clock) -> None:
        self._vault, self._clock = vault, clock
        self._trails: dict[ProcessIdentity, AuditTrail] = {}

    def prepare(self, actor: Principal, /) -> None:
        self._of(actor).prepare(actor)

    def seal(self, text: str, person: str = "", /) -> tuple[str, str]:
        return self._of("").seal(text, person)

    def records_key(self) -> bytes:
        return self._of("").records_key()

    def append(self, session: Session, event: AuditEvent, /) -> AuditEntry:
        return self._of(event.actor).append(session, event)

    def _of(self, actor: Principal) -> AuditTrail:
        own = PROCESSES_OF[actor] if isinstance(actor, SystemActor) else SPEAKS_FOR_PEOPLE
        process = self._vault.identity if self._vault.identity in own else min(own, default=self._vault.identity)
        if process not in self._trails:
            self._trails[process] = AuditTrail(self._vault.process(process), self._clock)
        return self._trails[process]
