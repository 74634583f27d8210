"""The vault itself: holds the keys, asks the gate, and destroys by its own timers.

What it writes to the records (an epoch's beginning, a consultation) is written before the key is out: what can't be
recorded isn't done. Frame keys are `lfr_core.custody.vault.lending`'s, kept keys `lfr_core.custody.vault.kept_keys`'.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace

from lfr_core.common.clock import Clock
from lfr_core.common.errors import Retryable
from lfr_core.custody.vault import access
from lfr_core.custody.vault import messages as m
from lfr_core.custody.vault.canary_messages import CollectCanary, TellCanary
from lfr_core.custody.vault.canary_port import CanaryFrame
from lfr_core.custody.vault.certificates import Peer
from lfr_core.custody.vault.clockguard import ClockGuard
from lfr_core.custody.vault.erasure_events import AuditRecorder
from lfr_core.custody.vault.frame_canaries import FrameCanaries
from lfr_core.custody.vault.kept_keys import KeptKeys
from lfr_core.custody.vault.key_terms import KeyTerms
from lfr_core.custody.vault.keystore import Keystore
from lfr_core.custody.vault.lending import EpochLog, FrameLending
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
from lfr_core.custody.vault.sealing import new_key
from lfr_core.custody.vault.signing import SigningKey
from lfr_core.custody.vault.writer_keys import WriterKeys, derive_pseudonym, roles_among
from lfr_core.domain.actors import Principal, ProcessIdentity, SystemActor
from lfr_core.domain.gate import GateFactsSource, GateLimits
from lfr_core.domain.policy import VaultPolicy
from lfr_core.domain.signatures import SignatureKind

__all__ = ["VaultCore"]

_LAST_WORDS_S = 2.0
_TOUCH_EVERY_S = 5.0  # several times within the policy's audit_age_s of 10 s at least


class VaultCore:
    """Implements `lfr_core.custody.vault.port.Vault`. Safe to call from several threads."""

    def __init__(
        self,
        *,
        policy: VaultPolicy,
        limits: GateLimits,
        terms: KeyTerms,
        clock: Clock,
        keystore: Keystore,
        facts: GateFactsSource,
        epochs: EpochLog,
        audit: AuditRecorder,
        people: access.PeopleRegister,
        random_key: Callable[[], bytes] = new_key,
    ) -> None:
        """
        Args:
            policy: lengths of epoch, grace and lease.
            limits: what the gate reckons with.
            terms: until when kept keys may be due, and how many there may be.
            clock: wall and monotonic time.
            keystore: the kept keys.
            facts: what the gate is decided on, and which deployments there are.
            epochs: where epochs are recorded for the public.
            audit: where consultations and destructions are written.
            people: whom a key may be lent to.
            random_key: 32 random bytes.

        Raises:
            Fatal: the file with the latest time seen is damaged.
        """
        self._clock, self.terms = clock, terms
        self.keystore, self._log = keystore, epochs
        self.audit, self.people = audit, people
        self.clock = self._guard = ClockGuard(clock, keystore.folder / "latest-time.json", policy.clock_jump_s)
        self._frames = FrameLending(
            policy=policy, limits=limits, clock=clock, guard=self._guard, facts=facts, log=epochs,
            random_key=random_key,
        )  # fmt: skip
        self._kept_keys = KeptKeys(
            keystore=keystore, terms=terms, clock=clock, guard=self._guard, facts=facts, people=people, audit=audit,
            final_s=policy.tpm_final_s,
        )  # fmt: skip
        self.keystore_lock = self._kept_keys.lock
        self.finality = self._kept_keys.finality
        self._canaries = FrameCanaries(clock)
        self._touched = float("-inf")
        self.signing = SigningKey(keystore.installation_secret("signing"))
        self.writers = WriterKeys(keystore.installation_secret("pseudonyms"), self.clock)
        self.public_key, self.identity = self.signing.public_key, ProcessIdentity.VAULT

    def seal_key(self, deployment: str, camera: str) -> FrameKey:
        m.checked(m.SealKey, deployment=deployment, camera=camera)  # one key an epoch; the frame is bound to its camera
        self.finality.check()
        return replace(self._frames.seal_key(deployment), canary=self._canaries.offer(deployment, camera))

    def open_key(self, key_id: str) -> FrameKey:
        m.checked(m.OpenKey, key_id=key_id)
        self.finality.check()
        return self._frames.open_key(key_id)

    def check_gate(self, deployment: str) -> float:
        m.checked(m.CheckGate, deployment=deployment)
        self.finality.check()
        return self._frames.check_gate(deployment)

    def tell_canary(
        self, canary: str, key_id: str, camera: str, clear: Sequence[bytes], stored: Sequence[bytes]
    ) -> None:
        m.checked(TellCanary, canary=canary, key_id=key_id, camera=camera, clear=tuple(clear), stored=tuple(stored))
        deployment, key = self._frames.deployment_of(key_id), self._frames.open_key(key_id)
        self._canaries.tell(canary, camera, deployment=deployment, key=key, clear=clear, stored=stored)

    def collect_canary(self, deployment: str, *, ask: bool = True) -> CanaryFrame | None:
        m.checked(CollectCanary, deployment=deployment, ask=ask)
        self._frames.check_gate(deployment)
        return self._canaries.collect(deployment, ask=ask)

    def trusted_now_ns(self) -> int:
        return self._guard.now_ns_for_deletion()

    def record_key(
        self, use: RecordUse, *, actor: SystemActor, day: int | None = None, deployment: str = "", camera: str = ""
    ) -> RecordKey:
        m.checked(m.LendRecordKey, use=use, actor=actor, day=day, deployment=deployment, camera=camera)
        access.check_record_key(actor, use, camera)
        root, now_ns = self.keystore.installation_secret("records"), self._guard.time_ns()
        return derive_record_key(root, use, day, actor=actor, now_ns=now_ns, deployment=deployment, camera=camera)

    def make_key(
        self, kind: KeyKind, deployment: str, subject: str, due_ns: int, *, actor: SystemActor, camera: str = ""
    ) -> KeptKey:
        asked = {"kind": kind, "deployment": deployment, "subject": subject, "due_ns": due_ns, "actor": actor}
        m.checked(m.MakeKey, **asked, camera=camera)
        self.finality.check()
        return self._kept_keys.make(kind, deployment, subject, due_ns, actor)

    def open_kept(self, key_id: str, *, actor: Principal, purpose: str) -> KeptKey:
        m.checked(m.OpenKept, key_id=key_id, actor=m.actor_message(actor), purpose=purpose)
        self.finality.check()
        return self._kept_keys.open(key_id, actor=actor, purpose=purpose)

    def kept(
        self, kind: KeyKind | None = None, deployment: str | None = None, *, after: str = ""
    ) -> tuple[KeptKeyInfo, ...]:
        """List kept keys as `Vault.kept` does, and only those whose id comes `after` another, if one is given."""
        m.checked(m.Kept, kind=kind, deployment=deployment, after=after)
        return self._kept_keys.list(kind, deployment, after)

    def hold(self, key_ids: Sequence[str], *, held: bool) -> None:
        m.checked(m.HoldKeys, key_ids=tuple(key_ids), held=held)
        self._kept_keys.hold(key_ids, held=held)

    def destroy(self, key_ids: Sequence[str], *, rule: ErasureRule) -> tuple[DestroyedKey, ...]:
        m.checked(m.Destroy, key_ids=tuple(key_ids), rule=rule)
        return self._kept_keys.destroy(key_ids, rule=rule)

    def sign(self, kind: SignatureKind, message: bytes) -> Signature:
        m.checked(m.Sign, kind=kind, message=message)
        return self.signing.sign(kind, message)

    def writer_key(
        self, name: str, person: str = "", peer: Peer | ProcessIdentity | None = ProcessIdentity.VAULT
    ) -> WriterKey:
        m.checked(m.LendWriterKey, name=name, person=person)
        known = self.people.check_recorded(person) if person else None
        return replace(self.writers.writer_key(name, peer, person, roles_among(known)), person_records=known)

    def pseudonym(self, name: str) -> str:
        m.checked(m.Pseudonym, name=name)
        return derive_pseudonym(self.keystore.installation_secret("pseudonyms"), name)

    def begin(self) -> None:
        """Record what the vault before this one took with it. Raises Retryable when the records are away."""
        self._log.close_unfinished(self._clock.time_ns())
        self._log.touch(self._clock.time_ns())

    @property
    def timers(self) -> tuple[Callable[[], None], ...]:
        """What is called again and again, each by a thread of its own: none waits for another's disk or chip."""
        return self.expire, self.sweep, self.settle, self.maintain_keystore

    def run_timers(self) -> None:
        """Run all that the vault's timers do."""
        for act in self.timers:
            act()

    def expire(self) -> None:
        """Destroy the frame keys that are due, or all of them while the clock can't be trusted.

        Called several times a second by a timer that waits for no database and no disk; raises nothing of ours.
        """
        self._frames.expire()

    def sweep(self) -> None:
        """Destroy the kept keys that are due. Called by a timer that waits for the keystore's disk, and no database."""
        self._kept_keys.sweep()

    def settle(self) -> None:
        """Replace the TPM's secret when that is due. Called by a timer that waits for the TPM; raises nothing of ours.

        No key waits for it: neither those of frames, nor the sweep of kept ones.
        """
        self.finality.run()

    def maintain_keystore(self) -> None:
        """Tell the records what was destroyed, and that they take writes. Called by a timer; raises nothing of ours."""
        self._report()
        monotonic = self._clock.monotonic()
        if monotonic - self._touched >= _TOUCH_EVERY_S:
            self._touched = monotonic
            with suppress(Retryable):  # the gate shuts by itself when it grows old
                self._log.touch(self._clock.time_ns())

    def stop(self) -> None:
        """Destroy every frame key at once, and record that; but end without it when the records don't answer."""
        self._frames.drop()
        telling = threading.Thread(target=self._report, name="vault-last-words", daemon=True)
        telling.start()
        self.finality.stop()
        telling.join(_LAST_WORDS_S)  # else the next start records the epochs

    def _report(self) -> None:
        self._frames.record_destroyed()
        self._kept_keys.erasures.report()
