"""Follows a camera's frames to their outcomes: how many are still in flight, and how old outcomes are.

`InFlightFrames` keeps count, `FeedbackReader` is the thread that reads `lfr.outcomes` for it with a consumer
that belongs to no group: every camera reads all outcomes from now on and keeps its own.
"""

from __future__ import annotations

import threading
import time
from typing import Any

import structlog

from lfr_core.common.clock import Clock
from lfr_core.common.errors import Poison, Retryable
from lfr_core.domain.messages import OutcomeBatch
from streams.broker.connection import BrokerConnection

__all__ = ["FeedbackReader", "InFlightFrames"]

_log = structlog.get_logger(__name__)


class InFlightFrames:
    """Counts frames sent whose outcome has not been seen. Safe to use from several threads.

    Two bounds in one: frames waiting for an outcome, and frames that the broker has not confirmed. The second
    never times out here, so that nothing piles up in the producer while the broker is away.
    """

    def __init__(self, clock: Clock, *, bound: int, lost_after_s: float | None) -> None:
        """Start with nothing in flight.

        Args:
            clock: for ages.
            bound: how many may be in flight.
            lost_after_s: after how long a delivered frame without an outcome is given up; None for never.
        """
        self._clock = clock
        self._bound = bound
        self._lost_after_s = lost_after_s
        self._changed = threading.Condition()
        self._waiting: dict[int, float] = {}  # sequence -> when it was sent, in order of sequence
        self._confirmed_at: dict[int, float] = {}  # of those waiting
        self._unconfirmed: set[int] = set()
        self._latency_s: float | None = None
        self._last_sequence = self._newest_sent = -1
        self._last_progress = clock.monotonic()
        self.unanswered = 0
        self.delivery_failed = 0

    def mark_sent(self, sequence: int) -> None:
        """Note that a frame was handed to the producer."""
        with self._changed:
            if not self._waiting:
                self._last_progress = self._clock.monotonic()
            self._waiting[sequence] = self._clock.monotonic()
            self._newest_sent = max(self._newest_sent, sequence)
            self._unconfirmed.add(sequence)

    def mark_confirmed(self, sequence: int) -> None:
        """Note that the broker has it."""
        with self._changed:
            self._unconfirmed.discard(sequence)
            if sequence in self._waiting:
                self._confirmed_at[sequence] = self._clock.monotonic()
            self._changed.notify_all()

    def mark_failed(self, sequence: int) -> None:
        """Note that the producer gave it up."""
        with self._changed:
            if sequence in self._unconfirmed:
                self.delivery_failed += 1
            self._unconfirmed.discard(sequence)
            self._forget(sequence)
            self._changed.notify_all()

    def withdraw(self, sequence: int) -> None:
        """Note that it was not handed to the producer after all."""
        with self._changed:
            self._unconfirmed.discard(sequence)
            self._forget(sequence)
            self._changed.notify_all()

    def mark_processed(self, sequence: int, latency_s: float) -> None:
        """Note a frame's outcome, which came `latency_s` after its capture; those before it are done too.

        A camera can't verify who wrote an outcome: one of a frame that it hasn't sent yet is passed over, or none of
        the frames before that would have an outcome any more.
        """
        with self._changed:
            if not self._last_sequence < sequence <= self._newest_sent:
                return  # sent again after a worker's restart, or made up
            self._last_sequence = sequence
            self._latency_s = latency_s
            self._last_progress = self._clock.monotonic()
            for done in [s for s in self._waiting if s <= sequence]:
                self._forget(done)
            self._changed.notify_all()

    def expire(self) -> int:
        """Give up what was delivered long ago and never answered; return how many that was."""
        if self._lost_after_s is None:
            return 0
        with self._changed:
            oldest = self._clock.monotonic() - self._lost_after_s
            late = [sequence for sequence, since in self._confirmed_at.items() if since < oldest]
            for sequence in late:
                self._forget(sequence)
            self.unanswered += len(late)
            if late:
                self._changed.notify_all()
            return len(late)

    def fail_unconfirmed(self) -> None:
        """Count what a closed producer has not confirmed as failed."""
        with self._changed:
            self.delivery_failed += len(self._unconfirmed)
            self._unconfirmed.clear()

    def _forget(self, sequence: int) -> None:
        self._waiting.pop(sequence, None)
        self._confirmed_at.pop(sequence, None)

    def wait_for_capacity(self, timeout_s: float) -> bool:
        """Wait that long at most until one more may be sent; returns whether it may."""
        with self._changed:
            return self._changed.wait_for(self._has_capacity, timeout_s)

    def _has_capacity(self) -> bool:
        return max(len(self._waiting), len(self._unconfirmed)) < self._bound

    @property
    def count(self) -> int:
        with self._changed:
            return max(len(self._waiting), len(self._unconfirmed))

    @property
    def unconfirmed(self) -> int:
        with self._changed:
            return len(self._unconfirmed)

    def outcome_age_s(self) -> float | None:
        """Return seconds from capture to outcome: the newest outcome's or the oldest waiting frame's, if more.

        None while nothing is known. A frame that waits is taken as captured when it was sent.
        """
        with self._changed:
            waiting = self._clock.monotonic() - next(iter(self._waiting.values())) if self._waiting else None
            ages = [age for age in (self._latency_s, waiting) if age is not None]
            return max(ages, default=None)

    def silence_s(self) -> float:
        """Return the seconds without any outcome while frames are waiting; 0 when none is."""
        with self._changed:
            return self._clock.monotonic() - self._last_progress if self._waiting else 0.0


