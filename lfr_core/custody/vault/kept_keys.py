"""Kept keys: made for one thing, lent to who may open it, held, and destroyed when they are due.

The lock is held while the keystore is written and never while the records are: whoever asks for a kept key may be in a
transaction that the database makes others wait for.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import Final

from lfr_core.common.clock import Clock
from lfr_core.common.errors import Refused
from lfr_core.common.logs import get_logger
from lfr_core.custody.audit.port import AuditEvent, Verb
from lfr_core.custody.vault import access, erasure_rules
from lfr_core.custody.vault.clockguard import ClockGuard
from lfr_core.custody.vault.erasure_events import AuditRecorder, ErasureEvents
from lfr_core.custody.vault.key_finality import KeyFinality
from lfr_core.custody.vault.key_terms import KeyTerms
from lfr_core.custody.vault.keystore import Keystore
from lfr_core.custody.vault.port import DestroyedKey, ErasureRule, KeptKey, KeptKeyInfo, KeyKind
from lfr_core.custody.vault.watchlist_key import take_persons_key
from lfr_core.domain.actors import Principal, SystemActor
from lfr_core.domain.gate import GateFactsSource

__all__ = ["ONE_LIST_LOOK_S", "KeptKeys"]

_SWEEP_EVERY_S = 10.0
ONE_LIST_LOOK_S: Final = 600.0
"""[proposal] As `lfr_core.custody.people.consultations.ONE_LOOK_S`: a page asks for the key anew at each drawing, since
it keeps none.
"""


class KeptKeys:
    """The vault's kept keys. Methods do as those of `lfr_core.custody.vault.port.Vault`, whose messages were checked.

    Args:
        keystore: where they are.
        terms: until when they may be due, and how many there may be.
        clock: wall and monotonic time.
        guard: says whether that time is to be trusted.
        facts: which deployments there are.
        people: whom a key may be lent to.
        audit: where consultations are written.
        final_s: the policy's `vault.tpm_final_s`.
    """

    def __init__(
        self,
        *,
        keystore: Keystore,
        terms: KeyTerms,
        clock: Clock,
        guard: ClockGuard,
        facts: GateFactsSource,
        people: access.PeopleRegister,
        audit: AuditRecorder,
        final_s: float,
    ) -> None:
        self._keystore, self._terms, self._clock, self._guard = keystore, terms, clock, guard
        self._facts, self._people, self._audit = facts, people, audit
        self.lock = threading.RLock()
        self._looks_lock = threading.Lock()
        self._looks: dict[tuple[Principal, str, str], float] = {}
        """People's looks at lists that are on the trail: who, at which key, for what, and when (monotonic)."""
        self.erasures = ErasureEvents(audit, lambda: keystore.generation)
        self._swept = float("-inf")
        self.finality = KeyFinality(keystore, self.lock, clock, final_s)

    def make(self, kind: KeyKind, deployment: str, subject: str, due_ns: int, actor: SystemActor) -> KeptKey:
        """Make a key, or give its maker the one that is there already."""
        access.check_maker(actor, kind, deployment, subject)
        self._terms.check_due(kind, subject, due_ns, self._guard.now_ns())
        with self.lock:
            given = self._given_again(kind, deployment, subject, actor)
        if given is not None:
            return given
        if kind is not KeyKind.RIGHTS:
            access.check_deployment(kind, deployment, self._facts.facts(deployment))
        with self.lock:
            given = self._given_again(kind, deployment, subject, actor)  # another may have made it meanwhile
            if given is None:
                self._terms.check_quota(kind, deployment, self._keystore.infos())
                given = KeptKey(*self._keystore.add(kind, deployment, subject, due_ns))
        return given

    def open(self, key_id: str, *, actor: Principal, purpose: str) -> KeptKey:
        """Lend a key for a purpose that is on the trail before the key is out."""
        if not purpose.strip():
            raise Refused(
                "vault.purpose-missing", "say who looks and for what purpose: both are put on the audit trail"
            )
        now_ns = self._guard.now_ns()
        info = self._find(key_id).info
        if info.due_ns <= now_ns and not info.held:
            self._destroy_due(now_ns)
            raise _gone()
        who = access.check_access(actor, info, self._people)
        access.check_still_written(who, info, self._facts)
        self._note(who, info, purpose)
        found = self._find(key_id)  # looked up again: it may have been destroyed meanwhile
        return found if isinstance(who, SystemActor) else take_persons_key(found)

    def list(self, kind: KeyKind | None, deployment: str | None, after: str) -> tuple[KeptKeyInfo, ...]:
        """List them in the order of their ids, and only those whose id comes `after` another."""
        with self.lock:
            infos = self._keystore.infos()
        found = [
            info
            for info in infos
            if kind in (None, info.kind) and deployment in (None, info.deployment) and info.id > after
        ]
        return tuple(sorted(found, key=lambda info: info.id))

    def hold(self, key_ids: Sequence[str], *, held: bool) -> None:
        """Keep keys of footage beyond their due time, or no longer."""
        infos = [self._find(key_id).info for key_id in key_ids]
        access.check_hold_kind(infos)
        access.check_hold(infos, self._people, held=held)
        with self.lock:
            for key_id in key_ids:  # again: one may have been destroyed meanwhile
                self._find(key_id)
            self._keystore.hold(tuple(key_ids), held=held)

    def destroy(self, key_ids: Sequence[str], *, rule: ErasureRule) -> tuple[DestroyedKey, ...]:
        """Destroy keys now, under the `rule` that asks for it."""
        now_ns = self._clock.time_ns()  # deletion on purpose needs no trusted time
        with self.lock:
            asked = set(key_ids)
            known = {info.id: info for info in self._keystore.infos() if info.id in asked}
        erasure_rules.check_erasure_rule(rule, known.values(), self._facts, now_ns)
        erasure_rules.check_requests(rule, known.values(), self._people, self._terms, now_ns)
        erasure_rules.check_lists_unused(rule, known.values(), self._facts)
        with self.lock:
            wanted = {info.id: info for info in self._keystore.infos() if info.id in known}
            if any(info.held for info in wanted.values()):
                raise Refused("vault.key-held", "a held segment's key can't be destroyed: release the hold first")
            gone = self._keystore.destroy(tuple(wanted))
        if any(info.kind is KeyKind.WATCHLIST for info in gone):
            self.finality.hasten()
        destroyed = tuple(DestroyedKey(info, now_ns) for info in gone)
        self.erasures.record(destroyed, rule.value)
        return destroyed

    def sweep(self) -> None:
        """Destroy the keys that are due, every ten seconds. Waits for the keystore's disk, and for no database."""
        monotonic = self._clock.monotonic()
        if monotonic - self._swept < _SWEEP_EVERY_S:
            return
        self._swept = monotonic
        try:
            self._destroy_due(self._guard.now_ns_for_deletion())
        except Refused as error:
            get_logger().error("vault.clock", reason=str(error))

    def _destroy_due(self, now_ns: int) -> None:
        """Destroy keys that are past due, and make up for a renewal that failed."""
        gone: tuple[KeptKeyInfo, ...] = ()
        try:
            with self.lock:
                gone = tuple(info for info in self._keystore.infos() if info.due_ns <= now_ns and not info.held)
                self._keystore.destroy(tuple(info.id for info in gone))
                if self._keystore.outdated:
                    self._keystore.renew()
        except Refused as error:  # gone from memory all the same; the disk follows at the next sweep
            get_logger().error("vault.keystore", reason=str(error))
        self.erasures.remember(gone, now_ns)

    def _note(self, who: Principal, info: KeptKeyInfo, purpose: str) -> None:
        """Put a consultation on the trail: each one, but a person's looks at one list within ten minutes as one."""
        event = AuditEvent(Verb.CONSULT, who, info.deployment, f"{info.kind}:{info.subject}", rule=purpose)
        if info.kind is not KeyKind.WATCHLIST or isinstance(who, SystemActor):
            self._audit.record(event)
            return
        look, now_s = (who, info.id, purpose), self._clock.monotonic()
        with self._looks_lock:
            self._looks = {each: at for each, at in self._looks.items() if now_s - at < ONE_LIST_LOOK_S}
            is_noted = look in self._looks
        if not is_noted:
            self._audit.record(event)
            with self._looks_lock:
                self._looks[look] = now_s

    def _given_again(self, kind: KeyKind, deployment: str, subject: str, actor: SystemActor) -> KeptKey | None:
        """Return a key that is there already, or None. Raises Refused when it isn't given to its maker again."""
        known = self._keystore.find_made(kind, deployment, subject)
        if known is None:
            return None
        access.check_given_again(actor, kind)
        return self._find(known)

    def _find(self, key_id: str) -> KeptKey:
        with self.lock:
            found = self._keystore.find(key_id)
        if found is None:
            raise _gone()
        return KeptKey(*found)


def _gone() -> Refused:
    return Refused("vault.key-gone", "the key is destroyed: what it sealed can't be opened by anybody")
