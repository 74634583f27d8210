"""The broker that `lfr up` starts: each process may do what it is for, and nobody else anything."""

from __future__ import annotations

import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from kafka import KafkaConsumer, KafkaProducer, TopicPartition
from kafka.errors import ClusterAuthorizationFailedError, GroupAuthorizationFailedError, TopicAuthorizationFailedError

from lfr_core.common.errors import Fatal, LfrError, Retryable
from lfr_core.domain.policy import load_policy
from streams.broker.admin import admin_client
from streams.broker.connection import BrokerConnection
from streams.broker.rights import RIGHTS, ensure_rights
from streams.broker.users import User
from streams.topics import RECOGNISE_GROUP, RECORD_GROUP, Topic, ensure_topics
from tests.support.brokers import RunningBroker, new_kafka
from tests.support.tiers import leave_to_long
from tests.support.worker_processes import wait_until

pytestmark = pytest.mark.kafka
OTHERS = [user for user in User if user is not User.ADMINISTRATION]


@pytest.fixture(scope="module")
def broker(kafka_broker: RunningBroker, tmp_path_factory: pytest.TempPathFactory) -> RunningBroker:
    kafka_broker.fresh_topics(tmp_path_factory.mktemp("rights-home"))
    return kafka_broker


@contextmanager
def closed(client: Any) -> Iterator[Any]:
    try:
        yield client
    finally:
        client.close()


def is_let(act: Callable[[], object]) -> bool:
    try:
        act()
    except (TopicAuthorizationFailedError, ClusterAuthorizationFailedError):
        return False
    return True


def may_write(broker: RunningBroker, user: User, topic: Topic) -> bool:
    with closed(KafkaProducer(**broker.options(user), enable_idempotence=False, max_block_ms=10_000)) as producer:
        return is_let(lambda: producer.send(topic, b"x", key=b"north").get(timeout=10))


def may_read(broker: RunningBroker, user: User, topic: Topic) -> bool:
    with closed(KafkaConsumer(**broker.options(user), group_id=None, enable_auto_commit=False)) as consumer:
        part = TopicPartition(topic, 0)
        consumer.assign([part])
        consumer.seek_to_beginning(part)
        return is_let(lambda: consumer.poll(timeout_ms=1_000))


@pytest.mark.parametrize("user", leave_to_long(OTHERS, but=[User.CAMERA, User.RECOGNISE]))
def test_a_user_writes_and_reads_the_topics_it_is_for_and_no_other(broker: RunningBroker, user: User) -> None:
    writes = frozenset(topic for topic in Topic if may_write(broker, user, topic))
    reads = frozenset(topic for topic in Topic if may_read(broker, user, topic))

    assert (writes, reads) == (RIGHTS[user].writes, RIGHTS[user].reads)


def test_a_camera_makes_no_topic_gives_no_right_and_deletes_nothing(broker: RunningBroker) -> None:
    camera = broker.connection(User.CAMERA)

    with pytest.raises(Fatal, match="refuses"):
        ensure_rights(camera)
    with pytest.raises(LfrError), admin_client(camera) as admin:
        admin.create_topics({"lfr.mine": {"num_partitions": 1, "replication_factor": 1}})
    with pytest.raises(LfrError), admin_client(camera) as admin:
        admin.delete_records({TopicPartition(Topic.FRAMES, 0): -1})


@pytest.mark.parametrize(("user", "group"), [(User.RECORD, RECOGNISE_GROUP), (User.CAMERA, RECORD_GROUP)])
def test_nobody_joins_the_group_of_another_and_so_takes_its_records(
    broker: RunningBroker, user: User, group: str
) -> None:
    topic = Topic.OUTCOMES  # both may read it
    consumer = KafkaConsumer(topic, **broker.options(user), group_id=group)
    with closed(consumer), pytest.raises(GroupAuthorizationFailedError):
        consumer.poll(timeout_ms=10_000)


def test_without_a_login_and_with_a_wrong_one_there_is_no_way_in(broker: RunningBroker, tmp_path: Path) -> None:
    wrong = tmp_path / "camera"
    wrong.write_text("camera:guessed")
    wrong.chmod(0o600)

    with pytest.raises(LfrError), admin_client(BrokerConnection(broker.servers, User.CAMERA)) as admin:
        admin.describe_topics()
    with pytest.raises(Retryable, match="takes no login of camera"):
        ensure_rights(replace(broker.connection(User.CAMERA), logins=tmp_path))


def test_rights_that_somebody_added_are_taken_away_at_the_next_start(broker: RunningBroker) -> None:
    from kafka.admin import ACL, ACLOperation, ACLPermissionType, ResourcePattern, ResourceType

    pattern = ResourcePattern(ResourceType.TOPIC, Topic.FRAMES)
    with admin_client(broker.connection()) as admin:
        admin.create_acls([ACL("User:camera", "*", ACLOperation.READ, ACLPermissionType.ALLOW, pattern)])
    # the controller has it at once, the broker a moment later
    wait_until(lambda: may_read(broker, User.CAMERA, Topic.FRAMES), within_s=30, what="the added right")

    changed = ensure_rights(broker.connection())

    assert [each for each in changed if each.startswith("- ALLOW User:camera")]
    assert ensure_rights(broker.connection()) == ()
    assert not may_read(broker, User.CAMERA, Topic.FRAMES)


@pytest.mark.slow
def test_a_broker_of_before_logins_begins_anew_keeps_its_passwords_to_itself_and_stops_without_its_logins(
    tmp_path: Path, kafka_libs: Path
) -> None:
    old = tmp_path / "kafka" / "data"
    old.mkdir(parents=True)
    (old / "unsigned-record").write_text("x")
    (tmp_path / "kafka" / "formatted").write_text("")
    broker = new_kafka(tmp_path, kafka_libs)
    broker.start()
    try:
        assert not (old / "unsigned-record").exists()
        ensure_topics(broker.connection(), broker.settings(tmp_path), load_policy(), broker.traits)
        assert_passwords_are_in_files_of_ours_alone(broker, tmp_path)
        assert_the_controller_takes_the_broker_alone(broker)
        broker.restart(kill=True)
        assert may_write(broker, User.CAMERA, Topic.FRAMES)
    finally:
        broker.stop()
    assert broker.logins is not None
    (broker.logins / "camera").unlink()
    with pytest.raises(AssertionError, match="aren't those of the broker"):
        broker.start()


def assert_the_controller_takes_the_broker_alone(broker: RunningBroker) -> None:
    port = broker._command[broker._command.index("--controller-port") + 1]
    for connection in (
        BrokerConnection(f"127.0.0.1:{port}", User.ADMINISTRATION),
        replace(broker.connection(), servers=f"127.0.0.1:{port}"),
    ):
        with pytest.raises(LfrError), admin_client(connection) as admin:
            admin.describe_cluster()


def assert_passwords_are_in_files_of_ours_alone(broker: RunningBroker, folder: Path) -> None:
    assert broker.logins is not None
    passwords = [file.read_text().strip().partition(":")[2].encode() for file in broker.logins.iterdir()]
    assert len(set(passwords)) == len(User) + 1
    assert broker._process is not None
    process = Path(f"/proc/{broker._process.pid}")
    shown = (process / "cmdline").read_bytes() + (process / "environ").read_bytes()
    assert not any(each in shown for each in passwords)
    for file in (each for each in folder.rglob("*") if each.is_file()):
        content = file.read_bytes()
        if any(each in content for each in passwords):
            assert stat.S_IMODE(file.stat().st_mode) == 0o600, file
            assert file.parent == broker.logins or file.name == "server.properties", file
