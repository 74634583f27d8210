"""Whoever reaches the broker changes nothing: what they send is refused by the real workers, counted, and told of."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

import pytest
from kafka import KafkaProducer

from lfr_core.alerts import read
from lfr_core.common.clock import SystemClock
from lfr_core.custody.vault.frames import VaultSealer
from lfr_core.deployments.monitoring.store import LiveProbeKind, begin_live_probe, read_answers
from lfr_core.domain.frames import FrameHeader, FrameKind
from lfr_core.domain.messages import LiveProbeResult
from lfr_core.domain.outcomes import FrameOutcome
from lfr_core.storage.engine import reading
from streams.topics import Topic
from tests.support.brokers import RunningBroker
from tests.support.milvus import MilvusServer
from tests.support.overwriting import overwriting
from tests.support.records import alerts_of, outcomes, sighting
from tests.support.stream import Stream
from tests.support.worker_processes import wait_until

PROBE = UUID("00000000-0000-0000-0000-0000000000aa")


@pytest.fixture
def stream(tmp_path: Path, kafka_broker: RunningBroker) -> Iterator[Stream]:
    """The whole chain; the broker lets everybody in."""
    milvus = MilvusServer(tmp_path / "milvus")
    milvus.start()
    try:
        stream = Stream.start(tmp_path / "home", kafka_broker, milvus)
        try:
            yield stream
        finally:
            stream.stop()
    finally:
        milvus.stop()


@pytest.mark.slow
def test_a_forged_frame_sighting_outcome_and_live_probe_answer_have_no_effect_and_each_is_found(stream: Stream) -> None:
    view = stream.deploy("dep")
    now_ns = time.time_ns()
    with overwriting(stream.database) as session:
        begin_live_probe(session, b"", PROBE, "dep", LiveProbeKind.LIVE_PROBE, ["north"], now_ns)
    north = VaultSealer(stream.vault, SystemClock(), "dep", "north")
    status = FrameHeader("dep", "north", "s1", 5, now_ns, 5, 0, kind=FrameKind.STATUS)
    ours = north.record_headers(status, topic=Topic.FRAMES, key=b"north", payload=b"")
    # what an insider with a shell on the broker can make: everything but the signature
    seen = sighting(0.0, entry=_entry(stream), session="s1", vault=stream.vault, sealed_ns=now_ns)
    lie = FrameHeader("dep", "north", "s1", 10**9, now_ns, 0, 0, kind=FrameKind.END)
    moved = [*lie.to_headers(), ("mac", dict(ours)["mac"])]
    counted = outcomes((10**9, 0, 0), session="s1", outcome=FrameOutcome.RECOGNISED, reported_ns=now_ns)
    proven = LiveProbeResult(id=PROBE, deployment="dep", part=0, sent_ns=now_ns, reported_ns=now_ns, similarity=1.0)
    producer = KafkaProducer(**stream.broker.options())
    for topic, key, value, headers in (
        (Topic.FRAMES, b"north", b"", lie.to_headers()),
        (Topic.FRAMES, b"north", b"", moved),
        (Topic.SIGHTINGS, b"north", seen.encode(), []),
        (Topic.OUTCOMES, b"north", counted.encode(), [("mac", dict(ours)["mac"])]),
        (Topic.LIVE_PROBES, b"dep", proven.encode(), []),
        (Topic.DEAD_LETTERS, b"north", b"{}", []),
        (Topic.FRAMES, b"north", b"", ours),  # and one that is the camera's own, last
    ):
        producer.send(topic, key=key, value=value, headers=headers).get(timeout=30)
    producer.close()

    wait_until(lambda: len(_refused(stream)) == 6, within_s=60, what="six records are refused")
    wait_until(lambda: bool(_cameras(stream)), within_s=30, what="the camera's own word is recorded")
    assert _refused(stream) == [
        ("lfr.dead-letters", "record.not-signed"),
        ("lfr.frames", "record.not-authentic"),
        ("lfr.frames", "record.not-signed"),
        ("lfr.outcomes", "record.not-authentic"),
        ("lfr.proofs", "record.not-signed"),
        ("lfr.sightings", "record.not-signed"),
    ]
    assert alerts_of(stream.database, view.id) == ()
    (camera,) = _cameras(stream)
    assert (camera.camera, camera.counts.captured, camera.counts.not_sampled, camera.counts.lost) == ("north", 5, 5, 0)
    with reading(stream.database) as session:
        assert read_answers(session, PROBE) == ()
    told = read.refused_records(stream.database, now_ns=time.time_ns())
    assert {each.camera: (each.count, each.unauthentic) for each in told} == {"north": (5, 5), "dep": (1, 1)}


def _entry(stream: Stream) -> str:
    from sqlmodel import select

    from lfr_core.storage.tables.watchlists import WatchlistEntryRow

    with reading(stream.database) as session:
        return session.exec(select(WatchlistEntryRow.id)).one()


def _cameras(stream: Stream) -> tuple[read.CameraHealth, ...]:
    return read.cameras(stream.database, "dep", now_ns=time.time_ns())


def _refused(stream: Stream) -> list[tuple[str, str]]:
    return sorted((each.topic, each.error) for each in read.dead_letters(stream.database))
