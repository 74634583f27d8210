"""A camera that sends the same picture again and again, by the sealer and the producer of every camera."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np

from lfr_core.common.clock import Clock
from lfr_core.custody.vault.frames import VaultSealer
from lfr_core.custody.vault.port import Vault
from lfr_core.domain.frames import FrameHeader
from lfr_core.domain.policy import load_policy
from lfr_core.retention.erasure.forms import noise_jpeg
from streams.broker.users import User
from streams.camera.canary_sealer import CanarySealer
from streams.camera.feedback import InFlightFrames
from streams.camera.producer import FrameProducer
from streams.topics import Topic
from tests.support.brokers import RunningBroker

__all__ = ["filming"]


@contextmanager
def filming(
    broker: RunningBroker, vault: Vault, clock: Clock, deployment: str, camera: str = "north"
) -> Iterator[None]:
    """Let a camera of a live deployment send 20 frames a second for as long as the block lasts."""
    sealer = CanarySealer(VaultSealer(vault, clock, deployment, camera), vault, np.random.default_rng())
    producer = FrameProducer(
        broker.connection(User.CAMERA),
        topic=Topic.FRAMES,
        traits=broker.traits,
        sealer=sealer,
        max_frame_bytes=load_policy().images.max_frame_bytes,
        in_flight=InFlightFrames(clock, bound=1_000, lost_after_s=None),
        clock=clock,
        may_wait=False,
    )
    picture, session, ending = noise_jpeg(np.random.default_rng(1), 640, 360), str(uuid.uuid4()), threading.Event()

    def send() -> None:
        sequence = 0
        while not ending.wait(0.05):
            key = sealer.key_id()
            producer.send(
                FrameHeader(deployment, camera, session, sequence, clock.time_ns(), 0, 0, key_id=key), picture
            )
            sequence += 1

    thread = threading.Thread(target=send)
    thread.start()
    try:
        yield
    finally:
        ending.set()
        thread.join(20)
        producer.close()
