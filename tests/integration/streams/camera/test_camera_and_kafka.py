"""The camera on a real Kafka: what it promises about frames, counts and outages."""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
from structlog.testing import capture_logs

from lfr_core.domain.deployments import DeploymentDirectory
from lfr_core.domain.policy import Policy
from streams.broker.users import User
from streams.camera.job import CameraJob, CameraProgress
from tests.support.brokers import RunningBroker
from tests.support.camera_runs import a_session, assert_balanced, run_plain
from tests.support.counting_worker import CountingWorker, assert_counts_explain_every_gap

pytestmark = pytest.mark.kafka
Video = Callable[..., Path]


def test_back_pressure_looks_at_the_policy_s_rate_and_loses_nothing(
    topics: RunningBroker, worker: CountingWorker, policy: Policy, directory: DeploymentDirectory, video: Video
) -> None:
    session = a_session()
    worker.work_s = 0.01
    reported: list[CameraProgress] = []

    report = run_plain(
        CameraJob(str(video(frames=400)), "demo", "north", as_fast_as_possible=True),
        topics.connection(User.CAMERA),
        policy,
        directory,
        session=session,
        progress=reported.append,
    )
    end = worker.wait_for_end(session)

    assert_balanced(report)
    assert (report.captured, report.sent, report.dropped_at_camera) == (400, 100, 0)
    assert [header.sequence for header in worker.frames(session)] == list(range(0, 400, 4))
    assert (end.sequence, end.not_sampled, end.dropped) == (400, 300, 0)
    assert_counts_explain_every_gap(worker.frames(session), end)
    assert max(progress.in_flight for progress in reported) <= 4 * policy.sampling.max_in_flight


@pytest.mark.slow
def test_with_back_pressure_capture_times_are_the_recording_s_so_that_trackers_and_merging_are_not_misled(
    topics: RunningBroker, worker: CountingWorker, policy: Policy, directory: DeploymentDirectory, video: Video
) -> None:
    sessions = {media_time: a_session() for media_time in (None, False)}
    before_ns = time.time_ns()
    for media_time, session in sessions.items():
        run_plain(
            CameraJob(str(video(frames=50)), "demo", "pace", as_fast_as_possible=True, media_time=media_time),
            topics.connection(User.CAMERA),
            policy,
            directory,
            session=session,
        )
        worker.wait_for_end(session)

    media = [header.captured_ns for header in worker.frames(sessions[None])]
    wall = [header.captured_ns for header in worker.frames(sessions[False])]
    assert [after - before for before, after in itertools.pairwise(media)] == [160_000_000] * 12
    assert before_ns < wall[0] < wall[-1] < time.time_ns()
    assert len({after - before for before, after in itertools.pairwise(wall)}) > 1


def test_a_motion_jpeg_s_pictures_arrive_byte_for_byte(
    topics: RunningBroker, worker: CountingWorker, policy: Policy, directory: DeploymentDirectory, video: Video
) -> None:
    session, path = a_session(), video(frames=9)

    run_plain(
        CameraJob(str(path), "demo", "bytes", as_fast_as_possible=True),
        topics.connection(User.CAMERA),
        policy,
        directory,
        session=session,
    )
    worker.wait_for_end(session)

    in_file = path.read_bytes()
    sent = [p for h, p in zip(worker.headers, worker.payloads, strict=True) if h.session == session and p]
    assert len(sent) == 3
    assert all(payload in in_file for payload in sent)


