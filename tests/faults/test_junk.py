"""Ten thousand records that nobody can read keep no alert waiting, and each of them is counted."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from kafka import KafkaProducer

from lfr_core.alerts import read
from lfr_core.common.clock import SystemClock
from lfr_core.common.logs import get_logger
from lfr_core.custody.vault.record_mac import MAC_HEADER, RecordSigner
from lfr_core.domain.actors import SystemActor
from lfr_core.domain.deployments import DeploymentKind
from streams.topics import Topic
from tests.support.brokers import new_kafka
from tests.support.milvus import MilvusServer
from tests.support.records import alerts_of, entry, sighting
from tests.support.stream import Stream
from tests.support.worker_processes import wait_until

pytestmark = pytest.mark.slow

JUNK = 10_000


@pytest.fixture
def stream(tmp_path: Path, kafka_libs: Path) -> Iterator[Stream]:
    """Broker, database, the vault's process and one recorder; nothing recognises here."""
    broker = new_kafka(tmp_path / "kafka", kafka_libs)
    broker.start()
    try:
        stream = Stream.prepare(tmp_path / "home", broker, MilvusServer(tmp_path / "milvus"))
        try:
            stream.start_vault()
            stream.start_workers(recognisers=0)
            for worker in stream.workers:
                worker.wait_ready()
            yield stream
        finally:
            stream.stop()
    finally:
        broker.stop()


@pytest.mark.parametrize("topic", [Topic.SIGHTINGS, Topic.DEAD_LETTERS])
def test_an_alert_is_opened_while_ten_thousand_unreadable_records_are_counted(stream: Stream, topic: Topic) -> None:
    stream.deployments.create("dep", DeploymentKind.DEMO, name="High Street")
    stream.deployments.attach_watchlist("dep", "contract", "gallery_dep", [entry()])
    stream.deployments.open("dep")
    seen = sighting(0.0, vault=stream.vault, sealed_ns=time.time_ns())
    producer = KafkaProducer(**stream.broker.options(), linger_ms=5)
    for number in range(JUNK):
        producer.send(topic, value=b"\x00junk" * 20, key=b"north" if number else b"nul\x00" * 1_000)
    mac = RecordSigner(stream.vault, SystemClock(), SystemActor.RECOGNISER).sign(
        Topic.SIGHTINGS, b"north", {}, seen.encode()
    )
    producer.send(Topic.SIGHTINGS, value=seen.encode(), key=b"north", headers=[(MAC_HEADER, mac)]).get(timeout=30)
    producer.close()
    sent = time.monotonic()

    wait_until(lambda: bool(alerts_of(stream.database, "dep")), within_s=90, what="the alert is opened")
    get_logger().info("alert_after_junk", topic=topic, seconds=round(time.monotonic() - sent, 1), records=JUNK)

    wait_until(stream.drained, within_s=120, what="the recorder has read everything")
    refused = read.refused_records(stream.database, now_ns=time.time_ns())
    assert sum(each.count for each in refused) == JUNK
    assert refused[0].camera == "north"
    assert len(read.dead_letters(stream.database, limit=JUNK)) < JUNK / 50
    assert stream.workers[0].log.read_text().count("record_refused") < JUNK / 50
