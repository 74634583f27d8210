"""The vault itself: holds the keys, asks the gate, and destroys by its own timer.

What it writes to the records (an epoch's beginning, a consultation) is written before the key is out: what can't be
recorded isn't done. There are two locks, one for frames and one for kept keys, and the second is never held while the
records are written: whoever asks for a kept key may be in a transaction that the database makes others wait for.
"""

from __future__ import annotations

import hashlib
import hmac
import threading
import uuid
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Protocol

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from lfr_core.audit.port import AuditEvent, Verb
from lfr_core.clock import Clock
from lfr_core.errors import LfrError, Refused, Retryable
from lfr_core.gate import GateFactsSource, GateLimits, check_gate
from lfr_core.logs import get_logger
from lfr_core.policy import VaultPolicy
from lfr_core.vault import messages as m
from lfr_core.vault.clockguard import ClockGuard
from lfr_core.vault.epochs import Epoch, EpochKeys
from lfr_core.vault.keystore import Keystore
from lfr_core.vault.port import DestroyedKey, FrameKey, KeptKey, KeptKeyInfo, KeyKind, Signature
from lfr_core.vault.sealing import new_key

__all__ = ["EpochLog", "VaultCore", "WritesAudit"]

FACTS_MAX_AGE_S = 0.25
"""With a lease of 2 s a refusal is felt everywhere within 2.25 s of its cause."""
_SWEEP_EVERY_S = 10.0
_TOUCH_EVERY_S = 5.0
"""Several times within the policy's audit_age_s of 10 s at least."""


class EpochLog(Protocol):
    """The public table of epochs. Raises Retryable when it can't be written."""

    def began(self, epoch: Epoch) -> None: ...

    def destroyed(self, key_ids: Sequence[str], at_ns: int) -> None: ...

    def close_unfinished(self, at_ns: int) -> int:
        """Book the epochs of a vault that died as destroyed by `at_ns`, and say how many."""
        ...

    def touch(self, at_ns: int) -> None:
        """Write when that was last possible."""
        ...


class WritesAudit(Protocol):
    """Writes one event in a transaction of its own. Raises Retryable when that can't be done."""

    def record(self, event: AuditEvent) -> None: ...


