"""Records of ended deployments and records past their bound, on a real Apache Kafka; and what Tansu can't do."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from lfr_core.common.errors import Retryable
from lfr_core.domain.policy import load_policy
from lfr_core.retention.port import PurgeStep
from streams.broker import KAFKA, TANSU
from streams.broker.connection import BrokerConnection
from streams.broker.users import User
from streams.retention import READERS, EndedRecordsStep, TopicBoundStep, bound_ns
from streams.topics import Topic, topic_specs
from tests.support.brokers import RunningBroker
from tests.support.retention import RetentionHarness
from tests.support.tiers import leave_to_long

POLICY = load_policy()


def send(broker: RunningBroker, topic: Topic, count: int) -> None:
    from kafka import KafkaProducer

    producer = KafkaProducer(**broker.options(), **broker.traits.producer_options())
    for number in range(count):
        producer.send(topic, f"record {number}".encode(), partition=0)
    producer.flush()
    producer.close()


def committed(broker: RunningBroker, topic: Topic, offset: int) -> None:
    """As if its reader had read so far."""
    from kafka import KafkaConsumer, TopicPartition
    from kafka.structs import OffsetAndMetadata

    consumer = KafkaConsumer(**broker.options(), group_id=READERS[topic], enable_auto_commit=False)
    part = TopicPartition(topic, 0)
    consumer.assign([part])
    consumer.commit({part: OffsetAndMetadata(offset, "", -1)})
    consumer.close()


def kept(broker: RunningBroker, topic: Topic) -> int:
    from kafka import KafkaAdminClient, TopicPartition
    from kafka.admin import OffsetSpec

    admin = KafkaAdminClient(**broker.options())
    part = TopicPartition(topic, 0)
    first = admin.list_partition_offsets({part: OffsetSpec.EARLIEST})[part].offset
    end = admin.list_partition_offsets({part: OffsetSpec.LATEST})[part].offset
    admin.close()
    return int(end - first)


@pytest.fixture
def now(harness: RetentionHarness) -> RetentionHarness:
    """The broker has the machine's clock, so the harness has it too."""
    harness.clock.advance((time.time_ns() - harness.clock.time_ns()) / 1e9)
    return harness


def ended_step(harness: RetentionHarness, broker: RunningBroker) -> EndedRecordsStep:
    return EndedRecordsStep(harness.engine, broker.connection(User.RETENTION), broker.traits)


@pytest.mark.kafka
def test_nothing_live_what_was_read_goes_and_what_was_not_waits_for_its_reader(
    now: RetentionHarness, kafka_broker: RunningBroker, tmp_path: Path
) -> None:
    kafka_broker.fresh_topics(tmp_path)
    send(kafka_broker, Topic.SIGHTINGS, 10)
    committed(kafka_broker, Topic.SIGHTINGS, 7)
    now.more = [ended_step(now, kafka_broker)]
    now.sweep()
    assert kept(kafka_broker, Topic.SIGHTINGS) == 10  # it is live

    now.end()
    now.clock.advance(1)
    report = now.sweep()["broker"]

    assert kept(kafka_broker, Topic.SIGHTINGS) == 3
    assert [dict(gone.facts)["records"] for gone in report.destroyed] == [7]
    assert "3 records wait for their reader" in report.note
    assert [due.subject for due in report.left] == ["topic:lfr.sightings/0"]
    committed(kafka_broker, Topic.SIGHTINGS, 10)
    assert now.sweep()["broker"].left == ()
    assert now.sweep()["broker"].destroyed == ()
    assert kept(kafka_broker, Topic.SIGHTINGS) == 0


@pytest.mark.kafka
@pytest.mark.parametrize("removed", leave_to_long(["broker", "topics"], but=["broker"]))
def test_without_its_step_a_record_stays_and_its_class_is_an_alarm(
    now: RetentionHarness, kafka_broker: RunningBroker, tmp_path: Path, removed: str
) -> None:
    settings = kafka_broker.fresh_topics(tmp_path)
    topic = Topic.SIGHTINGS if removed == "broker" else Topic.DEAD_LETTERS
    for each in (Topic.SIGHTINGS, Topic.DEAD_LETTERS):
        send(kafka_broker, each, 5)
    committed(kafka_broker, Topic.SIGHTINGS, 5)
    now.end()
    specs = topic_specs(settings, POLICY)
    now.clock.advance(max(bound_ns(spec) for spec in specs) / 1e9 + 60 if removed == "topics" else 1)
    steps: list[PurgeStep] = [
        ended_step(now, kafka_broker),
        TopicBoundStep(kafka_broker.connection(User.RETENTION), KAFKA, specs if removed == "topics" else ()),
    ]
    now.more = steps
    now.sweep(without={removed})
    assert kept(kafka_broker, topic) == 5
    now.clock.advance(301)
    now.sweep(without={removed})
    assert now.status()[removed].is_alarm

    report = now.sweep()[removed]

    assert (report.error, report.left) == ("", ())
    assert kept(kafka_broker, topic) == 0


@pytest.mark.kafka
def test_records_within_their_bound_stay(now: RetentionHarness, kafka_broker: RunningBroker, tmp_path: Path) -> None:
    settings = kafka_broker.fresh_topics(tmp_path)
    send(kafka_broker, Topic.DEAD_LETTERS, 5)
    step = TopicBoundStep(kafka_broker.connection(User.RETENTION), KAFKA, topic_specs(settings, POLICY))

    assert step.due(now.clock.time_ns()) == ()
    assert step.purge(now.clock.time_ns()).destroyed == ()
    assert kept(kafka_broker, Topic.DEAD_LETTERS) == 5


def test_on_the_demonstration_broker_nothing_is_claimed(now: RetentionHarness, tansu_broker: RunningBroker) -> None:
    assert tansu_broker.traits is TANSU
    now.end()
    now.more = [ended_step(now, tansu_broker), TopicBoundStep(tansu_broker.connection(), TANSU, ())]

    reports = now.sweep()

    for name in ("broker", "topics"):
        assert "memory only" in reports[name].note
        assert (reports[name].destroyed, reports[name].error) == ((), "")


def test_a_broker_that_is_away_is_reported_and_tried_again(now: RetentionHarness) -> None:
    now.end()
    step = EndedRecordsStep(now.engine, BrokerConnection("127.0.0.1:1", User.RETENTION), KAFKA)

    with pytest.raises(Retryable, match="doesn't answer"):
        step.due(now.clock.time_ns())


def test_the_readers_are_the_groups_of_our_workers() -> None:
    from streams.topics import RECOGNISE_GROUP, RECORD_GROUP

    assert READERS == {
        Topic.FRAMES: RECOGNISE_GROUP,
        Topic.SIGHTINGS: RECORD_GROUP,
        Topic.OUTCOMES: RECORD_GROUP,
    }
