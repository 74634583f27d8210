"""A vault without a clock for tests that aren't about it, and a trail that remembers what was written on it.

`MemoryVault` derives its kept keys from a seed, so that several processes of one test have the same keys without a
socket between them. It takes what the real one takes and no more: both apply `lfr_core.custody.vault.messages.checked`,
and `tests/integration/custody/vault/test_requests.py` holds it to the real one's answers. It has no time, so nothing is
ever due, and no records; what becomes due, held or audited by the vault, and of which deployments, is tested on
`VaultCore` and on the vault's own process.
"""

from __future__ import annotations

import hashlib
import hmac
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import ClassVar

from sqlalchemy import Engine
from sqlmodel import Session

from lfr_core.common.clock import SystemClock
from lfr_core.common.errors import Refused, Retryable
from lfr_core.custody.audit.entry import AuditEntry
from lfr_core.custody.audit.port import AuditEvent
from lfr_core.custody.audit.trail import AuditTrail
from lfr_core.custody.people.lookup import find_person
from lfr_core.custody.people.roles import Role
from lfr_core.custody.vault import messages as m
from lfr_core.custody.vault.access import (
    PeopleRegister,
    check_access,
    check_given_again,
    check_maker,
    check_record_key,
)
from lfr_core.custody.vault.erasure_rules import check_erasure_rule
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
from lfr_core.custody.vault.record_keys import derive_record_key
from lfr_core.custody.vault.sealing import fingerprint
from lfr_core.custody.vault.watchlist_key import take_persons_key
from lfr_core.custody.vault.writer_keys import WriterKeys
from lfr_core.deployments.vault_records import VaultRecords
from lfr_core.domain.actors import Principal, SystemActor, fold_key_name
from lfr_core.domain.signatures import SignatureKind
from lfr_core.storage.engine import reading

__all__ = ["MemoryTrail", "MemoryVault", "Nobody", "forget_vault", "trail_of", "vault_of"]

_NONE: Mapping[str, str] = {}
_SEED = b"a seed of tests, not of any installation"


class Nobody:
    """A register with nobody on it."""

    def check_person(
        self,
        name: str,
        roles: frozenset[Role],
        *,
        signed_on_to: str | None,
        alert: str = "",
        request: str = "",
        approves: str = "",
    ) -> str:
        raise Refused("people.unknown", f"nobody is registered as {name!r}")

    def check_recorded(self, name: str) -> None:
        """There is nothing to see."""

    def compare_records(self, deployment: str) -> str:
        raise Retryable("nothing is compared here")

    def held_segments(self, *, whole: bool = True) -> frozenset[str]:
        return frozenset()

    def is_request_closed(self, reference: str) -> None:
        """There is none."""

    def facts(self, deployment: str) -> None:
        """There is none."""


class Register(VaultRecords):
    """The register of a test's records: the roles in it are lent with keys, and no row is held against the trail."""

    def find_roles(self, name: str) -> frozenset[Role]:
        with reading(self._engine) as session:
            found = find_person(session, name)
        return frozenset() if found is None else found.roles


