"""A camera played into a stream under test, and the oracle asked about what came of it."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from lfr_core.alerts import read
from lfr_core.common.clock import SystemClock
from lfr_core.custody.vault.frames import VaultSealer
from lfr_core.deployments.views import DeploymentReader
from streams.broker.users import User
from streams.camera.job import CameraJob, CameraReport
from streams.camera.session import run_camera
from tests.support.faults import Account
from tests.support.oracle import ExpectedPass, SentByCamera, check_stream, tally
from tests.support.recordings import FPS
from tests.support.records import alerts_of
from tests.support.stream import Stream
from tests.support.worker_processes import wait_until

__all__ = ["PlayedCamera", "judge", "playing", "recognised", "wait_until_more_is_recognised"]


class PlayedCamera:
    """A camera in a thread."""

    def __init__(self, stream: Stream, file: Path, deployment: str, *, media_time: bool, camera: str) -> None:
        self.report: CameraReport | None = None
        self.error: BaseException | None = None
        job = CameraJob(str(file), deployment, camera, as_fast_as_possible=media_time, media_time=media_time)

        def run() -> None:
            try:
                self.report = run_camera(
                    job,
                    connection=stream.broker.connection(User.CAMERA),
                    policy=stream.policy,
                    directory=DeploymentReader(stream.database),
                    sealer=VaultSealer(stream.vault, SystemClock(), deployment, camera),
                    traits=stream.broker.traits,
                    clock=SystemClock(),
                )
            except BaseException as error:  # noqa: BLE001  told to the test
                self.error = error

        self.thread = threading.Thread(target=run)
        self.thread.start()

    def finish(self, within_s: float) -> CameraReport:
        self.thread.join(within_s)
        assert not self.thread.is_alive(), "the camera hasn't ended"
        assert self.report is not None, f"the camera failed: {self.error!r}"
        return self.report


@contextmanager
def playing(
    stream: Stream, file: Path, deployment: str, *, media_time: bool, camera: str = "cam"
) -> Iterator[PlayedCamera]:
    played = PlayedCamera(stream, file, deployment, media_time=media_time, camera=camera)
    try:
        yield played
    finally:
        played.thread.join(120)


def recognised(stream: Stream, deployment: str) -> int:
    return sum(each.counts.recognised for each in read.cameras(stream.database, deployment, now_ns=time.time_ns()))


def wait_until_more_is_recognised(stream: Stream, deployment: str, frames: int, camera: PlayedCamera) -> None:
    """Wait until so many more frames are recognised.

    Raises:
        AssertionError: the recording has ended and everything of it was recognised before.
    """
    before = recognised(stream, deployment)

    def ended() -> bool:
        return not camera.thread.is_alive() and stream.drained()

    wait_until(
        lambda: recognised(stream, deployment) > before + frames or ended(),
        within_s=120,
        what="the stream goes on between two kills",
    )
    assert not ended(), "the recording is too short"


def judge(
    stream: Stream,
    deployment: str,
    frames: int,
    report: CameraReport,
    passes: list[tuple[str, int, int]],
    account: Account | None = None,
) -> dict[str, int]:
    """Ask the oracle; the camera's counts as recorded."""
    wait_until(stream.drained, within_s=180, what="every record processed")
    (camera,) = read.cameras(stream.database, deployment, now_ns=time.time_ns())
    counts = camera.counts.as_dict()
    alerts = [
        {
            "id": str(alert.id),
            "subject": alert.subject,
            "camera": alert.camera,
            "first_sequence": alert.first_sequence,
            "last_sequence": alert.last_sequence,
        }
        for alert in alerts_of(stream.database, deployment)
    ]
    expected = [ExpectedPass("obama", "cam", first, last) for _, first, last in passes]
    longest_frames = round(stream.policy.alerts.merge_s * FPS)
    if account is not None:
        account.add(tally({"cam": counts}, expected, alerts, longest_frames))
    check_stream(
        sent=[SentByCamera("cam", frames, report.not_sampled, report.dropped_at_camera)],
        counts={"cam": counts},
        passes=expected,
        alerts=alerts,
        longest_frames=longest_frames,
    )
    return counts
