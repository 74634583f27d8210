"""Consumer groups in trouble, real broker and workers: they come and go, stand still, are told everything twice."""

from __future__ import annotations

import random
import signal
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from streams.topics import RECOGNISE_GROUP, RECORD_GROUP, Topic
from tests.support.faults import Account
from tests.support.playing import PlayedCamera, judge, playing, recognised, wait_until_more_is_recognised
from tests.support.recordings import Walk, write_walks
from tests.support.stream import Stream, two_workers
from tests.support.worker_processes import wait_until

pytestmark = [
    pytest.mark.kafka,
    pytest.mark.models,
    pytest.mark.slow,
    pytest.mark.timeout(900),
    pytest.mark.filterwarnings("ignore:unclosed <socket.socket:ResourceWarning"),  # kafka-python's, see conftest.py
]

WALKS = (Walk("obama2", 24), Walk("biden", 12), Walk("obama3", 24))
SESSION_S = 6.0
"""After so long without a heartbeat another worker has a stopped one's partitions (`streams.app`)."""


@pytest.fixture(scope="module")
def stream(kafka_libs: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stream]:
    with two_workers(tmp_path_factory.mktemp("groups"), kafka_libs) as started:
        yield started


@pytest.fixture(scope="module")
def walks(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[tuple[str, int, int]]]:
    file = tmp_path_factory.mktemp("walks") / "walks.avi"
    truth = write_walks(file, WALKS)
    return file, [each for each in truth if "obama" in each[0]]


Walks = tuple[Path, list[tuple[str, int, int]]]


def judged(stream: Stream, deployment: str, camera: PlayedCamera, walks: Walks, account: Account) -> dict[str, int]:
    report = camera.finish(300)
    return judge(stream, deployment, sum(walk.frames for walk in WALKS), report, walks[1], account)


@pytest.mark.fault("every message twice")
def test_frames_sightings_and_outcomes_that_are_sent_twice_count_once(
    stream: Stream, walks: Walks, fault_seed: int, account: Account
) -> None:
    name = f"twice-{fault_seed}"
    stream.deploy(name)
    with _sent_again(stream), playing(stream, walks[0], name, media_time=True) as camera:
        counts = judged(stream, name, camera, walks, account)

    assert counts["lost"] == 0


@pytest.mark.fault("rebalance storm")
def test_workers_that_come_and_go_all_the_time_lose_no_frame_and_double_no_alert(
    stream: Stream, walks: Walks, fault_seed: int, account: Account
) -> None:
    chance, name = random.Random(fault_seed), f"storm-{fault_seed}"
    stream.deploy(name)
    third = stream.worker("recognise", 2)
    with playing(stream, walks[0], name, media_time=True) as camera:
        for _ in range(4):
            third.start()
            time.sleep(chance.uniform(0.5, 8))
            third.end(chance.choice([signal.SIGTERM, signal.SIGKILL]))
        counts = judged(stream, name, camera, walks, account)

    assert counts["lost"] == 0


@pytest.mark.fault("recogniser stopped by SIGSTOP")
def test_a_recogniser_that_stands_still_until_another_has_its_cameras_and_then_goes_on_doubles_nothing(
    stream: Stream, walks: Walks, fault_seed: int, account: Account
) -> None:
    chance, name = random.Random(fault_seed), f"stopped-{fault_seed}"
    stream.deploy(name)
    with playing(stream, walks[0], name, media_time=True) as camera:
        wait_until_more_is_recognised(stream, name, chance.randint(10, 60), camera)
        for worker in stream.recognisers:  # one of them has the camera; each stands still in its turn
            worker.pause()
            time.sleep(SESSION_S + chance.uniform(0, 3))
            worker.resume()
        counts = judged(stream, name, camera, walks, account)
    stream.start_ended_workers()

    assert counts["lost"] == 0


@pytest.mark.fault("offsets reset or out of range")
@pytest.mark.parametrize("where", ["to the first", "beyond the last", "half way back"])
def test_offsets_that_somebody_sets_back_or_beyond_the_end_lose_no_frame_and_double_no_alert(
    stream: Stream, walks: Walks, fault_seed: int, where: str, account: Account
) -> None:
    name = f"offsets-{where.replace(' ', '-')}-{fault_seed}"
    stream.deploy(name)
    with playing(stream, walks[0], name, media_time=True) as camera:
        wait_until(lambda: recognised(stream, name) > 20, within_s=180, what="recognition has begun")
        for worker in stream.workers:
            worker.end(signal.SIGTERM)
        time.sleep(SESSION_S + 1)  # a static member leaves with its session
        for group, topics in (
            (RECOGNISE_GROUP, [Topic.FRAMES]),
            (RECORD_GROUP, [Topic.SIGHTINGS, Topic.OUTCOMES, Topic.DEAD_LETTERS]),
        ):
            _set_offsets(stream, group, topics, where)
        for worker in stream.workers:
            worker.start()
        for worker in stream.workers:
            worker.wait_ready()
        counts = judged(stream, name, camera, walks, account)

    assert counts["lost"] == 0


def _set_offsets(stream: Stream, group: str, topics: Sequence[Topic], where: str) -> None:
    """As an administrator's tool does, while nobody of the group is there."""
    from kafka import KafkaConsumer, TopicPartition
    from kafka.structs import OffsetAndMetadata

    consumer: Any = KafkaConsumer(**stream.broker.options(), group_id=group, enable_auto_commit=False)
    try:
        places = [TopicPartition(topic, part) for topic in topics for part in consumer.partitions_for_topic(topic)]
        consumer.assign(places)
        first, last = consumer.beginning_offsets(places), consumer.end_offsets(places)
        wanted = {
            place: {
                "to the first": first[place],
                "beyond the last": last[place] + 1_000,
                "half way back": (first[place] + (consumer.committed(place) or first[place])) // 2,
            }[where]
            for place in places
        }
        consumer.commit({place: OffsetAndMetadata(offset, "", -1) for place, offset in wanted.items()})
    finally:
        consumer.close()


@contextmanager
def _sent_again(stream: Stream) -> Iterator[None]:
    """Whoever may write to the topics sends each record once more, word for word."""
    from kafka import KafkaConsumer, KafkaProducer, TopicPartition

    consumer: Any = KafkaConsumer(**stream.broker.options(), group_id=None)
    producer: Any = KafkaProducer(**stream.broker.options())
    topics = (Topic.FRAMES, Topic.SIGHTINGS, Topic.OUTCOMES)
    consumer.assign([TopicPartition(t, part) for t in topics for part in consumer.partitions_for_topic(t)])
    consumer.seek_to_end()
    for place in consumer.assignment():
        consumer.position(place)
    ours, over = set[tuple[str, int, int]](), threading.Event()

    def send_again() -> None:
        while not over.is_set():
            for records in consumer.poll(timeout_ms=50).values():
                for each in records:
                    if (each.topic, each.partition, each.offset) in ours:
                        continue
                    sent = producer.send(
                        each.topic, key=each.key, value=each.value, headers=each.headers, partition=each.partition
                    ).get(timeout=30)
                    ours.add((sent.topic, sent.partition, sent.offset))

    thread = threading.Thread(target=send_again)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
        consumer.close()
        producer.close()
        assert ours, "nothing was sent again"
