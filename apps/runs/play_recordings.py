"""Plays recordings through a running system: camera processes, and the wait until all is recorded."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Engine

from apps.supervisor.plan import settings_env
from apps.supervisor.process import spawn
from apps.supervisor.supervisor import Supervisor
from lfr_core.alerts import read
from lfr_core.common.errors import Fatal, Retryable
from lfr_core.common.settings import Settings
from streams.broker.connection import connect_as
from streams.broker.users import User
from streams.topics import RECOGNISE_GROUP, RECORD_GROUP, Topic, lag, lags

__all__ = ["CameraRecording", "PlaybackProgress", "play"]

DRAIN_S = 120.0  # after the cameras' last word; the workers hold at most some dozens of frames then
POLL_S = 0.2


@dataclass(frozen=True, slots=True)
class CameraRecording:
    """A recording and the camera it stands for."""

    camera: str
    file: Path


@dataclass(frozen=True, slots=True)
class PlaybackProgress:
    """How far it is."""

    captured: int
    alerts: int
    cameras_running: int


def play(
    sources: Sequence[CameraRecording],
    deployment: str,
    *,
    settings: Settings,
    database: Engine,
    system: Supervisor,
    as_fast_as_possible: bool,
    progress: Callable[[PlaybackProgress], None] = lambda _: None,
) -> None:
    """Play the sources to their end, a camera process each, and wait until every record is in the database.

    Raises:
        Fatal: a camera or a child of the system failed; its words are in the message.
        Retryable: the workers didn't finish in time.
    """
    processes = {
        source.camera: _start_camera(source, deployment, settings, as_fast_as_possible=as_fast_as_possible)
        for source in sources
    }
    try:
        while any(process.poll() is None for process in processes.values()):
            system.check()
            progress(_progress(database, deployment, processes))
            time.sleep(POLL_S)
        for camera, process in processes.items():
            _check_camera(camera, process, settings)
        _wait_until_recorded(settings, database, deployment, list(processes), system)
        progress(_progress(database, deployment, processes))
    finally:
        for process in processes.values():
            if process.poll() is None:
                process.terminate()
                process.wait(10)


def _start_camera(
    source: CameraRecording, deployment: str, settings: Settings, *, as_fast_as_possible: bool
) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "apps.cli", "camera", "run", "--source", str(source.file.absolute())]
    command += ["--deployment", deployment, "--name", source.camera]
    if as_fast_as_possible:
        command.append("--as-fast-as-possible")
    log = _log_of(source.camera, settings)
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("wb") as words:
        return spawn(command, home=settings.home, env=settings_env(settings), output=words)


def _check_camera(camera: str, process: subprocess.Popen[bytes], settings: Settings) -> None:
    if process.returncode == 0:
        return
    log = _log_of(camera, settings)
    words = log.read_text(errors="replace").strip().splitlines()[-3:]
    raise Fatal(
        f"camera {camera} ended with exit code {process.returncode}: {' '.join(words) or 'no word'} (log: {log})"
    )


def _log_of(camera: str, settings: Settings) -> Path:
    return settings.home / "log" / f"camera-{camera}.log"


def _wait_until_recorded(
    settings: Settings, database: Engine, deployment: str, cameras: Sequence[str], system: Supervisor
) -> None:
    deadline = time.monotonic() + DRAIN_S
    while not (_ended(database, deployment, cameras) and _waiting(settings) == 0):
        system.check()
        if time.monotonic() > deadline:
            raise Retryable(
                f"the workers did not finish within {DRAIN_S:.0f} s of the cameras' end; "
                f"see the logs in {settings.home / 'log'}"
            )
        time.sleep(POLL_S)


def _ended(database: Engine, deployment: str, cameras: Sequence[str]) -> bool:
    ended = {each.camera for each in _cameras(database, deployment) if each.standing.health is read.Health.ENDED}
    return ended >= set(cameras)


def _waiting(settings: Settings) -> int:
    """Count the records that are still on their way to the database."""
    connection = connect_as(User.RETENTION, settings)
    recorded: dict[str, None] = dict.fromkeys((Topic.SIGHTINGS, Topic.OUTCOMES, Topic.DEAD_LETTERS))
    return lag(connection, RECOGNISE_GROUP, Topic.FRAMES) + lags(connection, RECORD_GROUP, recorded)


def _cameras(database: Engine, deployment: str) -> tuple[read.CameraHealth, ...]:
    return read.cameras(database, deployment, now_ns=time.time_ns())


def _progress(database: Engine, deployment: str, processes: Mapping[str, subprocess.Popen[bytes]]) -> PlaybackProgress:
    counts = read.counts(database, deployment)
    return PlaybackProgress(
        captured=sum(each.counts.captured for each in _cameras(database, deployment)),
        alerts=counts.alerts.total + counts.blue_list.total,
        cameras_running=sum(process.poll() is None for process in processes.values()),
    )
