"""A broker that somebody changed while everything runs and answers: each change is found, and topics stay."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from kafka import KafkaProducer, TopicPartition
from kafka.admin import (
    ACL,
    ACLFilter,
    ACLOperation,
    ACLPermissionType,
    ConfigResource,
    ConfigResourceType,
    ResourcePattern,
    ResourcePatternFilter,
    ResourceType,
    ScramMechanism,
    UserScramCredentialDeletion,
    UserScramCredentialUpsertion,
)

from lfr_core.common.errors import Fatal, Retryable
from lfr_core.common.settings import Settings
from lfr_core.domain.policy import load_policy
from streams.broker.admin import admin_client
from streams.broker.altered import BrokerComparer, lets_topics_be_deleted
from streams.broker.users import User
from streams.topics import Topic, ensure_topics
from tests.support.brokers import RunningBroker, new_kafka, sockets_of_refused_connections
from tests.support.worker_processes import wait_until

pytestmark = pytest.mark.kafka
FRAMES = ResourcePattern(ResourceType.TOPIC, Topic.FRAMES)


@pytest.fixture(scope="module")
def broker(kafka_libs: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningBroker]:
    """One as `lfr up` starts it; the tests before would find their users, and the next this one's."""
    broker = new_kafka(tmp_path_factory.mktemp("altered"), kafka_libs, forgets_topics=False)
    try:
        broker.start()
        ensure_topics(broker.connection(), settings_of(broker), load_policy(), broker.traits)
        yield broker
    finally:
        broker.kill()


def settings_of(broker: RunningBroker) -> Settings:
    return broker.settings(Path("/nonexistent"))


def comparer_of(broker: RunningBroker) -> BrokerComparer:
    return BrokerComparer(settings_of(broker), load_policy(), broker.traits, is_ours=True)


def wait_for(broker: RunningBroker, words: str) -> None:
    comparer = comparer_of(broker)
    wait_until(lambda: words in "; ".join(comparer.find_differences()), within_s=30, what=words)


def test_whoever_may_delete_records_deletes_records_and_no_topic(broker: RunningBroker) -> None:
    """Kafka has one right for both: with retention's login somebody had the topics go, and all stayed green."""
    part = TopicPartition(Topic.FRAMES, 0)
    producer = KafkaProducer(**broker.options(), enable_idempotence=False)
    producer.send(Topic.FRAMES, b"x", key=b"north", partition=0).get(timeout=10)
    producer.close()

    for user in (User.RETENTION, User.ADMINISTRATION):
        with pytest.raises(Fatal, match="TopicDeletionDisabled"), admin_client(broker.connection(user)) as admin:
            admin.delete_topics([Topic.FRAMES])
    with admin_client(broker.connection(User.RETENTION)) as admin:
        gone = admin.delete_records({part: -1})

    assert gone[part]["low_watermark"] >= 1
    assert "topic lfr.frames is missing" not in comparer_of(broker).find_differences()
    assert not lets_topics_be_deleted(broker.connection())


def change_setting(broker: RunningBroker) -> None:
    with admin_client(broker.connection()) as admin:
        longer = {"retention.ms": "604800000"}
        admin.alter_configs([ConfigResource(ConfigResourceType.TOPIC, Topic.SIGHTINGS, longer)])


def add_right(broker: RunningBroker) -> None:
    with admin_client(broker.connection()) as admin:
        admin.create_acls([ACL("User:camera", "*", ACLOperation.READ, ACLPermissionType.ALLOW, FRAMES)])


def take_right(broker: RunningBroker) -> None:
    pattern = ResourcePatternFilter(ResourceType.TOPIC, Topic.FRAMES, FRAMES.pattern_type)
    with admin_client(broker.connection()) as admin:
        admin.delete_acls([ACLFilter("User:recognise", "*", ACLOperation.READ, ACLPermissionType.ALLOW, pattern)])


def add_user(broker: RunningBroker) -> None:
    with admin_client(broker.connection()) as admin:
        added = UserScramCredentialUpsertion("mallory", ScramMechanism.SCRAM_SHA_512, "her own words")
        admin.alter_user_scram_credentials([added])


def change_password(broker: RunningBroker) -> None:
    with admin_client(broker.connection()) as admin:
        changed = UserScramCredentialUpsertion(User.CAMERA, ScramMechanism.SCRAM_SHA_512, "her own words")
        admin.alter_user_scram_credentials([changed])


def delete_user(broker: RunningBroker) -> None:
    with admin_client(broker.connection()) as admin:
        admin.alter_user_scram_credentials([UserScramCredentialDeletion(User.RECORD, ScramMechanism.SCRAM_SHA_512)])


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (change_setting, "topic lfr.sightings: retention.ms is 604800000 instead of 3600000"),
        (add_right, "a right was added: ALLOW User:camera from *: READ TOPIC LITERAL lfr.frames"),
        (take_right, "a right is missing: ALLOW User:recognise from *: READ TOPIC LITERAL lfr.frames"),
        (add_user, "there is a user mallory, which is none of ours"),
        (change_password, "the login of camera isn't taken any more"),
        (delete_user, "user record is missing"),
    ],
)
def test_what_somebody_changes_at_a_running_broker_is_found(
    broker: RunningBroker, change: Callable[[RunningBroker], None], words: str
) -> None:
    assert words not in "; ".join(comparer_of(broker).find_differences())  # the administration's login is tried

    with sockets_of_refused_connections():
        change(broker)

        wait_for(broker, words)


def test_a_topic_that_has_gone_is_found_where_a_cluster_lets_it_be_deleted(
    kafka_broker: RunningBroker, tmp_path: Path
) -> None:
    kafka_broker.fresh_topics(tmp_path)
    assert lets_topics_be_deleted(kafka_broker.connection())
    cluster = BrokerComparer(settings_of(kafka_broker), load_policy(), kafka_broker.traits, is_ours=False)
    assert cluster.find_differences() == ()

    with admin_client(kafka_broker.connection(User.RETENTION)) as admin:
        admin.delete_topics([Topic.OUTCOMES])

    wait_until(
        lambda: cluster.find_differences() == ("topic lfr.outcomes is missing",), within_s=30, what="a missing topic"
    )
    kafka_broker.fresh_topics(tmp_path)


def test_a_broker_that_is_away_is_no_changed_one(kafka_libs: Path, tmp_path: Path) -> None:
    away = new_kafka(tmp_path, kafka_libs)

    with pytest.raises(Retryable):
        comparer_of(away).find_differences()
