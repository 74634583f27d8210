"""The gate is a refusal, felt on every worker: a vault that stops; each condition is in test_gate_conditions.py."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from lfr_core.alerts import read
from tests.support.playing import PlayedCamera, playing
from tests.support.recordings import Walk, write_walks
from tests.support.records import alerts_of
from tests.support.stream import Stream, two_workers
from tests.support.worker_processes import wait_until

pytestmark = [
    pytest.mark.kafka,
    pytest.mark.models,
    pytest.mark.filterwarnings("ignore:unclosed <socket.socket:ResourceWarning"),  # kafka-python's, see conftest.py
]

FELT_WITHIN_S = 3.0
"""docs/design.md#fail-closed: recognition ends within 3 s on every worker."""
CAMERAS = ("north", "south")
"""Their keys fall into partitions of different workers."""


@pytest.fixture(scope="module")
def stream(kafka_libs: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stream]:
    with two_workers(tmp_path_factory.mktemp("gate"), kafka_libs) as started:
        yield started


def vault_stopped(stream: Stream, deployment: str) -> None:
    stream.stop_vault()


def vault_killed(stream: Stream, deployment: str) -> None:
    stream.stop_vault(signal.SIGKILL)


@pytest.mark.slow
@pytest.mark.parametrize(
    "shut",
    [vault_stopped, vault_killed],
)
def test_recognition_ends_within_3_seconds_on_every_worker(
    stream: Stream, tmp_path: Path, shut: Callable[[Stream, str], None]
) -> None:
    deployment = f"gate-{shut.__name__.replace('_', '-')}"
    write_walks(tmp_path / "walk.avi", [Walk("biden", 9), Walk("obama2", 6)])
    stream.deploy(deployment, live_only=True)
    cameras: list[PlayedCamera] = []
    with ExitStack() as stack:
        cameras += [
            stack.enter_context(playing(stream, tmp_path / "walk.avi", deployment, media_time=False, camera=name))
            for name in CAMERAS
        ]
        wait_until(lambda: min(looked_at(stream, deployment)) > 5, within_s=60, what="both workers recognise")
        shut(stream, deployment)
        time.sleep(FELT_WITHIN_S)
        time.sleep(0.5)  # what was recognised by then is being recorded
        after_3_s = looked_at(stream, deployment)
        reports = [camera.finish(60) for camera in cameras]
    if stream.vault_process is None:
        stream.start_vault()
    stream.start_ended_workers()
    wait_until(stream.drained, within_s=60, what="every record processed")
    counts = {each.camera: each.counts for each in read.cameras(stream.database, deployment, now_ns=time.time_ns())}

    assert looked_at(stream, deployment) == after_3_s
    assert alerts_of(stream.database, deployment) == ()  # the enrolled person passed when the gate was shut
    assert [counts[name].balanced for name in CAMERAS] == [True, True]
    assert [counts[name].captured for name in CAMERAS] == [report.captured for report in reports]


def looked_at(stream: Stream, deployment: str) -> tuple[int, ...]:
    """Frames recognised, by camera."""
    found = {each.camera: each.counts.recognised for each in _cameras(stream, deployment)}
    return tuple(found.get(name, 0) for name in CAMERAS)


def _cameras(stream: Stream, deployment: str) -> tuple[read.CameraHealth, ...]:
    return read.cameras(stream.database, deployment, now_ns=time.time_ns())


@pytest.mark.slow
def test_a_restarted_vault_loses_the_frames_on_their_way_and_counts_them_as_unopenable(
    stream: Stream, tmp_path: Path
) -> None:
    write_walks(tmp_path / "walk.avi", [Walk("biden", 8), Walk("obama2", 6)])
    stream.deploy("restart", live_only=False)
    (first, second) = stream.recognisers
    with playing(stream, tmp_path / "walk.avi", "restart", media_time=False, camera="north") as camera:
        wait_until(lambda: looked_at(stream, "restart")[0] > 5, within_s=60, what="recognition has begun")
        for worker in (first, second):
            worker.pause()
        time.sleep(0.5)  # frames are sealed and wait in Kafka
        stream.stop_vault(signal.SIGKILL)
        stream.start_vault()
        for worker in (first, second):
            worker.resume()
        report = camera.finish(60)
    wait_until(stream.drained, within_s=60, what="every record processed")
    (health,) = _cameras(stream, "restart")

    assert health.counts.unopenable > 0
    assert (health.counts.balanced, health.counts.captured) == (True, report.captured)
    assert len(alerts_of(stream.database, "restart")) == 1  # and the deployment went on under new keys
