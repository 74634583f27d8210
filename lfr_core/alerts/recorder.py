"""What the `record` worker does with what it is sent: sightings, outcomes, dead letters.

Each call is one transaction, and each may be made again with the same messages without further effect:
commit, then acknowledge. What can't be recorded is handed back with its error while the rest is recorded.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from uuid import UUID, uuid4

from sqlalchemy import Engine

from lfr_core.alerts.dead_letters import write_dead_letters
from lfr_core.alerts.frames import write_outcomes
from lfr_core.alerts.keys import RECORDER, CropKeys
from lfr_core.alerts.sightings import SightingWriter
from lfr_core.common.clock import Clock
from lfr_core.common.errors import LfrError, Poison, Refused, Retryable
from lfr_core.custody.audit.port import SealingTrail
from lfr_core.custody.vault.port import Vault
from lfr_core.deployments.monitoring.store import write_answers
from lfr_core.domain.messages import DeadLetter, LiveProbeResult, OutcomeBatch, Sighting
from lfr_core.domain.policy import AlertPolicy
from lfr_core.storage.engine import writing

__all__ = ["RecordedOutcomes", "RecordedSightings", "Recorder"]

_MOST_TURNS = 8
"""How often one call may find out that it needs more keys; another recorder may open alerts in between."""


@dataclass(frozen=True, slots=True)
class RecordedSightings:
    """What became of a call's sightings. Those in neither `opened` nor `failures` joined an alert, or came again."""

    opened: tuple[UUID, ...]
    """Alerts this call opened."""
    failures: tuple[tuple[Sighting, LfrError], ...]
    """Not recorded: Poison (unknown deployment or entry, unstorable) or Refused (deployment not live, key gone)."""


@dataclass(frozen=True, slots=True)
class RecordedOutcomes:
    """What became of a call's batches."""

    frames: int
    """Frames newly accounted for."""
    failures: tuple[tuple[OutcomeBatch, Poison], ...]


class _MoreKeys(Exception):
    """The transaction needs keys that weren't asked for yet."""


class Recorder:
    """Writes what the stream found. Safe to call from several threads and processes at once."""

    def __init__(
        self,
        engine: Engine,
        alert_policy: AlertPolicy,
        clock: Clock,
        vault: Vault,
        trail: SealingTrail,
        new_id: Callable[[], UUID] = uuid4,
    ) -> None:
        self._engine = engine
        self._policy = alert_policy
        self._clock = clock
        self._vault = vault
        self._trail = trail
        self._new_id = new_id

    def record_sightings(self, sightings: Sequence[Sighting]) -> RecordedSightings:
        """Record each sighting once and attach it to its alert, opening one where there is none.

        A sighting joins the alert of its deployment, camera and entry that nobody had answered by then, and whose
        first and last sighting lie within the policy's `merge_s` of it (the nearest, where there are two). The database
        lets one recorder at a time do this for a deployment, so that no two open the same. Its probe and references
        are sealed under the alert's own key, and its opening is on the audit trail in the same transaction. What can't
        be true of a planned deployment isn't recorded (`lfr_core.alerts.plausibility`).

        Raises:
            Retryable: the database or the vault is away, busy or full; nothing of this call is recorded.
        """
        if not sightings:
            return RecordedSightings((), ())
        now_ns = self._clock.time_ns()
        keys = CropKeys(self._vault, now_ns=now_ns, retention_h=self._policy.retention_h, new_id=self._new_id)
        records_key = self._records_key()
        for _ in range(_MOST_TURNS):
            try:
                return self._record(sightings, now_ns, keys, records_key)
            except _MoreKeys:
                self._fetch(keys)
        raise Retryable("other recorders are opening alerts at the same moment; try again")

    def _record(
        self, sightings: Sequence[Sighting], now_ns: int, keys: CropKeys, records_key: bytes
    ) -> RecordedSightings:
        keys.restart()
        with writing(self._engine) as session:
            writer = SightingWriter(session, self._policy, now_ns, keys, records_key)
            recorded = RecordedSightings(*writer.write(sightings))
            if keys.wanting:
                raise _MoreKeys
            for event in writer.collected:
                self._trail.append(session, event)
            return recorded

    def _records_key(self) -> bytes:
        """Return what an alert's state is keyed with; asked for now: in a transaction the vault may wait for this
        database.
        """
        try:
            return self._trail.records_key()
        except Refused as error:
            raise Retryable(f"the vault lets nothing be recorded: {error}") from error

    def _fetch(self, keys: CropKeys) -> None:
        """Fetch the keys. Raises Retryable: without the vault there is no alert, and it is tried again."""
        try:
            keys.fetch()
            self._trail.prepare(RECORDER)
        except Refused as error:
            raise Retryable(f"the vault gives no key for an alert: {error}") from error

    def record_outcomes(self, batches: Sequence[OutcomeBatch]) -> RecordedOutcomes:
        """Account for frames; see `lfr_core.alerts.accounting` for the arithmetic.

        Raises:
            Retryable: the database is away, busy or full; nothing of this call is recorded.
        """
        if not batches:
            return RecordedOutcomes(0, ())
        with writing(self._engine) as session:
            return RecordedOutcomes(*write_outcomes(session, batches, self._clock.time_ns()))

    def record_live_probe_results(
        self, results: Sequence[LiveProbeResult]
    ) -> tuple[tuple[LiveProbeResult, Poison], ...]:
        """Keep answers to live probes, each once; those that can't be kept are handed back.

        Raises:
            Retryable: the database is away, busy or full; nothing of this call is recorded.
        """
        if not results:
            return ()
        self._trail.seal("")  # asks for the key now: in a transaction the vault may be waiting for this database
        with writing(self._engine) as session:
            return write_answers(session, self._trail, results, self._clock.time_ns())

    def record_dead_letters(self, letters: Sequence[DeadLetter]) -> tuple[tuple[DeadLetter, Poison], ...]:
        """Keep where records lie that couldn't be processed, and why, so many of a camera; count them all, each once.

        Those that can't be stored are handed back. See `lfr_core.alerts.dead_letters`.

        Raises:
            Retryable: the database is away, busy or full; nothing of this call is recorded.
        """
        if not letters:
            return ()
        with writing(self._engine) as session:
            return write_dead_letters(session, letters, now_ns=self._clock.time_ns(), new_id=self._new_id)
