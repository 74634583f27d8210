"""Consumer groups in trouble, on a real broker with real workers: some come and go, one stands still."""

from __future__ import annotations

import random
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.faults import Account
from tests.support.playing import Playing, judge, playing, wait_until_more_is_recognised
from tests.support.recordings import Walk, write_walks
from tests.support.stream import Stream, two_workers

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


def judged(stream: Stream, deployment: str, camera: Playing, walks: Walks, account: Account) -> dict[str, int]:
    report = camera.finish(300)
    return judge(stream, deployment, sum(walk.frames for walk in WALKS), report, walks[1], account)


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
