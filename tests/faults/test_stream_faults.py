"""What a stream under kill signals loses and doubles: nothing that isn't counted."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from lfr_core.alerts import read
from lfr_core.domain.deployments import DeploymentStatus
from tests.support.brokers import RunningBroker, new_kafka
from tests.support.milvus import MilvusServer
from tests.support.playing import judge, playing, recognised, wait_until_more_is_recognised
from tests.support.recordings import Walk, write_walks
from tests.support.records import alerts_of
from tests.support.stream import Stream
from tests.support.worker_processes import environment_of, wait_until

pytestmark = [
    pytest.mark.kafka,
    pytest.mark.models,
    pytest.mark.filterwarnings("ignore:unclosed <socket.socket:ResourceWarning"),  # kafka-python's, see conftest.py
]


@pytest.fixture(scope="module")
def servers(kafka_libs: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[RunningBroker, MilvusServer]]:
    """A broker and a Milvus of this module's own, which its tests may kill."""
    folder = tmp_path_factory.mktemp("faults")
    broker = new_kafka(folder / "broker", kafka_libs)
    milvus = MilvusServer(folder / "milvus")
    try:
        broker.start()
        milvus.start()
        yield broker, milvus
    finally:
        broker.stop()
        milvus.stop()


@pytest.fixture
def stream(servers: tuple[RunningBroker, MilvusServer], tmp_path: Path) -> Iterator[Stream]:
    started = Stream.start(tmp_path / "home", *servers)
    try:
        yield started
    finally:
        started.stop()


@pytest.mark.fault("rebalance storm")
@pytest.mark.timeout(600)  # ten restarts of a worker, each with its models and its place in the group
@pytest.mark.slow
def test_ten_stops_and_kills_of_the_worker_lose_no_frame_and_double_no_alert(stream: Stream, tmp_path: Path) -> None:
    walks = [Walk("obama2", 40), Walk("biden", 30), Walk("obama3", 40), Walk("astronaut", 30), Walk("obama2", 40)]
    truth = write_walks(tmp_path / "walks.avi", walks)
    stream.deploy("kills")
    (recogniser,) = stream.recognisers
    (recorder,) = (worker for worker in stream.workers if worker.role == "record")
    with playing(stream, tmp_path / "walks.avi", "kills", media_time=True) as camera:
        for number, how in enumerate([signal.SIGTERM, signal.SIGKILL] * 5):
            wait_until_more_is_recognised(stream, "kills", 70, camera)
            recogniser.end(how)
            if number % 3 == 2:  # the worker that writes to SQL too, now and then
                recorder.end(how)
                recorder.start()
            recogniser.start().wait_ready()
        report = camera.finish(120)

    counts = judge(
        stream, "kills", sum(walk.frames for walk in walks), report, [each for each in truth if "obama" in each[0]]
    )
    assert counts["lost"] == 0


@pytest.mark.slow
def test_a_killed_broker_that_comes_back_leaves_every_frame_counted(
    stream: Stream, servers: tuple[RunningBroker, MilvusServer], tmp_path: Path
) -> None:
    walks = [Walk("obama2", 12), Walk("biden", 14), Walk("obama3", 12)]
    truth = write_walks(tmp_path / "walks.avi", walks)
    stream.deploy("broker-kill")
    with playing(stream, tmp_path / "walks.avi", "broker-kill", media_time=False) as camera:
        # the broker is away while a stranger passes, so that both enrolled passes can be seen
        wait_until(lambda: recognised(stream, "broker-kill") > 75, within_s=60, what="the first pass recognised")
        servers[0].restart(kill=True)
        report = camera.finish(120)

    counts = judge(
        stream,
        "broker-kill",
        sum(walk.frames for walk in walks),
        report,
        [each for each in truth if "obama" in each[0]],
    )
    assert counts["captured"] == report.captured


