"""What a camera refuses before it takes a frame, and what it says while none can be sent."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import pytest

from lfr_core.common.errors import Poison, Refused, Retryable
from lfr_core.domain.deployments import DeploymentDirectory
from lfr_core.domain.frames import FrameHeader, FrameKind
from lfr_core.domain.policy import Policy
from streams.broker.connection import BrokerConnection
from streams.broker.users import User
from streams.camera.job import CameraJob
from tests.support.brokers import RunningBroker
from tests.support.camera_runs import a_session, assert_balanced, run_plain
from tests.support.counting_worker import CountingWorker, assert_counts_explain_every_gap
from tests.support.plain_frames import PlainFrames

pytestmark = pytest.mark.kafka
Video = Callable[..., Path]


def test_a_recording_is_refused_for_an_operational_deployment_before_it_is_opened(
    topics: RunningBroker, policy: Policy, directory: DeploymentDirectory, video: Video
) -> None:
    for source in (video(), video().parent):
        with pytest.raises(Refused) as refused:
            run_plain(CameraJob(str(source), "operation", "cam"), topics.connection(User.CAMERA), policy, directory)
        assert refused.value.rule == "camera.recorded-source"


def test_an_unknown_deployment_is_refused(
    topics: RunningBroker, policy: Policy, directory: DeploymentDirectory, video: Video
) -> None:
    with pytest.raises(Refused) as refused:
        run_plain(CameraJob(str(video()), "nowhere", "c"), topics.connection(User.CAMERA), policy, directory)

    assert refused.value.rule == "camera.unknown-deployment"


def test_a_video_without_a_frame_is_a_clear_error(
    topics: RunningBroker, policy: Policy, directory: DeploymentDirectory, tmp_path: Path
) -> None:
    empty = tmp_path / "empty.mp4"
    empty.write_bytes(b"")

    with pytest.raises(Poison, match="empty, cut off or of an unknown kind"):
        run_plain(CameraJob(str(empty), "demo", "c"), topics.connection(User.CAMERA), policy, directory)


def test_a_broker_away_at_the_start_is_a_clear_error(
    policy: Policy, directory: DeploymentDirectory, video: Video
) -> None:
    with pytest.raises(Retryable, match="lfr up"):
        run_plain(CameraJob(str(video()), "demo", "c"), BrokerConnection("127.0.0.1:1", User.CAMERA), policy, directory)


@pytest.mark.slow
def test_a_camera_that_has_nothing_to_send_says_so_every_second(
    topics: RunningBroker, worker: CountingWorker, policy: Policy, directory: DeploymentDirectory, video: Video
) -> None:
    session = a_session()
    slow = policy.model_copy(
        update={"sampling": policy.sampling.model_copy(update={"looks_per_second": 0.3, "min_looks_per_second": 0.3})}
    )

    started = time.monotonic()
    run_plain(
        CameraJob(str(video(frames=80)), "demo", "slow"),
        topics.connection(User.CAMERA),
        slow,
        directory,
        session=session,
    )
    end = worker.wait_for_end(session)

    status = [header for header in worker.of(session) if header.kind is FrameKind.STATUS]
    assert 1 <= len(status) <= time.monotonic() - started
    assert_counts_explain_every_gap(sorted(worker.frames(session), key=lambda header: header.sequence), end)


def test_frames_that_no_key_seals_are_dropped_and_counted_and_the_camera_goes_on(
    topics: RunningBroker, worker: CountingWorker, policy: Policy, directory: DeploymentDirectory, video: Video
) -> None:
    class Locked(PlainFrames):
        """A vault that gives a key only now and then."""

        asked = 0

        def key_id(self) -> str:
            self.asked += 1
            if self.asked % 2:
                raise Refused("vault.closed", "the deployment is not live")
            return super().key_id()

        def seal(self, header: FrameHeader, jpeg: bytes) -> bytes:
            if self.asked % 4 == 0:
                raise Retryable("the vault does not answer")
            return super().seal(header, jpeg)

    session = a_session()

    report = run_plain(
        CameraJob(str(video(frames=80)), "demo", "locked", as_fast_as_possible=True),
        topics.connection(User.CAMERA),
        policy,
        directory,
        session=session,
        sealer=Locked(),
    )
    end = worker.wait_for_end(session)

    assert_balanced(report)
    assert (report.sent, report.dropped_at_camera) == (5, 15)
    assert_counts_explain_every_gap(worker.frames(session), end)
