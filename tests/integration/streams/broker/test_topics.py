"""Real Apache Kafka: topics are as we say, and its retention removes bytes."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from kafka import KafkaAdminClient, KafkaConsumer, KafkaProducer, TopicPartition
from kafka.admin import ConfigResource, ConfigResourceType
from kafka.errors import MessageSizeTooLargeError
from kafka.structs import OffsetAndMetadata

from lfr_core.common.errors import Fatal, Retryable
from lfr_core.common.settings import Settings
from lfr_core.domain.policy import load_policy
from streams.broker.connection import BrokerConnection, connect_as
from streams.broker.users import User
from streams.topics import Topic, TopicChange, ensure_topics, lag
from tests.support.brokers import RunningBroker, free_ports, new_kafka

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(120)]


def test_topics_are_created_once_and_then_left_alone(kafka_broker: RunningBroker, tmp_path: Path) -> None:
    settings = kafka_broker.fresh_topics(tmp_path)

    again = ensure_topics(kafka_broker.connection(), settings, load_policy(), kafka_broker.traits)

    assert again == tuple(TopicChange(topic.value, "") for topic in Topic)


def test_a_topic_that_differs_is_reported_and_altered(kafka_broker: RunningBroker, tmp_path: Path) -> None:
    kafka_broker.fresh_topics(tmp_path, frame_partitions=2)
    base = load_policy()
    larger = base.model_copy(update={"images": base.images.model_copy(update={"max_frame_bytes": 3_000_000})})
    settings = kafka_broker.settings(tmp_path, frame_partitions=5)

    changes = ensure_topics(kafka_broker.connection(), settings, larger, kafka_broker.traits)

    assert changes[0] == TopicChange(Topic.FRAMES.value, "partitions 2 -> 5; max.message.bytes 2065536 -> 3065536")
    assert all(
        not change.what for change in ensure_topics(kafka_broker.connection(), settings, larger, kafka_broker.traits)
    )


def test_partitions_are_never_taken_away_silently(kafka_broker: RunningBroker, tmp_path: Path) -> None:
    kafka_broker.fresh_topics(tmp_path, frame_partitions=3)

    with pytest.raises(Fatal, match="LFR_FRAME_PARTITIONS=3"):
        ensure_topics(
            kafka_broker.connection(),
            kafka_broker.settings(tmp_path, frame_partitions=2),
            load_policy(),
            kafka_broker.traits,
        )


def test_a_broker_that_is_away_is_retryable_with_advice(tmp_path: Path) -> None:
    (port,) = free_ports(1)
    settings = Settings(home=tmp_path, kafka_servers=f"127.0.0.1:{port}")
    from streams.broker import KAFKA

    with pytest.raises(Retryable, match="lfr up"):
        ensure_topics(connect_as(User.ADMINISTRATION, settings), settings, load_policy(), KAFKA)


def test_records_that_unpack_to_more_than_a_message_may_have_never_reach_a_consumer(
    kafka_broker: RunningBroker, tmp_path: Path
) -> None:
    kafka_broker.fresh_topics(tmp_path)
    small, bomb = b"a" * 100_000, bytes(8_000_000)
    producer = KafkaProducer(
        **{**kafka_broker.options(), **kafka_broker.traits.producer_options(), "compression_type": "gzip"},
        max_request_size=16_000_000,
    )
    try:
        kept = producer.send(Topic.FRAMES.value, small, key=b"camera-1").get(20)
        with pytest.raises(MessageSizeTooLargeError):
            producer.send(Topic.FRAMES.value, bomb, key=b"camera-1").get(20)
    finally:
        producer.close(timeout=5)

    stored = sum(each.stat().st_size for each in kafka_broker.data.glob(f"{Topic.FRAMES}-{kept.partition}/*.log"))
    assert len(small) <= stored < 2 * len(small)  # unpacked by the broker


def test_the_frames_topic_takes_the_largest_frame_and_refuses_a_larger_one(
    kafka_broker: RunningBroker, tmp_path: Path
) -> None:
    kafka_broker.fresh_topics(tmp_path)
    limit = load_policy().images.max_frame_bytes
    producer = KafkaProducer(
        **kafka_broker.options(), max_request_size=16_000_000, **kafka_broker.traits.producer_options()
    )
    try:
        producer.send(Topic.FRAMES.value, b"x" * limit, key=b"camera-1").get(20)
        with pytest.raises(MessageSizeTooLargeError):
            producer.send(Topic.FRAMES.value, b"x" * (limit + 65_536), key=b"camera-1").get(20)
    finally:
        producer.close(timeout=5)


def test_a_misspelt_topic_is_not_created(kafka_broker: RunningBroker) -> None:
    admin = KafkaAdminClient(**kafka_broker.options())
    producer = KafkaProducer(**kafka_broker.options(), max_block_ms=2_000)
    try:
        with pytest.raises(Exception, match=r"(?i)metadata|topic|timeout"):
            producer.send("lfr.framse", b"x").get(5)

        assert "lfr.framse" not in admin.list_topics()
    finally:
        producer.close(timeout=1)
        admin.close()


def _lag_once_known(connection: BrokerConnection, group: str, topic: str) -> int:
    """A new broker makes its offsets topic at the first question: until then lag is Retryable."""
    for _ in range(100):
        try:
            return lag(connection, group, topic)
        except Retryable:
            time.sleep(0.1)
    return lag(connection, group, topic)


def test_lag_is_what_the_group_has_not_committed(kafka_broker: RunningBroker, tmp_path: Path) -> None:
    kafka_broker.fresh_topics(tmp_path)
    producer = KafkaProducer(**kafka_broker.options(), **kafka_broker.traits.producer_options())
    try:
        for number in range(10):
            producer.send(Topic.OUTCOMES.value, b"x", partition=number % 2).get(10)
    finally:
        producer.close(timeout=5)
    before = _lag_once_known(kafka_broker.connection(), "some-group", Topic.OUTCOMES.value)
    admin = KafkaAdminClient(**kafka_broker.options())
    try:
        admin.alter_group_offsets("some-group", {TopicPartition(Topic.OUTCOMES.value, 0): OffsetAndMetadata(3, "", -1)})
    finally:
        admin.close()

    assert (before, lag(kafka_broker.connection(), "some-group", Topic.OUTCOMES.value)) == (10, 7)
    with pytest.raises(Retryable):
        lag(kafka_broker.connection(), "some-group", "lfr.nothing")


def _files_with(folder: Path, marker: bytes) -> list[Path]:
    found = []
    for path in folder.rglob("*"):
        try:
            if path.is_file() and marker in path.read_bytes():
                found.append(path)
        except FileNotFoundError:  # a segment that went while we looked
            continue
    return found


def test_retention_removes_the_bytes_themselves(kafka_broker: RunningBroker) -> None:
    admin = KafkaAdminClient(**kafka_broker.options())
    producer = KafkaProducer(**kafka_broker.options(), **kafka_broker.traits.producer_options())
    marker = b"MARKER-of-a-face-that-must-go-71c2"
    try:
        admin.create_topics(
            {"retention-test": {"num_partitions": 1, "configs": {"segment.ms": "500"}}},
            wait_for_metadata=True,
        )
        producer.send("retention-test", marker * 100).get(10)
        assert _files_with(kafka_broker.data, marker)
        # only now: on a busy machine a second may pass before the look
        admin.alter_configs([ConfigResource(ConfigResourceType.TOPIC, "retention-test", {"retention.ms": "1000"})])
        deadline = time.monotonic() + 20
        while _files_with(kafka_broker.data, marker) and time.monotonic() < deadline:
            time.sleep(0.25)

        assert _files_with(kafka_broker.data, marker) == []
    finally:
        producer.close(timeout=5)
        admin.delete_topics(["retention-test"])
        admin.close()


@pytest.mark.slow
def test_a_killed_broker_comes_back_with_its_data(kafka_libs: Path, tmp_path: Path) -> None:
    broker = new_kafka(tmp_path, kafka_libs)
    try:
        broker.start()
        broker.fresh_topics(tmp_path)
        producer = KafkaProducer(**broker.options(), **broker.traits.producer_options())
        for number in range(20):
            producer.send(Topic.SIGHTINGS.value, str(number).encode(), partition=0).get(10)
        producer.close(timeout=5)

        broker.restart(kill=True)
        broker.restart()

        consumer = KafkaConsumer(**broker.options(), consumer_timeout_ms=10_000, auto_offset_reset="earliest")
        try:
            consumer.assign([TopicPartition(Topic.SIGHTINGS.value, 0)])
            got = [next(consumer).value for _ in range(20)]
        finally:
            consumer.close()

        assert got == [str(number).encode() for number in range(20)]
    finally:
        broker.kill()
