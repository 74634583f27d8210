"""Frame keys: begun, lent while the gate is open, and destroyed by time that waits for nothing.

The key lock is held while keys are looked up, copied or overwritten, and never over input or output: the gate's facts
are read, and an epoch is recorded, under a lock of the deployment alone. So a slow or stuck database delays whoever
asks for a key, and never its destruction.

An epoch is recorded before its key is out. Until then it is with the others, so that it is destroyed when its time is
over or the vault stops, but nobody is lent it.
"""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Protocol

from cachetools import TLRUCache

from lfr_core.common.clock import Clock
from lfr_core.common.errors import Refused, Retryable
from lfr_core.custody.vault.clockguard import ClockGuard
from lfr_core.custody.vault.epochs import Epoch, EpochKeys
from lfr_core.custody.vault.port import FrameKey
from lfr_core.domain.gate import GateFactsSource, GateLimits, check_gate
from lfr_core.domain.policy import VaultPolicy

__all__ = ["FACTS_MAX_AGE_S", "EpochLog", "FrameLending"]

FACTS_MAX_AGE_S = 0.25
"""With a lease of 2 s a refusal is felt everywhere within 2.25 s of its cause."""
_TURN_S = 5.0
"""How long somebody waits while another asks the records about the same deployment; a client waits for ten."""
_MOST_WAITING = 32
"""Requests that may wait for the records at once: half of the connections, so that others are answered meanwhile."""
_MOST_DEPLOYMENTS = 1_000
"""Whose gate is remembered: a flood of unknown names must not fill the memory."""


class EpochLog(Protocol):
    """The public table of epochs. Raises Retryable when it can't be written."""

    def record_begun(self, epoch: Epoch) -> None: ...

    def record_destroyed(self, key_ids: Sequence[str], at_ns: int) -> None: ...

    def close_unfinished(self, at_ns: int) -> int:
        """Record the epochs of a vault that died as destroyed by `at_ns`, and say how many."""
        ...

    def touch(self, at_ns: int) -> None:
        """Write when that was last possible."""
        ...


@dataclass(slots=True)
class _QueuedRequests:
    lock: threading.RLock = field(default_factory=threading.RLock)
    wanted: int = 0
    """By how many requests."""