@dataclass
class MemoryVault:
    """Kept keys in memory. Destroyed stays destroyed; `away` makes every call Retryable.

    A key is lent to whom the real vault would lend it; `people` is the register, with nobody on it unless given.
    """

    identity: ClassVar[None] = None
    seed: bytes = _SEED
    away: bool = False
    destroyed: set[str] = field(default_factory=set)
    made: dict[str, KeptKeyInfo] = field(default_factory=dict)
    people: PeopleRegister = field(default_factory=Nobody)
    opened: list[tuple[str, Principal, str]] = field(default_factory=list)
    """Key id, actor and purpose of each consultation."""

    def make_key(
        self, kind: KeyKind, deployment: str, subject: str, due_ns: int, *, actor: SystemActor, camera: str = ""
    ) -> KeptKey:
        asked = {"kind": kind, "deployment": deployment, "subject": subject, "due_ns": due_ns, "actor": actor}
        m.checked(m.MakeKey, **asked, camera=camera)
        self._answer()
        check_maker(actor, kind, deployment, subject)
        key_id = f"{kind.value}|{deployment}|{subject}|{due_ns}"
        for known in self.made.values():
            if (known.kind, known.deployment, known.subject) == (kind, deployment, subject):
                check_given_again(actor, kind)
                return KeptKey(known, self._key(known.id))
        if key_id in self.destroyed:
            key_id += "|again"
        info = KeptKeyInfo(key_id, kind, deployment, subject, fingerprint(self._key(key_id)), due_ns, held=False)
        self.made[key_id] = info
        return KeptKey(info, self._key(key_id))

    def open_kept(self, key_id: str, *, actor: Principal, purpose: str) -> KeptKey:
        m.checked(m.OpenKept, key_id=key_id, actor=m.actor_message(actor), purpose=purpose)
        self._answer()
        if not purpose.strip():
            raise Refused("vault.purpose-missing", "for what?")
        info = self._find(key_id)
        if info is None:
            raise Refused("vault.key-gone", "the key is destroyed")
        who = check_access(actor, info, self.people)
        self.opened.append((key_id, who, purpose))
        found = KeptKey(info, self._key(key_id))
        return found if isinstance(who, SystemActor) else take_persons_key(found)

    def kept(self, kind: KeyKind | None = None, deployment: str | None = None) -> tuple[KeptKeyInfo, ...]:
        m.checked(m.Kept, kind=kind, deployment=deployment)
        self._answer()
        return tuple(
            info
            for _, info in sorted(self.made.items())
            if kind in (None, info.kind) and deployment in (None, info.deployment) and info.id not in self.destroyed
        )

    def destroy(self, key_ids: Sequence[str], *, rule: ErasureRule) -> tuple[DestroyedKey, ...]:
        m.checked(m.Destroy, key_ids=tuple(key_ids), rule=rule)
        self._answer()
        known = {info.id: info for info in map(self._find, key_ids) if info is not None}
        check_erasure_rule(rule, known.values(), Nobody(), now_ns=2**63)  # it has no time: all is due
        self.destroyed |= known.keys()
        for key_id in known:
            self.made.pop(key_id, None)
        return tuple(DestroyedKey(info, 0) for info in known.values())

    def seal_key(self, deployment: str, camera: str) -> FrameKey:
        raise NotImplementedError

    def tell_canary(
        self, canary: str, key_id: str, camera: str, clear: Sequence[bytes], stored: Sequence[bytes]
    ) -> None:
        raise NotImplementedError

    def collect_canary(self, deployment: str, *, ask: bool = True) -> None:
        raise NotImplementedError

    def open_key(self, key_id: str) -> FrameKey:
        raise NotImplementedError

    def check_gate(self, deployment: str) -> float:
        m.checked(m.CheckGate, deployment=deployment)
        self._answer()
        return 2.0

    def record_key(
        self, use: RecordUse, *, actor: SystemActor, day: int | None = None, deployment: str = "", camera: str = ""
    ) -> RecordKey:
        m.checked(m.LendRecordKey, use=use, actor=actor, day=day, deployment=deployment, camera=camera)
        self._answer()
        check_record_key(actor, use, camera)
        now_ns = time.time_ns()
        return derive_record_key(self.seed, use, day, actor=actor, now_ns=now_ns, deployment=deployment, camera=camera)

    def trusted_now_ns(self) -> int:
        raise NotImplementedError

    def hold(self, key_ids: Sequence[str], *, held: bool) -> None:
        raise NotImplementedError

    @property
    def public_key(self) -> bytes:
        raise NotImplementedError

    def sign(self, kind: SignatureKind, message: bytes) -> Signature:
        raise NotImplementedError

    def pseudonym(self, name: str) -> str:
        m.checked(m.Pseudonym, name=name)
        self._answer()
        return hmac.new(self.seed, fold_key_name(name).encode(), hashlib.sha256).hexdigest()[:32]

    def writer_key(self, name: str, person: str = "") -> WriterKey:
        self._answer()
        known = self.people.check_recorded(person) if person else None
        held = self.people.find_roles(person) if person and isinstance(self.people, Register) else None
        lent = WriterKeys(self.seed, SystemClock()).writer_key(name, None, person, held)
        return replace(lent, at_ns=None, person_records=known)

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
            kind, deployment, subject, due_ns, *_ = [*key_id.split("|"), "", "", ""]
            if kind not in set(KeyKind):
                return None
            self.made[key_id] = KeptKeyInfo(
                key_id, KeyKind(kind), deployment, subject, fingerprint(self._key(key_id)), int(due_ns), held=False
            )
        return self.made[key_id]


class MemoryTrail(AuditTrail):
    """The real trail, which also remembers what was put on it, in transactions rolled back too; `full` refuses it."""

    def __init__(self, vault: MemoryVault | None = None, *, full: bool = False) -> None:
        super().__init__(vault or MemoryVault(), SystemClock())
        self.events: list[AuditEvent] = []
        self.full = full

    def append(self, session: Session, event: AuditEvent, carried: Mapping[str, str] = _NONE) -> AuditEntry:
        if self.full:
            raise Refused("audit.unwritable", "the audit trail can't be written")
        entry = super().append(session, event, carried)
        self.events.append(event)
        return entry


_VAULTS: dict[str, MemoryVault] = {}
_TRAILS: dict[str, MemoryTrail] = {}


def vault_of(engine: Engine) -> MemoryVault:
    """The vault of this database: each test has a database of its own."""
    return _VAULTS.setdefault(engine.url.render_as_string(), MemoryVault(people=Register(engine, SystemClock())))


def forget_vault(engine: Engine) -> None:
    """Let the next test that is handed this database begin with a vault and a trail of its own."""
    where = engine.url.render_as_string()
    _VAULTS.pop(where, None)
    _TRAILS.pop(where, None)


def trail_of(engine: Engine) -> MemoryTrail:
    """The audit trail of this database."""
    return _TRAILS.setdefault(engine.url.render_as_string(), MemoryTrail(vault_of(engine)))
