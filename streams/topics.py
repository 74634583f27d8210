"""The topics: their names, partitions and retention, and how they come to be.

Auto-creation is off at the broker, so a topic exists because `ensure_topics` made it with explicit settings. Where
one exists already, it is compared: a setting that differs is altered and reported, missing partitions are added.

Retention is the outer bound of how long bytes lie in the broker: `retention.ms` + `segment.ms` + the broker's check
(1 s, `infra/kafka/server.properties`) + its delete delay (0.1 s). Tansu honours none of it.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from lfr_core.common.errors import Fatal, Retryable
from streams.broker.admin import ANSWER_MS, admin_client, broker_version

if TYPE_CHECKING:
    from kafka import KafkaAdminClient

    from lfr_core.common.settings import Settings
    from lfr_core.domain.policy import Policy
    from streams.broker.connection import BrokerConnection
    from streams.broker.traits import BrokerTraits

__all__ = [
    "RECOGNISE_GROUP",
    "RECORD_GROUP",
    "Topic",
    "TopicChange",
    "TopicSpec",
    "absent_topics",
    "broker_version",
    "ensure_topics",
    "find_topic_problems",
    "lag",
    "lags",
    "topic_problems",
    "topic_specs",
]

RECOGNISE_GROUP = "lfr-recognise"
RECORD_GROUP = "lfr-record"
_MINUTE_MS = 60_000
_OVERHEAD_BYTES = 65_536
"""Headers, key and batch around one frame: some hundred bytes; a round number above it."""


class Topic(StrEnum):
    """Every topic there is."""

    FRAMES = "lfr.frames"
    """Key: camera. Frames as sealed by the camera, and its STATUS and END records."""
    SIGHTINGS = "lfr.sightings"
    """Key: camera. `lfr_core.domain.messages.Sighting`, with a probe crop."""
    OUTCOMES = "lfr.outcomes"
    """Key: camera. `lfr_core.domain.messages.OutcomeBatch`."""
    LIVE_PROBES = "lfr.proofs"
    """Key: deployment. `lfr_core.domain.messages.LiveProbeResult`: what became of each live probe."""
    DEAD_LETTERS = "lfr.dead-letters"
    """Key: camera. `lfr_core.domain.messages.DeadLetter`: metadata and the error, never the image."""


@dataclass(frozen=True, slots=True)
class TopicSpec:
    """One topic as it must be."""

    name: str
    partitions: int
    config: Mapping[str, str]
    """Kafka's own names and texts."""


@dataclass(frozen=True, slots=True)
class TopicChange:
    """What `ensure_topics` did to one topic, in words; `what` is "" where it was right already."""

    name: str
    what: str


def _config(retention_ms: int, segment_ms: int, max_bytes: int) -> dict[str, str]:
    return {
        "cleanup.policy": "delete",
        "retention.ms": str(retention_ms),
        # without it a topic that is written steadily keeps everything (docs/facts.md#brokers)
        "segment.ms": str(segment_ms),
        "max.message.bytes": str(max_bytes),
        # the broker's clock, so that a camera with a wrong one can't make a record live longer
        "message.timestamp.type": "LogAppendTime",
        # else the size of what a consumer unpacks has no bound: a thousand times max.message.bytes
        "compression.type": "uncompressed",
    }