class FeedbackReader:
    """Reads outcomes in a thread and notifies `InFlightFrames` of those of one session."""

    def __init__(
        self,
        connection: BrokerConnection,
        *,
        topic: str,
        deployment: str,
        camera: str,
        session: str,
        in_flight: InFlightFrames,
    ) -> None:
        """Stand at the end of the topic, so that no outcome of a frame sent after this is missed.

        Raises:
            Retryable: the broker is away, or the topic isn't there.
        """
        from kafka import KafkaConsumer, TopicPartition
        from kafka.errors import KafkaError

        self._mine = (deployment, camera, session)
        self._in_flight = in_flight
        self._stop = threading.Event()
        consumer: Any = None
        try:
            consumer = KafkaConsumer(
                **connection.options(),
                client_id=f"lfr-camera-feedback-{camera}",
                group_id=None,
                enable_auto_commit=False,
                auto_offset_reset="latest",
                allow_auto_create_topics=False,
                bootstrap_timeout_ms=5_000,
                reconnect_backoff_max_ms=1_000,
            )
            partitions = [TopicPartition(topic, number) for number in consumer.partitions_for_topic(topic) or ()]
            if not partitions:
                raise Retryable(
                    f"the broker at {connection.servers} has no topic {topic}; start the system with `lfr up`"
                )
            consumer.assign(partitions)
            consumer.seek_to_end(*partitions)
            for partition in partitions:
                consumer.position(partition, timeout_ms=5_000)
        except (KafkaError, Retryable) as error:
            if consumer is not None:
                consumer.close()
            if isinstance(error, Retryable):
                raise
            raise Retryable(
                f"the broker at {connection.servers} does not answer; start it with `lfr up`, or see `lfr doctor`",
                retry_after_s=2.0,
            ) from error
        self._consumer: Any = consumer
        self._thread = threading.Thread(target=self._read, name="camera-feedback", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def close(self) -> None:
        """Stop reading. The consumer is closed by its own thread."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join(5.0)
        elif self._thread.ident is None:
            self._consumer.close()

    def _read(self) -> None:
        from kafka.errors import KafkaError

        try:
            while not self._stop.is_set():
                try:
                    polled = self._consumer.poll(timeout_ms=200)
                except KafkaError as error:  # away: it connects again by itself
                    _log.debug("camera.feedback-interrupted", error=type(error).__name__)
                    time.sleep(0.2)
                    continue
                for records in polled.values():
                    for record in records:
                        self.read(record.value)
        finally:
            self._consumer.close()

    def read(self, value: bytes | None) -> None:
        """Read one record's value; what isn't an outcome of this session is passed over."""
        try:
            batch = OutcomeBatch.decode(value or b"")
        except Poison:
            return  # `record` reports it
        if (batch.deployment, batch.camera, batch.session) != self._mine or not batch.results:
            return
        last = max(batch.results, key=lambda result: result.sequence)
        self._in_flight.mark_processed(last.sequence, max(last.latency_ms, 0.0) / 1_000)