class VaultCore:
    """Implements `lfr_core.vault.port.Vault`. Safe to call from several threads."""

    def __init__(
        self,
        *,
        policy: VaultPolicy,
        limits: GateLimits,
        clock: Clock,
        keystore: Keystore,
        facts: GateFactsSource,
        epochs: EpochLog,
        audit: WritesAudit,
        random_key: Callable[[], bytes] = new_key,
    ) -> None:
        """
        Args:
            policy: lengths of epoch, grace and lease.
            limits: what the gate reckons with.
            clock: wall and monotonic time.
            keystore: the kept keys.
            facts: what the gate is decided on.
            epochs: where epochs are booked for the public.
            audit: where consultations and destructions are written.
            random_key: 32 random bytes.

        Raises:
            Fatal: the file with the latest time seen is damaged.
        """
        self._policy = policy
        self._limits = limits
        self._clock = clock
        self._keystore = keystore
        self._facts = facts
        self._log = epochs
        self._audit = audit
        self._frames = threading.RLock()
        self._keys = threading.RLock()
        self._booking = threading.Lock()
        self._guard = ClockGuard(clock, keystore.folder / "latest-time.json", policy.clock_jump_s)
        self._epochs = EpochKeys(
            epoch_s=policy.epoch_s, grace_s=policy.grace_s, new_key=random_key, new_id=lambda: uuid.uuid4().hex
        )
        self._allowed: dict[str, tuple[float, Refused | None]] = {}
        self._unbooked: dict[str, int] = {}
        """Epochs destroyed and not yet booked so, with when: the records were away."""
        self._swept = self._touched = float("-inf")
        self._signing = Ed25519PrivateKey.from_private_bytes(keystore.own("signing"))
        self.public_key = self._signing.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
        """Ed25519, 32 bytes, of the installation."""

    # -- frames ----------------------------------------------------------------------------------

    def seal_key(self, deployment: str, camera: str) -> FrameKey:
        m.checked(m.SealKey, deployment=deployment, camera=camera)  # one key an epoch; the frame is bound to its camera
        with self._frames:
            now_ns = self._pass_gate(deployment)
            epoch, begun = self._epochs.current(deployment, now_ns, self._clock.monotonic())
            if begun:
                try:
                    self._log.began(epoch)
                except LfrError:
                    self._epochs.forget(epoch)
                    raise
            return self._lend(epoch)

    def open_key(self, key_id: str) -> FrameKey:
        m.checked(m.OpenKey, key_id=key_id)
        with self._frames:
            epoch = self._epochs.find(key_id, self._clock.monotonic())
            if epoch is None:
                raise Refused(
                    "vault.key-gone", "this frame's key is destroyed, or of another vault: it can't be opened"
                )
            self._pass_gate(epoch.deployment)
            return self._lend(epoch)

    def check_gate(self, deployment: str) -> float:
        m.checked(m.CheckGate, deployment=deployment)
        with self._frames:
            self._pass_gate(deployment)
            return self._policy.lease_s

    def trusted_now_ns(self) -> int:
        return self._guard.now_ns()

    def _pass_gate(self, deployment: str) -> int:
        """Wall time, when the gate is open. The answer is as old as `FACTS_MAX_AGE_S` at most."""
        now_ns, now = self._guard.now_ns(), self._clock.monotonic()
        kept = self._allowed.get(deployment)
        if kept is None or now - kept[0] >= FACTS_MAX_AGE_S:
            self._allowed.pop(deployment, None)
            refusal: Refused | None = None
            facts = self._facts.facts(deployment)  # Retryable goes to whoever asked: nothing is lent
            try:
                check_gate(facts, deployment, self._limits, now_ns=now_ns)
            except Refused as error:
                refusal = error
            if len(self._allowed) > 1_000:  # noqa: PLR2004  a flood of unknown names must not fill the memory
                self._allowed.clear()
            kept = self._allowed[deployment] = (now, refusal)
        if kept[1] is not None:
            raise Refused(kept[1].rule, str(kept[1]))
        return now_ns

    def _lend(self, epoch: Epoch) -> FrameKey:
        return FrameKey(
            id=epoch.id,
            key=bytes(epoch.key),
            seals_until_ns=epoch.ended_ns,
            opens_until_ns=epoch.ended_ns + round(self._policy.grace_s * 1e9),
            lease_s=self._policy.lease_s,
        )

    # -- kept keys -------------------------------------------------------------------------------

    def make_key(self, kind: KeyKind, deployment: str, subject: str, due_ns: int) -> KeptKey:
        m.checked(m.MakeKey, kind=kind, deployment=deployment, subject=subject, due_ns=due_ns)
        self._guard.now_ns()
        with self._keys:
            for info in self._keystore.infos():
                if (info.kind, info.deployment, info.subject) == (kind, deployment, subject):
                    return self._kept(info.id)
            info, key = self._keystore.add(kind, deployment, subject, due_ns)
            return KeptKey(info, key)

    def open_kept(self, key_id: str, *, actor: str, purpose: str) -> KeptKey:
        m.checked(m.OpenKept, key_id=key_id, actor=actor, purpose=purpose)
        if not actor.strip() or not purpose.strip():
            raise Refused(
                "vault.purpose-missing", "say who looks and for what purpose: both are put on the audit trail"
            )
        now_ns = self._guard.now_ns()
        info = self._kept(key_id).info
        if info.due_ns <= now_ns and not info.held:
            self._sweep(now_ns)
            raise _gone()
        self._audit.record(
            AuditEvent(Verb.CONSULT, actor, info.deployment, f"{info.kind}:{info.subject}", rule=purpose)
        )
        return self._kept(key_id)  # looked up again: it may have been destroyed meanwhile

    def kept(
        self, kind: KeyKind | None = None, deployment: str | None = None, *, after: str = ""
    ) -> tuple[KeptKeyInfo, ...]:
        """Also only those whose id comes `after` another."""
        m.checked(m.Kept, kind=kind, deployment=deployment, after=after)
        with self._keys:
            infos = self._keystore.infos()
        found = [
            info
            for info in infos
            if kind in (None, info.kind) and deployment in (None, info.deployment) and info.id > after
        ]
        return tuple(sorted(found, key=lambda info: info.id))

    def hold(self, key_ids: Sequence[str], *, held: bool) -> None:
        m.checked(m.Hold, key_ids=tuple(key_ids), held=held)
        with self._keys:
            infos = [self._kept(key_id).info for key_id in key_ids]
            if any(info.kind is not KeyKind.FOOTAGE for info in infos):
                raise Refused("vault.hold-kind", "only footage can be held; everything else goes when it is due")
            self._keystore.hold(tuple(key_ids), held=held)

    def destroy(self, key_ids: Sequence[str], *, rule: str) -> tuple[DestroyedKey, ...]:
        m.checked(m.Destroy, key_ids=tuple(key_ids), rule=rule)
        now_ns = self._clock.time_ns()  # deletion on purpose needs no trusted time
        with self._keys:
            known = {info.id: info for info in self._keystore.infos()}
            wanted = tuple(key_id for key_id in dict.fromkeys(key_ids) if key_id in known)
            if any(known[key_id].held for key_id in wanted):
                raise Refused("vault.key-held", "a held segment's key can't be destroyed: release the hold first")
            gone = self._keystore.destroy(wanted)
        return self._erased(gone, rule, now_ns)

    def _erased(self, infos: Sequence[KeptKeyInfo], rule: str, now_ns: int) -> tuple[DestroyedKey, ...]:
        gone = tuple(DestroyedKey(info, now_ns) for info in infos)
        for each in gone:
            info = each.info
            self._tell(
                AuditEvent(
                    Verb.ERASE,
                    "system:vault",
                    info.deployment,
                    f"key:{info.id}",
                    rule=rule,
                    facts={"kind": info.kind.value, "fingerprint": info.fingerprint, "due_ns": info.due_ns},
                )
            )
        return gone

    def _tell(self, event: AuditEvent) -> None:
        """Put an erasure on the trail; erasure itself never waits for that: the keystore is the proof of it."""
        try:
            self._audit.record(event)
        except LfrError as error:
            get_logger().error("vault.erasure-not-audited", subject=event.subject, reason=str(error))

    def _kept(self, key_id: str) -> KeptKey:
        with self._keys:
            found = self._keystore.find(key_id)
        if found is None:
            raise _gone()
        return KeptKey(*found)

    # -- signatures and names --------------------------------------------------------------------

    def sign(self, message: bytes) -> Signature:
        m.checked(m.Sign, message=message)
        return Signature(self._signing.sign(message), self.public_key)

    def pseudonym(self, name: str) -> str:
        m.checked(m.Pseudonym, name=name)
        folded = " ".join(name.split()).casefold()
        return hmac.new(self._keystore.own("pseudonyms"), folded.encode(), hashlib.sha256).hexdigest()[:32]

    # -- time ------------------------------------------------------------------------------------

    def begin(self) -> None:
        """Book what the vault before this one took with it. Raises Retryable when the records are away."""
        self._log.close_unfinished(self._clock.time_ns())
        self._log.touch(self._clock.time_ns())

    def tick(self) -> None:
        """Both of what the vault's timers do."""
        self.expire()
        self.tend()

    def expire(self) -> None:
        """Destroy the frame keys that are due, or all of them while the clock can't be trusted.

        Called several times a second by a timer that waits for no database and no disk but the small file of the
        latest time; raises nothing of ours.
        """
        with self._frames:
            gone = self._epochs.expire(self._clock.monotonic())
            try:
                self._guard.now_ns()
            except Refused:
                gone += self._epochs.drop()
        self._note(gone)

    def tend(self) -> None:
        """Book destroyed epochs, and sweep kept keys that are due. Called by a second timer; raises nothing of ours."""
        self._book()
        monotonic = self._clock.monotonic()
        if monotonic - self._touched >= _TOUCH_EVERY_S:
            self._touched = monotonic
            with suppress(Retryable):  # the gate shuts by itself when it grows old
                self._log.touch(self._clock.time_ns())
        if monotonic - self._swept < _SWEEP_EVERY_S:
            return
        self._swept = monotonic
        try:
            self._sweep(self._guard.now_ns())
        except Refused as error:
            get_logger().error("vault.clock", reason=str(error))

    def stop(self) -> None:
        """Destroy every frame key at once, and book that."""
        with self._frames:
            gone = self._epochs.drop()
        self._note(gone)
        self._book()

    def _note(self, epochs: Sequence[Epoch]) -> None:
        at_ns = self._clock.time_ns()
        with self._booking:
            self._unbooked |= dict.fromkeys((epoch.id for epoch in epochs), at_ns)

    def _book(self) -> None:
        with self._booking:
            by_time: dict[int, list[str]] = {}
            for key_id, at_ns in self._unbooked.items():
                by_time.setdefault(at_ns, []).append(key_id)
        for at_ns, key_ids in by_time.items():
            try:
                self._log.destroyed(key_ids, at_ns)
            except Retryable:
                return  # the keys are gone; the table is told when it is back
            with self._booking:
                for key_id in key_ids:
                    self._unbooked.pop(key_id, None)

    def _sweep(self, now_ns: int) -> None:
        """Kept keys past due go, and a renewal that failed is made up."""
        gone: tuple[KeptKeyInfo, ...] = ()
        try:
            with self._keys:
                due = tuple(info.id for info in self._keystore.infos() if info.due_ns <= now_ns and not info.held)
                gone = tuple(info for info in self._keystore.infos() if info.id in set(due))
                self._keystore.destroy(due)
                if self._keystore.outdated:
                    self._keystore.renew()
        except Refused as error:  # gone from memory all the same; the disk follows at the next sweep
            get_logger().error("vault.keystore", reason=str(error))
        self._erased(gone, "retention.due", now_ns)


def _gone() -> Refused:
    return Refused("vault.key-gone", "the key is destroyed: what it sealed can't be opened by anybody")