class FrameLending:
    """The frame keys of one vault. Safe to call from several threads."""

    def __init__(
        self,
        *,
        policy: VaultPolicy,
        limits: GateLimits,
        clock: Clock,
        guard: ClockGuard,
        facts: GateFactsSource,
        log: EpochLog,
        random_key: Callable[[], bytes],
    ) -> None:
        self._policy = policy
        self._limits = limits
        self._clock = clock
        self._guard = guard
        self._facts = facts
        self._log = log
        self._keys = threading.Lock()
        """The key lock."""
        self._epochs = EpochKeys(
            epoch_s=policy.epoch_s, grace_s=policy.grace_s, new_key=random_key, new_id=lambda: uuid.uuid4().hex
        )
        self._state = threading.Lock()
        """Of the three below; held for a look into a dictionary."""
        self._queues: dict[str, _QueuedRequests] = {}
        self._allowed: TLRUCache[str, tuple[float, Refused | None]] = TLRUCache(
            _MOST_DEPLOYMENTS, ttu=lambda _, kept, __: kept[0] + FACTS_MAX_AGE_S, timer=clock.monotonic
        )
        """The gate's answers, aged from before the question."""
        self._unrecorded: dict[str, int] = {}
        """Epochs destroyed and not yet recorded so, with when: the records were away."""
        self._waiting = threading.BoundedSemaphore(_MOST_WAITING)

    # -- lending ---------------------------------------------------------------------------------

    def seal_key(self, deployment: str) -> FrameKey:
        """Lend a key as `lfr_core.custody.vault.port.Vault.seal_key` does."""
        now_ns = self._pass_gate(deployment)
        lent = self._lend(self._current(deployment))
        if lent is not None:
            return lent
        with self._turn(deployment):  # one epoch at a time is begun
            epoch = self._current(deployment) or self._begin(deployment, now_ns)
            self._pass_gate(deployment)  # recording may have taken longer than an answer of the gate holds
        lent = self._lend(epoch)
        if lent is None:
            raise Retryable("the epoch was over before the records took its beginning; ask again")
        return lent

    def open_key(self, key_id: str) -> FrameKey:
        """Lend a key as `lfr_core.custody.vault.port.Vault.open_key` does."""
        with self._keys:
            epoch = self._epochs.find(key_id, self._clock.monotonic())
        if epoch is not None:
            self._pass_gate(epoch.deployment)
        lent = self._lend(epoch)  # it may have been destroyed meanwhile
        if lent is None:
            raise Refused("vault.key-gone", "this frame's key is destroyed, or of another vault: it can't be opened")
        return lent

    def deployment_of(self, key_id: str) -> str:
        """Return whose frames are sealed under a key; "" when it is gone."""
        with self._keys:
            epoch = self._epochs.find(key_id, self._clock.monotonic())
        return "" if epoch is None else epoch.deployment

    def check_gate(self, deployment: str) -> float:
        """Check the gate as `lfr_core.custody.vault.port.Vault.check_gate` does."""
        self._pass_gate(deployment)
        return self._policy.lease_s

    def _current(self, deployment: str) -> Epoch | None:
        with self._keys:
            return self._epochs.current(deployment, self._clock.monotonic())

    def _begin(self, deployment: str, now_ns: int) -> Epoch:
        with self._keys:
            epoch = self._epochs.begin(deployment, now_ns, self._clock.monotonic())
        try:
            self._log.record_begun(epoch)
        except BaseException:
            with self._keys:
                self._epochs.forget(epoch)
            raise
        with self._keys:
            recorded = self._epochs.confirm(epoch)
        if not recorded:
            self._note([epoch])
        return epoch

    def _lend(self, epoch: Epoch | None) -> FrameKey | None:
        """Return a copy of the key, if it may still be opened."""
        with self._keys:
            if epoch is None or self._epochs.find(epoch.id, self._clock.monotonic()) is None:
                return None
            return FrameKey(
                id=epoch.id,
                key=bytes(epoch.key),
                seals_until_ns=epoch.ended_ns,
                opens_until_ns=epoch.ended_ns + round(self._policy.grace_s * 1e9),
                lease_s=self._policy.lease_s,
            )

    # -- the gate --------------------------------------------------------------------------------

    def _pass_gate(self, deployment: str) -> int:
        """Return the wall time when the gate is open. The answer is as old as `FACTS_MAX_AGE_S` at most."""
        now_ns = self._guard.now_ns()
        refusal, known = self._known(deployment)
        if not known:
            with self._turn(deployment):
                refusal, known = self._known(deployment)  # another may have asked meanwhile
                if not known:
                    now_ns = self._guard.now_ns()
                    refusal = self._ask(deployment, now_ns)
        if refusal is not None:
            raise Refused(refusal.rule, str(refusal))
        return now_ns

    def _known(self, deployment: str) -> tuple[Refused | None, bool]:
        """Return the gate's last answer, and whether it is young enough to be used."""
        with self._state:
            kept = self._allowed.get(deployment)
        return (None, False) if kept is None else (kept[1], True)

    def _ask(self, deployment: str, now_ns: int) -> Refused | None:
        asked = self._clock.monotonic()  # the answer is as old as the question
        refusal: Refused | None = None
        facts = self._facts.facts(deployment)  # Retryable goes to whoever asked: nothing is lent
        try:
            check_gate(facts, deployment, self._limits, now_ns=now_ns)
        except Refused as error:
            refusal = error
        with self._state:
            self._allowed[deployment] = (asked, refusal)
        return refusal

    @contextmanager
    def _turn(self, deployment: str) -> Iterator[None]:
        """Let one request at a time ask the records about a deployment; Retryable for those that wait too long."""
        if not self._waiting.acquire(blocking=False):
            raise Retryable("too many wait for the records already: see that the database answers")
        with self._state:
            queue = self._queues.setdefault(deployment, _QueuedRequests())
            queue.wanted += 1
        try:
            if not queue.lock.acquire(timeout=_TURN_S):
                raise Retryable(f"the records are slow to say whether {deployment} is open: see the database")
            try:
                yield
            finally:
                queue.lock.release()
        finally:
            with self._state:
                queue.wanted -= 1
                if not queue.wanted:
                    del self._queues[deployment]
            self._waiting.release()

    # -- the end of keys -------------------------------------------------------------------------

    def expire(self) -> None:
        """Destroy the keys that are due, or all of them while the clock can't be trusted. No input, no output."""
        with self._keys:
            gone = self._epochs.expire(self._clock.monotonic())
        try:
            self._guard.time_ns()
        except Refused:
            with self._keys:
                gone += self._epochs.drop()
        self._note(gone)

    def drop(self) -> None:
        """Destroy every key at once. No input, no output."""
        with self._keys:
            gone = self._epochs.drop()
        self._note(gone)

    def record_destroyed(self) -> None:
        """Record what was destroyed; what the records don't take now is recorded later."""
        with self._state:
            by_time: dict[int, list[str]] = {}
            for key_id, at_ns in self._unrecorded.items():
                by_time.setdefault(at_ns, []).append(key_id)
        for at_ns, key_ids in by_time.items():
            try:
                self._log.record_destroyed(key_ids, at_ns)
            except Retryable:
                return  # the keys are gone; the table is told when it is back
            with self._state:
                for key_id in key_ids:
                    self._unrecorded.pop(key_id, None)

    def _note(self, epochs: Sequence[Epoch]) -> None:
        at_ns = self._clock.time_ns()
        with self._state:
            self._unrecorded |= dict.fromkeys((epoch.id for epoch in epochs), at_ns)
