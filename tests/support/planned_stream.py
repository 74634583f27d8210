"""A planned deployment that is live on the real stream: its hours, its authority, two cameras, who attends."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

from lfr_core.alerts import read
from lfr_core.common.clock import SystemClock
from lfr_core.custody.audit.trail import AuditTrail
from lfr_core.custody.vault.frames import VaultSealer
from lfr_core.deployments.views import DeploymentReader
from lfr_core.recognition.gallery.milvus import MilvusGallery
from streams.broker.users import User
from streams.camera.job import CameraJob
from streams.camera.session import run_camera
from tests.support.people import authenticated
from tests.support.planning import CAST, OFFICER, OPERATOR, PLANNER, PUBLISHER, PlanningHarness, form
from tests.support.publishing import withhold
from tests.support.recordings import Walk, write_walks
from tests.support.stream import Stream

__all__ = ["CAMERAS", "NAME", "looked_at", "two_cameras_live"]

CAMERAS = ("north", "south")
NAME = "planned"


@contextmanager
def two_cameras_live(
    stream: Stream, folder: Path, *, hours: float = 6.0, walker: str = "biden"
) -> Iterator[PlanningHarness]:
    """Plan it and open it; two cameras look at one person, who isn't on its list unless that is "obama2"."""
    trail = AuditTrail(stream.vault, SystemClock())
    harness = PlanningHarness(stream.database, stream.vault, trail, SystemClock(), folder, stream.policy)
    harness.put_cast()
    for name in CAST:
        stream.log_in(name)
    harness.register_documents()
    starts_at = harness.now + timedelta(seconds=6)
    harness.plan(NAME, wanted=form(starts_at, hours=hours, cameras=CAMERAS), kind="demo")
    harness.authorise(NAME)
    withhold(harness.announcements, NAME, by=PUBLISHER, approved_by=OFFICER)  # which needs no two days before
    stream.enrol(NAME, by=PLANNER)
    harness.approve(NAME)
    harness.deployments.confirm(NAME, by=authenticated(PLANNER), signage=True, briefing=True)
    harness.deployments.mark_ready(NAME, by=authenticated(PLANNER))
    harness.prove(NAME)
    harness.wait_until(starts_at)
    harness.gallery = MilvusGallery(stream.milvus.uri)
    harness.deployments.open(NAME, by=authenticated(OPERATOR))
    stream.attend(NAME, OPERATOR)
    write_walks(folder / "walk.avi", [Walk(walker, 6)])
    stop = threading.Event()
    cameras = [threading.Thread(target=_play, args=(stream, folder / "walk.avi", name, stop)) for name in CAMERAS]
    for camera in cameras:
        camera.start()
    try:
        yield harness
    finally:
        stop.set()
        for camera in cameras:
            camera.join(60)


def looked_at(stream: Stream) -> tuple[int, ...]:
    """Count the frames recognised, by camera."""
    health = read.cameras(stream.database, NAME, now_ns=time.time_ns())
    found = {each.camera: each.counts.recognised for each in health}
    return tuple(found.get(name, 0) for name in CAMERAS)


def _play(stream: Stream, file: Path, camera: str, stop: threading.Event) -> None:
    run_camera(
        CameraJob(str(file), NAME, camera, loop=True),
        connection=stream.broker.connection(User.CAMERA),
        policy=stream.policy,
        directory=DeploymentReader(stream.database),
        sealer=VaultSealer(stream.vault, SystemClock(), NAME, camera),
        traits=stream.broker.traits,
        stop=stop,
        clock=SystemClock(),
    )