def topic_specs(settings: Settings, policy: Policy) -> tuple[TopicSpec, ...]:
    """Return the topics under these settings and this policy."""
    frame = policy.images.max_frame_bytes + _OVERHEAD_BYTES
    one_mib = 1_048_576
    return (
        # a frame is live for seconds; a minute lets a worker come back after a restart and count what it missed
        TopicSpec(Topic.FRAMES, settings.frame_partitions, _config(_MINUTE_MS, 5_000, frame)),
        # holds probe crops, so it is short; but a `record` that is down for minutes must not lose an alert
        TopicSpec(Topic.SIGHTINGS, 4, _config(60 * _MINUTE_MS, 5 * _MINUTE_MS, frame)),
        # numbers only; a day covers a `record` that is down overnight, so that no count is recorded as lost
        TopicSpec(Topic.OUTCOMES, 4, _config(24 * 60 * _MINUTE_MS, 60 * _MINUTE_MS, one_mib)),
        # numbers only, a few a minute; an answer that is minutes late is of no use
        TopicSpec(Topic.LIVE_PROBES, 1, _config(10 * _MINUTE_MS, 5 * _MINUTE_MS, one_mib)),
        # metadata only; a week lets somebody look on Monday
        TopicSpec(Topic.DEAD_LETTERS, 1, _config(7 * 24 * 60 * _MINUTE_MS, 24 * 60 * _MINUTE_MS, one_mib)),
    )


def ensure_topics(
    connection: BrokerConnection, settings: Settings, policy: Policy, traits: BrokerTraits
) -> tuple[TopicChange, ...]:
    """Make the topics, or make them right; call it as often as you like.

    Where `traits` has no retention, only existence is seen to: settings a broker ignores are not compared.

    Raises:
        Retryable: the broker is away or not up yet.
        Fatal: the broker refuses, or a topic has more partitions than it should (they can't be taken away).
    """
    specs = topic_specs(settings, policy)
    with admin_client(connection) as admin:
        existing = {str(topic["name"]): len(topic["partitions"]) for topic in admin.describe_topics()}
        missing = [spec for spec in specs if spec.name not in existing]
        if missing:
            _create(admin, missing, traits)
        changes = [TopicChange(spec.name, "created") for spec in missing]
        for spec in specs:
            if spec.name in existing:
                done = [*_fit_partitions(admin, spec, existing[spec.name], traits)]
                done += _fit_config(admin, spec) if traits.has_retention else []
                changes.append(TopicChange(spec.name, "; ".join(done)))
    return tuple(changes)


def _create(admin: KafkaAdminClient, specs: list[TopicSpec], traits: BrokerTraits) -> None:
    from kafka.errors import TopicAlreadyExistsError

    creations: dict[str, dict[str, Any]] = {
        spec.name: {
            "num_partitions": spec.partitions,
            # Kafka: the broker's default.replication.factor, which a cluster sets to 3
            "replication_factor": -1 if traits.durable else 1,
            "configs": dict(spec.config),
        }
        for spec in specs
    }
    try:
        admin.create_topics(creations, timeout_ms=ANSWER_MS)
    except TopicAlreadyExistsError:  # somebody was quicker; the next call compares
        return
    admin.wait_for_topics(list(creations), timeout_ms=ANSWER_MS)


def _fit_partitions(admin: KafkaAdminClient, spec: TopicSpec, found: int, traits: BrokerTraits) -> list[str]:
    if found == spec.partitions or (found > spec.partitions and not traits.durable):
        return []
    if found > spec.partitions:
        raise Fatal(
            f"topic {spec.name} has {found} partitions and the settings want {spec.partitions}; partitions can't be "
            f"taken away: set LFR_FRAME_PARTITIONS={found}"
        )
    if not traits.has_delete_records:  # Tansu has no CreatePartitions either
        raise Fatal(f"topic {spec.name} has {found} partitions, {spec.partitions} are wanted: restart the broker")
    admin.create_partitions({spec.name: spec.partitions}, timeout_ms=ANSWER_MS)
    return [f"partitions {found} -> {spec.partitions}"]


def _config_faults(admin: KafkaAdminClient, spec: TopicSpec) -> dict[str, str]:
    """Return the settings of the topic that differ from `spec`: name to the value found."""
    from kafka.admin import ConfigResource, ConfigResourceType

    resource = ConfigResource(ConfigResourceType.TOPIC, spec.name, dict.fromkeys(spec.config))
    described = admin.describe_configs([resource], config_filter="all")["topic"][spec.name]
    found = {name: str(described[name]["value"]) if name in described else "unset" for name in spec.config}
    return {name: value for name, value in found.items() if value != spec.config[name]}


