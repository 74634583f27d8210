"""The demonstration broker starts, makes our topics and carries a record there and back."""

from __future__ import annotations

from pathlib import Path

import pytest
from kafka import KafkaConsumer, KafkaProducer, TopicPartition

from lfr_core.domain.policy import load_policy
from streams.topics import Topic, TopicChange, ensure_topics
from tests.support.brokers import RunningBroker

pytestmark = pytest.mark.timeout(60)


def test_a_record_goes_there_and_back(tansu_broker: RunningBroker, tmp_path: Path) -> None:
    tansu_broker.fresh_topics(tmp_path, frame_partitions=2)
    sent = [str(number).encode() * 50_000 for number in range(5)]
    producer = KafkaProducer(**tansu_broker.options(), **tansu_broker.traits.producer_options())
    for value in sent:
        producer.send(Topic.FRAMES.value, value, key=b"camera-1", partition=1)
    producer.flush(20)
    producer.close(timeout=5)
    consumer = KafkaConsumer(**tansu_broker.options(), consumer_timeout_ms=10_000, auto_offset_reset="earliest")
    try:
        consumer.assign([TopicPartition(Topic.FRAMES.value, 1)])
        got = [next(consumer).value for _ in sent]
    finally:
        consumer.close()

    assert got == sent


def test_topics_are_made_once(tansu_broker: RunningBroker, tmp_path: Path) -> None:
    settings = tansu_broker.fresh_topics(tmp_path, frame_partitions=2)

    again = ensure_topics(tansu_broker.connection(), settings, load_policy(), tansu_broker.traits)

    assert again == tuple(TopicChange(topic.value, "") for topic in Topic)
