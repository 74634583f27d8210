"""Purges of the broker: records of ended deployments, and records past their topic's own bound.

Records are removed by DeleteRecords up to an offset; their bytes go at the broker's next check (docs/facts.md#brokers).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from lfr_core.retention.port import Audited, Destroyed, Due, PurgeResult, subject
from lfr_core.retention.steps.ended_deployments import deployments
from streams.broker.admin import ANSWER_MS, admin_client
from streams.topics import RECOGNISE_GROUP, RECORD_GROUP, Topic, TopicSpec

if TYPE_CHECKING:
    from kafka import KafkaAdminClient, TopicPartition
    from sqlalchemy import Engine

    from streams.broker.connection import BrokerConnection
    from streams.broker.traits import BrokerTraits

__all__ = ["READERS", "EndedRecordsStep", "TopicBoundStep", "bound_ns"]

READERS = {Topic.FRAMES: RECOGNISE_GROUP, Topic.SIGHTINGS: RECORD_GROUP, Topic.OUTCOMES: RECORD_GROUP}
"""Who reads what a deployment leaves in the broker. Dead letters are metadata and have a week of their own."""
_CHECK_NS = 11 * 10**9
"""The broker's check (1 s, infra/kafka/server.properties), and ten seconds for a busy disk."""
_MEMORY_ONLY = "can't be purged: this demonstration broker keeps records in memory only, until it stops"


class EndedRecordsStep:
    """When no deployment is live, what its reader has read goes at once; what it hasn't is left for it.

    An unread record is a frame to be counted or a sighting to be recorded: destroying it would make the counts wrong.
    It goes when it has been read, or by its topic's own bound.
    """

    name = "broker"
    audited = Audited.ORDERED

    def __init__(self, engine: Engine, connection: BrokerConnection, traits: BrokerTraits) -> None:
        self._engine = engine
        self._connection = connection
        self._traits = traits

    def due(self, now_ns: int) -> tuple[Due, ...]:
        """Find the partitions that still have records. Raises Retryable when the broker or the records are away."""
        since_ns = self._since_ns(now_ns)
        if since_ns is None:
            return ()
        with admin_client(self._connection) as admin:
            ranges = _ranges(admin, tuple(READERS))
        return tuple(_due(part, since_ns) for part, (first, end) in ranges.items() if first < end)

    def purge(self, now_ns: int) -> PurgeResult:
        if not self._traits.has_delete_records:
            return PurgeResult(note=_MEMORY_ONLY)
        since_ns = self._since_ns(now_ns)
        if since_ns is None:
            return PurgeResult()
        with admin_client(self._connection) as admin:
            ranges = _ranges(admin, tuple(READERS))
            read = {group: admin.list_group_offsets(group).get(group, {}) for group in set(READERS.values())}
            upto: dict[TopicPartition, int] = {}
            unread = 0
            for part, (first, end) in ranges.items():
                committed = read[READERS[Topic(part.topic)]].get(part)
                done = min(end, max(first, committed.offset if committed is not None else first))
                unread += end - done
                if done > first:
                    upto[part] = done
            gone = _delete(admin, upto, ranges, since_ns)
        return PurgeResult(gone, note=f"{unread} records wait for their reader" if unread else "")

    def _since_ns(self, now_ns: int) -> int | None:
        """Read when the last deployment ended; None while one is live, none has ended or nothing can be deleted."""
        if not self._traits.has_delete_records:
            return None
        known = deployments(self._engine)
        ended = [at_ns for at_ns in known.ended_ns.values() if at_ns <= now_ns]
        return None if known.any_live else max(ended, default=None)


class TopicBoundStep:
    """No record is older than its topic's retention, its segment and the broker's check together."""

    name = "topics"
    audited = Audited.ORDERED

    def __init__(self, connection: BrokerConnection, traits: BrokerTraits, specs: Sequence[TopicSpec]) -> None:
        self._connection = connection
        self._traits = traits
        self._bounds = {spec.name: bound_ns(spec) for spec in specs}

    def due(self, now_ns: int) -> tuple[Due, ...]:
        """Find the partitions whose oldest record is past the bound. Raises Retryable when the broker is away."""
        if not self._traits.has_retention:
            return ()
        with admin_client(self._connection) as admin:
            return tuple(_due(part, due_ns) for part, due_ns in self._old(admin, now_ns).items())

    def purge(self, now_ns: int) -> PurgeResult:
        if not self._traits.has_retention:
            return PurgeResult(note=_MEMORY_ONLY)
        with admin_client(self._connection) as admin:
            old = self._old(admin, now_ns)
            young = {part: (now_ns - self._bounds[part.topic]) // 1_000_000 for part in old}
            found = admin.list_partition_offsets(young) if young else {}
            ranges = _ranges(admin, tuple(self._bounds))
            upto = {part: each.offset if each.offset >= 0 else ranges[part][1] for part, each in found.items()}
            gone: list[Destroyed] = []
            for part, offset in upto.items():
                gone += _delete(admin, {part: offset}, ranges, old[part])
        return PurgeResult(tuple(gone))

    def _old(self, admin: KafkaAdminClient, now_ns: int) -> dict[TopicPartition, int]:
        """Find the partitions past their bound, with since when."""
        parts = _partitions(admin, tuple(self._bounds))
        # a time of 0 asks for the first record and its time; -1 where there is none
        oldest = admin.list_partition_offsets(dict.fromkeys(parts, 0)) if parts else {}
        due = {
            part: each.timestamp * 1_000_000 + self._bounds[part.topic]
            for part, each in oldest.items()
            if each.offset >= 0 and each.timestamp > 0
        }
        return {part: due_ns for part, due_ns in due.items() if due_ns <= now_ns}


def bound_ns(spec: TopicSpec) -> int:
    """Return how old a record of this topic may be, nanoseconds."""
    return (int(spec.config["retention.ms"]) + int(spec.config["segment.ms"])) * 1_000_000 + _CHECK_NS


def _partitions(admin: KafkaAdminClient, topics: Sequence[str]) -> list[TopicPartition]:
    from kafka import TopicPartition

    described = admin.describe_topics()
    return [
        TopicPartition(str(topic["name"]), part["partition_index"])
        for topic in described
        if topic["name"] in topics
        for part in topic["partitions"]
    ]


def _ranges(admin: KafkaAdminClient, topics: Sequence[str]) -> dict[TopicPartition, tuple[int, int]]:
    """Read the first kept offset and the end's, of every partition there is."""
    from kafka.admin import OffsetSpec

    parts = _partitions(admin, topics)
    if not parts:
        return {}
    first = admin.list_partition_offsets(dict.fromkeys(parts, OffsetSpec.EARLIEST))
    end = admin.list_partition_offsets(dict.fromkeys(parts, OffsetSpec.LATEST))
    return {part: (first[part].offset, end[part].offset) for part in parts}


def _delete(
    admin: KafkaAdminClient,
    upto: dict[TopicPartition, int],
    ranges: dict[TopicPartition, tuple[int, int]],
    due_ns: int,
) -> tuple[Destroyed, ...]:
    if not upto:
        return ()
    admin.delete_records(upto, timeout_ms=ANSWER_MS)
    return tuple(
        Destroyed(_subject(part), due_ns, facts={"records": offset - ranges[part][0], "below_offset": offset})
        for part, offset in upto.items()
    )


def _due(part: TopicPartition, due_ns: int) -> Due:
    return Due(_subject(part), due_ns)


def _subject(part: TopicPartition) -> str:
    return subject("topic", f"{part.topic}/{part.partition}")
