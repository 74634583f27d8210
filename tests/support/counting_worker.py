"""A worker that only counts: it gives each frame on the frames topic its outcome, and recognises nothing.

Import it inside functions in a conftest.py: kafka-python warns at import, before pytest's filters stand.
"""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field
from typing import Any

from kafka import KafkaConsumer, KafkaProducer, TopicPartition

from lfr_core.domain.frames import FrameHeader, FrameKind
from lfr_core.domain.messages import FrameResult, OutcomeBatch
from lfr_core.domain.outcomes import FrameOutcome
from streams.broker.connection import BrokerConnection
from streams.broker.traits import KAFKA, BrokerTraits

__all__ = ["CountingWorker", "assert_counts_explain_every_gap"]


@dataclass
class CountingWorker:
    """Reads the frames topic from its end on, and answers each frame after `work_s` seconds, unless paused."""

    connection: BrokerConnection
    work_s: float = 0.0
    answers: bool = True
    traits: BrokerTraits = KAFKA
    headers: list[FrameHeader] = field(default_factory=list)
    payloads: list[bytes] = field(default_factory=list)
    most_behind: int = 0

    def __post_init__(self) -> None:
        self._stop = threading.Event()
        self._consumer: Any = KafkaConsumer(
            **self.connection.options(), group_id=None, reconnect_backoff_max_ms=500, max_poll_records=1
        )
        partitions = [TopicPartition("lfr.frames", p) for p in self._consumer.partitions_for_topic("lfr.frames")]
        self._consumer.assign(partitions)
        self._consumer.seek_to_end(*partitions)
        for partition in partitions:
            self._consumer.position(partition)
        self._producer: Any = KafkaProducer(**self.connection.options(), **self.traits.producer_options())
        self._thread = threading.Thread(target=self._work, daemon=True)
        self._thread.start()

    def _work(self) -> None:
        while not self._stop.is_set():
            for records in self._consumer.poll(timeout_ms=100).values():
                for record in records:
                    self._one(record)

    def _one(self, record: Any) -> None:
        header = FrameHeader.from_headers(record.headers)
        assert record.key == header.camera.encode()
        self.headers.append(header)
        self.payloads.append(record.value)
        if not self.answers:
            return
        time.sleep(self.work_s)
        result = FrameResult(
            sequence=header.sequence,
            not_sampled=header.not_sampled,
            dropped=header.dropped,
            outcome=FrameOutcome.RECOGNISED,
            latency_ms=max(0.0, (time.time_ns() - header.captured_ns) / 1e6),
        )
        is_frame = header.kind is FrameKind.FRAME
        batch = OutcomeBatch(
            deployment=header.deployment,
            camera=header.camera,
            session=header.session,
            results=(result,) if is_frame else (),
            captured=None if is_frame else header.sequence,
            reported_ns=time.time_ns(),
        )
        self._producer.send("lfr.outcomes", batch.encode(), key=header.camera.encode())

    def of(self, session: str) -> list[FrameHeader]:
        return [header for header in self.headers if header.session == session]

    def frames(self, session: str) -> list[FrameHeader]:
        return [header for header in self.of(session) if header.kind is FrameKind.FRAME]

    def wait_for_end(self, session: str, timeout_s: float = 15.0) -> FrameHeader:
        deadline = time.monotonic() + timeout_s
        while time.monotonic() < deadline:
            for header in self.of(session):
                if header.kind is FrameKind.END:
                    return header
            time.sleep(0.05)
        raise AssertionError("no END record came")

    def close(self) -> None:
        self._stop.set()
        self._thread.join(10)
        self._consumer.close()
        self._producer.close(timeout=2)


def assert_counts_explain_every_gap(frames: list[FrameHeader], end: FrameHeader) -> None:
    """Between two records a < b: b - a - 1 = d(not_sampled) + d(dropped); nothing lost, nothing counted twice."""
    before_sequence, not_sampled, dropped = -1, 0, 0
    for header in [*frames, end]:
        gap = header.sequence - before_sequence - 1
        assert gap == (header.not_sampled - not_sampled) + (header.dropped - dropped), header
        before_sequence, not_sampled, dropped = header.sequence, header.not_sampled, header.dropped