def _fit_config(admin: KafkaAdminClient, spec: TopicSpec) -> list[str]:
    from kafka.admin import ConfigResource, ConfigResourceType

    faults = _config_faults(admin, spec)
    if faults:
        right = {name: spec.config[name] for name in faults}
        admin.alter_configs([ConfigResource(ConfigResourceType.TOPIC, spec.name, right)])
    return [f"{name} {found} -> {spec.config[name]}" for name, found in faults.items()]


def topic_problems(
    connection: BrokerConnection, settings: Settings, policy: Policy, traits: BrokerTraits
) -> tuple[str, ...]:
    """Return what `ensure_topics` would change, in words; nothing is changed. Raises as it does."""
    with admin_client(connection) as admin:
        return find_topic_problems(admin, topic_specs(settings, policy), traits)


def find_topic_problems(admin: KafkaAdminClient, specs: Collection[TopicSpec], traits: BrokerTraits) -> tuple[str, ...]:
    """Return in words how the broker's topics differ from `specs`."""
    problems: list[str] = []
    existing = {str(topic["name"]): len(topic["partitions"]) for topic in admin.describe_topics()}
    for spec in specs:
        found = existing.get(spec.name)
        if found is None:
            problems.append(f"topic {spec.name} is missing")
            continue
        if found != spec.partitions:
            problems.append(f"topic {spec.name} has {found} partitions instead of {spec.partitions}")
        faults = _config_faults(admin, spec) if traits.has_retention else {}
        problems += [
            f"topic {spec.name}: {name} is {value} instead of {spec.config[name]}" for name, value in faults.items()
        ]
    return tuple(problems)


def absent_topics(connection: BrokerConnection, topics: Collection[str]) -> tuple[str, ...]:
    """Return those of `topics` that aren't there yet. Raises Retryable when the broker is away."""
    with admin_client(connection) as admin:
        existing = {str(topic["name"]) for topic in admin.describe_topics()}
    return tuple(sorted(set(topics) - existing))


def lag(connection: BrokerConnection, group: str, topic: str, only: Collection[int] | None = None) -> int:
    """Count what `group` has not committed yet of `topic`, over all partitions or `only` those. As `lags`."""
    return lags(connection, group, {topic: only})


def lags(connection: BrokerConnection, group: str, wanted: Mapping[str, Collection[int] | None]) -> int:
    """Count the records that `group` has not committed yet in the partitions `wanted` of each topic, None: all of them.

    One login for all of them: it costs more than the questions. A partition without a commit counts from its first
    record still kept. On Tansu end offsets are right only because producers send one record per batch
    (docs/facts.md#brokers).

    Raises:
        Retryable: the broker is away, or a topic doesn't exist yet.
    """
    from kafka import TopicPartition
    from kafka.admin import OffsetSpec

    with admin_client(connection) as admin:
        described = {str(each["name"]): each for each in admin.describe_topics(list(wanted))}
        partitions: list[TopicPartition] = []
        for topic, only in wanted.items():
            numbers = [part["partition_index"] for part in described.get(topic, {}).get("partitions", ())]
            if not numbers:
                raise Retryable(
                    f"there is no topic {topic} at {connection.servers} yet: `lfr up` makes it", retry_after_s=1.0
                )
            partitions += [TopicPartition(topic, number) for number in numbers if only is None or number in only]
        first = admin.list_partition_offsets(dict.fromkeys(partitions, OffsetSpec.EARLIEST))
        end = admin.list_partition_offsets(dict.fromkeys(partitions, OffsetSpec.LATEST))
        committed = admin.list_group_offsets(group)[group]
    total = 0
    for partition in partitions:
        done = committed[partition].offset if partition in committed else -1
        total += max(0, end[partition].offset - max(done, first[partition].offset))
    return total
