"""A real broker, real videos, and a worker that only counts."""

from __future__ import annotations

import gc
import logging
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np
import pytest

from lfr_core.domain.deployments import DeploymentKind, DeploymentStatus, DeploymentView
from lfr_core.domain.policy import Policy, load_policy
from streams.camera.rate_limit import silence_kafka_logs
from tests.support.brokers import RunningBroker, new_kafka

if TYPE_CHECKING:
    from tests.support.counting_worker import CountingWorker


@pytest.fixture(autouse=True)
def _no_sockets_in_captured_logs() -> Iterator[None]:
    """kafka-python logs each refused connection with its exception; pytest's log capture then keeps the socket."""
    logger = logging.getLogger("kafka")
    before = logger.level
    silence_kafka_logs()
    yield
    logger.setLevel(before)


@pytest.fixture
def policy() -> Policy:
    return load_policy()


class Directory:
    """Deployments by id."""

    def __init__(self, **kinds: DeploymentKind) -> None:
        self.kinds = kinds
        self.status = DeploymentStatus.LIVE

    def find(self, deployment: str) -> DeploymentView | None:
        kind = self.kinds.get(deployment)
        if kind is None:
            return None
        planned = kind is DeploymentKind.OPERATIONAL  # the others are trials, and take recordings only
        return DeploymentView(
            deployment, kind, self.status, "g", "c", 0.45, 2, live_only=True, planned=planned, cameras=("gate", "cam")
        )


@pytest.fixture
def directory() -> Directory:
    return Directory(demo=DeploymentKind.DEMO, trial=DeploymentKind.EVALUATION, operation=DeploymentKind.OPERATIONAL)


@pytest.fixture(scope="session")
def topics(kafka_broker: RunningBroker, tmp_path_factory: pytest.TempPathFactory) -> RunningBroker:
    kafka_broker.fresh_topics(tmp_path_factory.mktemp("camera-home"))
    return kafka_broker


@pytest.fixture
def worker(topics: RunningBroker) -> Iterator[CountingWorker]:
    from tests.support.counting_worker import CountingWorker

    worker = CountingWorker(topics.connection())
    try:
        yield worker
    finally:
        worker.close()


@pytest.fixture
def own_broker(kafka_libs: Path, tmp_path: Path) -> Iterator[RunningBroker]:
    """A broker to kill."""
    broker = new_kafka(tmp_path / "own", kafka_libs)
    broker.start()
    try:
        broker.fresh_topics(tmp_path / "own-home")
        yield broker
    finally:
        broker.stop()
        with warnings.catch_warnings():  # sockets of refused connections, which kafka-python doesn't close
            warnings.simplefilter("ignore", ResourceWarning)
            gc.collect()


@pytest.fixture
def video(tmp_path: Path) -> Callable[..., Path]:
    """Makes a video whose frames are all different; its codec by the file's name."""

    def make(name: str = "street.avi", frames: int = 50, size: tuple[int, int] = (320, 180), fps: int = 25) -> Path:
        path = tmp_path / name
        codec = "MJPG" if name.endswith(".avi") else "mp4v"
        writer = cv2.VideoWriter(str(path), cv2.CAP_FFMPEG, cv2.VideoWriter.fourcc(*codec), fps, size)
        assert writer.isOpened()
        noise = np.random.default_rng(7).integers(0, 255, (size[1], size[0], 3), dtype=np.uint8)
        for number in range(frames):
            picture = cv2.GaussianBlur(np.roll(noise, number, axis=1), (7, 7), 0)
            cv2.putText(picture, str(number), (20, 100), cv2.FONT_HERSHEY_PLAIN, 5, (255, 255, 255), 5)
            writer.write(picture)
        writer.release()
        return path

    return make
