"""Sends frames to Kafka: a thin wrapper of kafka-python's producer that bounds, counts and never blocks for long."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import structlog

from lfr_core.common.clock import Clock
from lfr_core.common.errors import Poison, Retryable
from lfr_core.domain.frames import FrameHeader, FrameSealer
from streams.broker.connection import BrokerConnection
from streams.broker.traits import BrokerTraits
from streams.camera.feedback import InFlightFrames
from streams.camera.rate_limit import RateLimiter

__all__ = ["HEADROOM_BYTES", "FrameProducer", "FrameTooLarge"]

HEADROOM_BYTES = 64 * 1024
"""For key, headers and the batch around a frame of the largest size; the topic's limit allows the same."""

_log = structlog.get_logger(__name__)


class FrameTooLarge(Poison):
    """A frame is larger than the topic takes."""


def _connect(connection: BrokerConnection, traits: BrokerTraits, max_frame_bytes: int, *, may_wait: bool) -> Any:
    """Return a connected producer. Raises Retryable when the broker is away."""
    import crc32c  # noqa: F401  without it kafka-python takes 25 ms a frame for checksums: fail here, not slowly
    from kafka import KafkaProducer
    from kafka.errors import KafkaError

    options: dict[str, Any] = dict(traits.producer_options()) | connection.options()
    if not traits.idempotent:
        options["max_in_flight_requests_per_connection"] = 1  # keeps frames in order through retries
    try:
        return KafkaProducer(
            client_id="lfr-camera",
            max_request_size=max_frame_bytes + HEADROOM_BYTES,
            max_block_ms=10_000 if may_wait else 3_000,
            # a live frame that waits longer is stale whatever happens; a recording's is worth the wait
            request_timeout_ms=30_000 if may_wait else 10_000,
            delivery_timeout_ms=120_000 if may_wait else 20_000,
            bootstrap_timeout_ms=5_000,
            allow_auto_create_topics=False,
            **options,
        )
    except KafkaError as error:
        raise Retryable(
            f"the broker at {connection.servers} does not answer; start it with `lfr up`, or see `lfr doctor`",
            retry_after_s=2.0,
        ) from error


class FrameProducer:
    """Sends one camera's frames, in order, acknowledged by all replicas."""

    def __init__(
        self,
        connection: BrokerConnection,
        *,
        topic: str,
        traits: BrokerTraits,
        sealer: FrameSealer,
        max_frame_bytes: int,
        in_flight: InFlightFrames,
        clock: Clock,
        may_wait: bool,
    ) -> None:
        """Connect.

        Args:
            connection: the camera's.
            topic: the frames topic.
            traits: what the broker can do.
            sealer: seals the payload.
            max_frame_bytes: the largest payload.
            in_flight: counts what was confirmed and what failed.
            clock: for log lines now and then.
            may_wait: whether a frame may wait long for the broker (recordings), or is soon too old (live).

        Raises:
            Retryable: the broker is away, or the topic isn't there.
        """
        from kafka.errors import KafkaError

        self._topic = topic
        self._sealer = sealer
        self._max_frame_bytes = max_frame_bytes
        self._in_flight = in_flight
        self._failures = RateLimiter(clock, 5.0)
        self._producer = _connect(connection, traits, max_frame_bytes, may_wait=may_wait)
        try:
            known = self._producer.partitions_for(topic)
        except KafkaError:
            known = None
        if not known:
            self._producer.close(timeout=0)
            raise Retryable(f"the broker at {connection.servers} has no topic {topic}; start the system with `lfr up`")

    def send(self, header: FrameHeader, jpeg: bytes) -> None:
        """Seal a frame and hand it to the producer.

        Raises:
            FrameTooLarge: it is larger than the topic takes.
            Refused: there is no key to seal it under.
            Retryable: the broker's metadata can't be had.
        """
        payload = self._sealer.seal(header, jpeg)
        if len(payload) > self._max_frame_bytes:
            raise FrameTooLarge(
                f"frame {header.sequence} of {header.camera} has {len(payload):,} bytes, more than the "
                f"{self._max_frame_bytes:,} that policy.images.max_frame_bytes allows; lower the camera's quality or "
                "resolution"
            )
        self._in_flight.mark_sent(header.sequence)
        try:
            future = self._send(header, payload)
        except Retryable:
            self._in_flight.withdraw(header.sequence)
            raise
        future.add_callback(lambda _: self._confirmed(header))
        future.add_errback(lambda error: self._failed(header, error))

    def note(self, header: FrameHeader) -> Any:
        """Send a STATUS or END record; gives its future. Raises Retryable as `send` does."""
        return self._send(header, b"")

    def _send(self, header: FrameHeader, payload: bytes) -> Any:
        from kafka.errors import KafkaError

        key = header.camera.encode()
        headers = self._sealer.record_headers(header, topic=self._topic, key=key, payload=payload)
        try:
            return self._producer.send(self._topic, value=payload, key=key, headers=headers)
        except KafkaError as error:
            raise Retryable(f"the broker takes no frame now: {type(error).__name__}") from error

    def _confirmed(self, header: FrameHeader) -> None:
        self._sealer.confirm(header)
        self._in_flight.mark_confirmed(header.sequence)

    def _failed(self, header: FrameHeader, error: BaseException) -> None:
        self._in_flight.mark_failed(header.sequence)
        if self._failures.allow():
            _log.warning(
                "camera.delivery-failed",
                camera=header.camera,
                sequence=header.sequence,
                error=type(error).__name__,
                failed_so_far=self._in_flight.delivery_failed,
            )

    def flush(self, timeout_s: float) -> bool:
        """Wait until everything sent is confirmed or has failed; whether that came about in time."""
        from kafka.errors import KafkaError

        try:
            self._producer.flush(timeout=timeout_s)
        except KafkaError:
            return False
        return True

    def end(self, header: FrameHeader, timeout_s: float) -> bool:
        """Send the END record and wait for it; whether it was confirmed in time."""
        from kafka.errors import KafkaError

        try:
            self.note(header).get(timeout=timeout_s)
        except (KafkaError, Retryable):
            return False
        return True

    def close(self) -> None:
        """Let go of the connection; what is not confirmed by now counts as failed."""
        from kafka.errors import KafkaError

        try:
            self._producer.close(timeout=1)
        except KafkaError:  # the broker is away. kafka-python raised before it closed, and would again when collected
            self._producer._sender.force_close()  # noqa: SLF001  its only way to let go of what waits
            with suppress(KafkaError):
                self._producer.close(timeout=1)
        self._in_flight.fail_unconfirmed()
