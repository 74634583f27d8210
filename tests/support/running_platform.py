"""`lfr up` in a home of its own, and what a camera shows of somebody: for tests that do all else on the pages."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from apps.demo.deployment import write_demo_policy
from apps.supervisor.children import ChildState
from apps.supervisor.plan import settings_env
from apps.supervisor.state import read_state
from lfr_core.common.settings import Settings
from lfr_core.recognition.faces.types import Image
from tests.support.brokers import free_ports
from tests.support.recordings import HEIGHT, WIDTH, person_picture
from tests.support.rtsp_camera import FPS, encoded

__all__ = ["running_platform", "settings_of_platform", "walking_pictures"]


def settings_of_platform(home: Path) -> Settings:
    """Settings with free ports and the demonstration's policy, which asks for no notice."""
    home.mkdir(parents=True)
    names = ("kafka", "kafka_controller", "milvus", "operator", "prefect", "public", "identity")
    *ports, back = free_ports(len(names) + 1)
    given = {f"{name}_port": port for name, port in zip(names, ports, strict=True)}
    return write_demo_policy(
        Settings(home=home, workers=1, broker="kafka", login_ports=(back,), **given)  # type: ignore[arg-type]
    )


@contextmanager
def running_platform(
    settings: Settings, *, within_s: float = 240.0, until: Collection[str] | None = None
) -> Iterator[float]:
    """Type `lfr up`; its end is a Ctrl-C. Yields when it was typed (monotonic), once these parts are ready, or all."""
    log = settings.home / "up.log"
    with log.open("wb") as out:
        began = time.monotonic()
        up = subprocess.Popen(
            [sys.executable, "-m", "apps.cli", "up"],
            env=os.environ | settings_env(settings),
            stdout=out,
            stderr=subprocess.STDOUT,
        )
    try:
        while not _is_ready(settings.home, until):
            assert up.poll() is None, log.read_text()
            assert time.monotonic() - began < within_s, log.read_text()
            time.sleep(0.3)
        yield began
    finally:
        up.send_signal(signal.SIGINT)
        try:
            up.wait(90)
        except subprocess.TimeoutExpired:
            up.kill()


def _is_ready(home: Path, until: Collection[str] | None) -> bool:
    state = read_state(home)
    if state is None or not state.is_alive():
        return False
    ready = {each.name for each in state.children if each.check_state() is ChildState.READY}
    return ready >= set(until or (each.name for each in state.children))


def walking_pictures(photo: str, seconds: float, *, times: int) -> list[list[bytes]]:
    """The NAL units of somebody who crosses the view again and again, as `RtspCamera` plays them."""
    person, frames = person_picture(photo), round(seconds * FPS)

    def draw(step: int, size: tuple[int, int]) -> Image:
        image: Image = np.full((size[1], size[0], 3), 90, np.uint8)
        left = round((size[0] - person.shape[1]) * step / frames)
        image[100 : 100 + person.shape[0], left : left + person.shape[1]] = person
        return image

    return encoded((WIDTH, HEIGHT), frames, draw=draw) * times
