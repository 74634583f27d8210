"""Services away at a worker's start and in mid-run, and disks that fill up: workers wait, every frame is counted."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from lfr_core.deployments.views import DeploymentReader
from tests.support.brokers import RunningBroker, new_kafka
from tests.support.databases import Postgres, new_postgres
from tests.support.disks import fill, small_disk
from tests.support.milvus import MilvusServer
from tests.support.playing import judge, playing, recognised
from tests.support.recordings import Walk, write_walks
from tests.support.stream import Stream
from tests.support.worker_processes import wait_until

pytestmark = [
    pytest.mark.kafka,
    pytest.mark.models,
    pytest.mark.filterwarnings("ignore:unclosed <socket.socket:ResourceWarning"),  # kafka-python's, see conftest.py
]


@pytest.fixture(scope="module")
def milvus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MilvusServer]:
    server = MilvusServer(tmp_path_factory.mktemp("away") / "milvus").start()
    try:
        yield server
    finally:
        server.stop()


@pytest.fixture(scope="module")
def broker(kafka_libs: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningBroker]:
    """A broker of this module's own, which its tests may stop; started again for the next one."""
    running = new_kafka(tmp_path_factory.mktemp("away") / "broker", kafka_libs)
    running.start()
    try:
        yield running
    finally:
        running.stop()


@pytest.fixture
def mortal_postgres() -> Iterator[Postgres]:
    yield from new_postgres()


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    with small_disk(tmp_path / "disk") as folder:
        yield folder


def alive(stream: Stream) -> list[int]:
    """The pids of the workers; fails where one has ended."""
    for worker in stream.workers:
        assert worker.process is not None
        assert worker.process.poll() is None, f"{worker.role} ended: {worker.log.read_text()[-3000:]}"
    return [worker.pid for worker in stream.workers]


@pytest.mark.slow
def test_workers_that_start_while_the_broker_is_away_wait_for_it_and_go_on(
    broker: RunningBroker, milvus: MilvusServer, tmp_path: Path
) -> None:
    walks = [Walk("obama2", 6)]
    truth = write_walks(tmp_path / "walk.avi", walks)
    stream = Stream.prepare(tmp_path / "home", broker, milvus)
    try:
        stream.start_vault()
        stream.deploy("no-broker")
        broker.stop()
        try:
            stream.start_workers()
            wait_until(
                lambda: all("broker_away_at_start" in worker.log.read_text() for worker in stream.workers),
                within_s=30,
                what="the workers say that the broker is away",
            )
            before = alive(stream)
        finally:
            broker.start()
        for worker in stream.workers:
            worker.wait_ready(30)
        with playing(stream, tmp_path / "walk.avi", "no-broker", media_time=True) as camera:
            report = camera.finish(60)
        judge(stream, "no-broker", walks[0].frames, report, truth)

        assert alive(stream) == before
    finally:
        stream.stop()


@pytest.mark.postgresql
@pytest.mark.slow
def test_with_the_database_away_at_the_start_and_in_mid_run_workers_wait_and_every_frame_is_counted(
    broker: RunningBroker, milvus: MilvusServer, mortal_postgres: Postgres, tmp_path: Path
) -> None:
    walks = [Walk("obama2", 5), Walk("biden", 9), Walk("obama3", 5)]
    truth = write_walks(tmp_path / "walks.avi", walks)
    stream = Stream.prepare(tmp_path / "home", broker, milvus, database_url=mortal_postgres.new_database())
    try:
        stream.start_vault()
        stream.deploy("no-records", live_only=True)
        mortal_postgres.stop()
        stream.start_workers()
        for worker in stream.workers:
            worker.wait_ready(30)
        before = alive(stream)
        mortal_postgres.start()
        with playing(stream, tmp_path / "walks.avi", "no-records", media_time=False) as camera:
            wait_until(lambda: recognised(stream, "no-records") > 24, within_s=30, what="the first pass recognised")
            mortal_postgres.stop()  # while a stranger passes
            time.sleep(4)
            mortal_postgres.start()
            report = camera.finish(60)
        passes = [each for each in truth if "obama" in each[0]]
        counts = judge(stream, "no-records", sum(walk.frames for walk in walks), report, passes)

        assert alive(stream) == before
        assert counts["dropped_at_camera"] > 0  # whether the gate is open couldn't be asked: no key, no frame
        assert counts["lost"] == 0
    finally:
        stream.stop()


@pytest.mark.slow
def test_records_on_a_full_disk_wait_until_there_is_space_again_and_are_made_once(
    broker: RunningBroker, milvus: MilvusServer, disk: Path, tmp_path: Path
) -> None:
    walks = [Walk("obama2", 6), Walk("biden", 2)]
    truth = write_walks(tmp_path / "walks.avi", walks)
    stream = Stream.prepare(disk / "home", broker, milvus)  # the workers' logs lie there too
    try:
        stream.start_vault()
        stream.deploy("full")
        stream.start_workers()
        for worker in stream.workers:
            worker.wait_ready()
        before = alive(stream)
        with playing(stream, tmp_path / "walks.avi", "full", media_time=True) as camera:
            wait_until(lambda: recognised(stream, "full") > 10, within_s=30, what="recognition has begun")
            filler = fill(disk)
            report = camera.finish(60)  # the camera hears from `recognise`, which needs no disk
            time.sleep(1)
            assert not stream.drained(), "something was acknowledged that isn't on the disk"
            filler.unlink()
        judge(stream, "full", sum(walk.frames for walk in walks), report, truth[:1])

        assert alive(stream) == before
        assert DeploymentReader(stream.database).find("full") is not None
    finally:
        stream.stop()


@pytest.mark.slow
def test_a_broker_whose_disk_fills_up_stops_the_stream_and_no_frame_vanishes(
    kafka_libs: Path, milvus: MilvusServer, tmp_path: Path
) -> None:
    # A live camera drops what the broker doesn't take: it is back on a busy machine too before the last one comes.
    walks = [Walk("obama2", 5), Walk("biden", 25), Walk("obama3", 5)]
    truth = write_walks(tmp_path / "walks.avi", walks)
    with small_disk(tmp_path / "broker", megabytes=96) as disk:
        broker = new_kafka(disk, kafka_libs)
        broker.start()
        stream = Stream.prepare(tmp_path / "home", broker, milvus)
        try:
            stream.start_vault()
            stream.deploy("full-broker")
            stream.start_workers()
            for worker in stream.workers:
                worker.wait_ready()
            before = alive(stream)
            with playing(stream, tmp_path / "walks.avi", "full-broker", media_time=False) as camera:
                wait_until(
                    lambda: recognised(stream, "full-broker") > 24, within_s=30, what="the first pass recognised"
                )
                filler = fill(disk)
                broker.wait_for_its_end(20)
                filler.unlink()
                broker.start()
                report = camera.finish(60)
            passes = [each for each in truth if "obama" in each[0]]
            judge(stream, "full-broker", sum(walk.frames for walk in walks), report, passes)

            assert alive(stream) == before
        finally:
            stream.stop()
            broker.stop()