def test_a_frame_too_large_is_dropped_with_its_size_and_the_limit_and_the_camera_goes_on(
    topics: RunningBroker, worker: CountingWorker, policy: Policy, directory: DeploymentDirectory, tmp_path: Path
) -> None:
    session = a_session()
    small = policy.model_copy(update={"images": policy.images.model_copy(update={"max_frame_bytes": 20_000})})
    folder = tmp_path / "pictures"
    folder.mkdir()
    noise = np.random.default_rng(1).integers(0, 255, (400, 400, 3), dtype=np.uint8)
    for number in range(6):
        cv2.imwrite(str(folder / f"{number}.jpg"), noise if number == 2 else np.zeros_like(noise))

    with capture_logs() as logs:
        report = run_plain(
            CameraJob(str(folder), "demo", "large", as_fast_as_possible=True, fps=6.25),
            topics.connection(User.CAMERA),
            small,
            directory,
            session=session,
        )
    end = worker.wait_for_end(session)

    assert_balanced(report)
    assert (report.captured, report.sent, report.dropped_at_camera, report.too_large) == (6, 5, 1, 1)
    assert_counts_explain_every_gap(worker.frames(session), end)
    (dropped,) = [log for log in logs if log["event"] == "camera.frame-dropped"]
    assert "20,000" in dropped["reason"]
    assert f"{(folder / '2.jpg').stat().st_size:,}" in dropped["reason"]


def test_an_undecodable_image_is_counted_as_dropped_and_the_rest_is_sent(
    topics: RunningBroker, worker: CountingWorker, policy: Policy, directory: DeploymentDirectory, tmp_path: Path
) -> None:
    session = a_session()
    for number in range(4):
        cv2.imwrite(str(tmp_path / f"{number}.png"), np.zeros((50, 60, 3), np.uint8))
    (tmp_path / "1.png").write_bytes((tmp_path / "0.png").read_bytes()[:40])
    (tmp_path / "4.jpg").write_bytes(b"")

    with capture_logs() as logs:
        report = run_plain(
            CameraJob(str(tmp_path), "demo", "broken", as_fast_as_possible=True, fps=5),
            topics.connection(User.CAMERA),
            policy,
            directory,
            session=session,
        )
    end = worker.wait_for_end(session)

    assert_balanced(report)
    assert (report.captured, report.sent, report.undecodable) == (5, 3, 2)
    assert "camera.undecodable-frame" in [log["event"] for log in logs]
    assert_counts_explain_every_gap(worker.frames(session), end)


def test_the_stop_event_ends_a_looped_file_with_an_end_record_and_is_left_as_it_was(
    topics: RunningBroker, worker: CountingWorker, policy: Policy, directory: DeploymentDirectory, video: Video
) -> None:
    session, stop = a_session(), threading.Event()

    def enough(progress: CameraProgress) -> None:
        if progress.report.captured > 60:
            stop.set()

    report = run_plain(
        CameraJob(str(video(frames=20)), "demo", "looped", loop=True),
        topics.connection(User.CAMERA),
        policy,
        directory,
        session=session,
        stop=stop,
        progress=enough,
    )
    end = worker.wait_for_end(session)

    assert_balanced(report)
    assert report.captured > 60
    assert end.sequence == report.captured
    assert_counts_explain_every_gap(worker.frames(session), end)


def test_a_run_that_ends_by_itself_does_not_set_its_caller_s_event(
    topics: RunningBroker, worker: CountingWorker, policy: Policy, directory: DeploymentDirectory, video: Video
) -> None:
    stop = threading.Event()

    run_plain(
        CameraJob(str(video(frames=5)), "demo", "short", as_fast_as_possible=True),
        topics.connection(User.CAMERA),
        policy,
        directory,
        stop=stop,
    )

    assert not stop.is_set()


@pytest.mark.slow
def test_the_demonstration_broker_carries_a_camera_too(
    tansu_broker: RunningBroker, tmp_path: Path, policy: Policy, directory: DeploymentDirectory, video: Video
) -> None:
    session = a_session()
    tansu_broker.fresh_topics(tmp_path)
    worker = CountingWorker(tansu_broker.connection(), traits=tansu_broker.traits)
    try:
        report = run_plain(
            CameraJob(str(video(frames=400)), "demo", "tansu", as_fast_as_possible=True),
            tansu_broker.connection(User.CAMERA),
            policy,
            directory,
            traits=tansu_broker.traits,
            session=session,
        )
        end = worker.wait_for_end(session)
    finally:
        worker.close()

    assert (report.captured, report.sent) == (400, 100)
    assert_counts_explain_every_gap(worker.frames(session), end)