@pytest.mark.slow
def test_with_milvus_stopped_there_is_no_alert_and_with_it_back_there_is(
    stream: Stream, servers: tuple[RunningBroker, MilvusServer], tmp_path: Path
) -> None:
    write_walks(tmp_path / "walk.avi", [Walk("obama2", 6)])
    stream.deploy("gallery-away", live_only=True)
    servers[1].stop()
    try:
        with playing(stream, tmp_path / "walk.avi", "gallery-away", media_time=False) as camera:
            first = camera.finish(60)
        wait_until(stream.drained, within_s=60, what="stale frames dropped")
        alerts_while_away = alerts_of(stream.database, "gallery-away")
    finally:
        servers[1].start()
    with playing(stream, tmp_path / "walk.avi", "gallery-away", media_time=False) as camera:
        camera.finish(60)
    wait_until(stream.drained, within_s=60, what="every record processed")
    (camera_health,) = read.cameras(stream.database, "gallery-away", now_ns=time.time_ns())

    assert (alerts_while_away, len(alerts_of(stream.database, "gallery-away"))) == ((), 1)
    assert camera_health.counts.dropped_stale > 0
    assert (camera_health.counts.balanced, camera_health.counts.captured) == (True, 2 * first.captured)


@pytest.mark.slow
def test_with_kafka_stopped_there_is_no_alert_not_even_afterwards(
    stream: Stream, servers: tuple[RunningBroker, MilvusServer], tmp_path: Path
) -> None:
    write_walks(tmp_path / "walk.avi", [Walk("biden", 10), Walk("obama2", 6)])
    stream.deploy("broker-away", live_only=True)
    # a process of its own: kafka-python leaves a socket behind for each try to reach a broker that is away
    command = [sys.executable, "-m", "apps.cli", "camera", "run", "--source", str(tmp_path / "walk.avi")]
    command += ["--deployment", "broker-away", "--name", "cam"]
    with (tmp_path / "camera.log").open("wb") as log:
        camera = subprocess.Popen(command, env=os.environ | environment_of(stream.settings), stdout=log, stderr=log)
    try:
        wait_until(lambda: recognised(stream, "broker-away") > 5, within_s=60, what="recognition has begun")
        servers[0].stop()
        try:
            camera.wait(90)  # the enrolled person passes while there is no broker
            alerts_while_away = alerts_of(stream.database, "broker-away")
        finally:
            servers[0].start()
    finally:
        camera.kill()
        camera.wait()
    wait_until(stream.drained, within_s=150, what="what was still on its way is dropped as stale")

    assert (alerts_while_away, alerts_of(stream.database, "broker-away")) == ((), ())
    words = (
        tmp_path / "camera.log"
    ).read_text()  # it ended while the broker was away, and says so in a line of its own
    assert ("camera.end-not-confirmed" in words, "Traceback" in words) == (True, False), words[-3000:]


@pytest.mark.slow
def test_a_closed_deployment_is_recognised_no_more_and_its_worker_s_memory_goes_with_it(
    stream: Stream, tmp_path: Path
) -> None:
    write_walks(tmp_path / "walk.avi", [Walk("biden", 8), Walk("obama2", 6)])
    stream.deploy("closing")
    (recogniser,) = stream.recognisers
    with playing(stream, tmp_path / "walk.avi", "closing", media_time=False) as camera:
        wait_until(lambda: recognised(stream, "closing") > 5, within_s=60, what="recognition has begun")
        closed = stream.deployments.close("closing")
        wait_until(lambda: recogniser.has_ended, within_s=15, what="the worker has ended by itself")
        recogniser.start().wait_ready()  # as `lfr up` does
        report = camera.finish(60)
    wait_until(stream.drained, within_s=60, what="every record processed")
    (health,) = read.cameras(stream.database, "closing", now_ns=time.time_ns())

    assert (closed.status, alerts_of(stream.database, "closing")) == (DeploymentStatus.ENDED, ())
    assert health.counts.dropped_at_camera > 10  # no key, no frame
    assert (health.counts.balanced, health.counts.captured) == (True, report.captured)
