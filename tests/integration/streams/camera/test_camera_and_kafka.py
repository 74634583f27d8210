"""The camera on a real Kafka: what it promises about frames, counts and outages."""

from __future__ import annotations

import itertools
import threading
import time
import uuid
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
from structlog.testing import capture_logs

from lfr_core.common.errors import Poison, Refused, Retryable
from lfr_core.domain.deployments import DeploymentDirectory
from lfr_core.domain.frames import FrameHeader, FrameKind
from lfr_core.domain.policy import Policy
from streams.broker.connection import BrokerConnection
from streams.broker.users import User
from streams.camera import CameraJob, CameraProgress, CameraReport, run_camera
from tests.support.brokers import RunningBroker
from tests.support.counting_worker import CountingWorker, assert_counts_explain_every_gap
from tests.support.plain_frames import PlainFrames

pytestmark = pytest.mark.kafka

Video = Callable[..., Path]


def a_session() -> str:
    return str(uuid.uuid4())


def wait_until(so: Callable[[], bool], timeout_s: float = 60.0) -> None:
    deadline = time.monotonic() + timeout_s
    while not so():
        assert time.monotonic() < deadline
        time.sleep(0.1)


def assert_balanced(report: CameraReport) -> None:
    assert report.captured == report.not_sampled + report.dropped_at_camera + report.sent, report


def test_back_pressure_looks_at_the_policy_s_rate_and_loses_nothing(
    topics: RunningBroker, worker: CountingWorker, policy: Policy, directory: DeploymentDirectory, video: Video
) -> None:
    session = a_session()
    worker.work_s = 0.01
    reported: list[CameraProgress] = []

    report = run_camera(
        CameraJob(str(video(frames=400)), "demo", "north", as_fast_as_possible=True),
        connection=topics.connection(User.CAMERA),
        policy=policy,
        directory=directory,
        sealer=PlainFrames(),
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


def test_with_back_pressure_capture_times_are_the_recording_s_so_that_trackers_and_merging_are_not_misled(
    topics: RunningBroker, worker: CountingWorker, policy: Policy, directory: DeploymentDirectory, video: Video
) -> None:
    sessions = {media_time: a_session() for media_time in (None, False)}
    before_ns = time.time_ns()
    for media_time, session in sessions.items():
        run_camera(
            CameraJob(str(video(frames=50)), "demo", "pace", as_fast_as_possible=True, media_time=media_time),
            connection=topics.connection(User.CAMERA),
            policy=policy,
            directory=directory,
            sealer=PlainFrames(),
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

    run_camera(
        CameraJob(str(path), "demo", "bytes", as_fast_as_possible=True),
        connection=topics.connection(User.CAMERA),
        policy=policy,
        directory=directory,
        sealer=PlainFrames(),
        session=session,
    )
    worker.wait_for_end(session)

    in_file = path.read_bytes()
    sent = [p for h, p in zip(worker.headers, worker.payloads, strict=True) if h.session == session and p]
    assert len(sent) == 3
    assert all(payload in in_file for payload in sent)


def test_a_slow_worker_makes_a_live_camera_drop_and_count_never_queue(
    topics: RunningBroker, worker: CountingWorker, policy: Policy, directory: DeploymentDirectory, video: Video
) -> None:
    session = a_session()
    worker.work_s = 0.4
    reported: list[CameraProgress] = []
    tight = policy.model_copy(update={"sampling": policy.sampling.model_copy(update={"max_in_flight": 2})})

    report = run_camera(
        CameraJob(str(video(frames=100)), "demo", "slow"),
        connection=topics.connection(User.CAMERA),
        policy=tight,
        directory=directory,
        sealer=PlainFrames(),
        session=session,
        progress=reported.append,
    )
    end = worker.wait_for_end(session)

    assert_balanced(report)
    assert report.captured == 100
    assert report.dropped_at_camera > 0
    assert max(progress.in_flight for progress in reported) <= 2
    assert min(progress.looks_per_second for progress in reported) < policy.sampling.looks_per_second
    assert_counts_explain_every_gap(worker.frames(session), end)


def test_workers_that_never_answer_do_not_stop_a_live_camera_for_ever(
    topics: RunningBroker, worker: CountingWorker, policy: Policy, directory: DeploymentDirectory, video: Video
) -> None:
    session = a_session()
    worker.answers = False
    quick = policy.model_copy(
        update={
            "live": policy.live.model_copy(update={"frame_max_age_s": 0.4}),
            "sampling": policy.sampling.model_copy(update={"max_in_flight": 3}),
        }
    )

    report = run_camera(
        CameraJob(str(video(frames=100)), "demo", "unheard"),
        connection=topics.connection(User.CAMERA),
        policy=quick,
        directory=directory,
        sealer=PlainFrames(),
        session=session,
    )
    end = worker.wait_for_end(session)

    assert_balanced(report)
    assert report.unanswered >= 3
    assert report.sent > 3
    assert_counts_explain_every_gap(worker.frames(session), end)


def test_with_back_pressure_silent_workers_end_the_run_with_advice_and_an_end_record(
    topics: RunningBroker, worker: CountingWorker, policy: Policy, directory: DeploymentDirectory, video: Video
) -> None:
    session = a_session()
    worker.answers = False
    few = policy.model_copy(update={"sampling": policy.sampling.model_copy(update={"max_in_flight": 1})})

    with pytest.raises(Retryable, match="no outcome came"):
        run_camera(
            CameraJob(str(video(frames=100)), "demo", "nobody", as_fast_as_possible=True),
            connection=topics.connection(User.CAMERA),
            policy=few,
            directory=directory,
            sealer=PlainFrames(),
            session=session,
            workers_deadline_s=1.5,
        )
    end = worker.wait_for_end(session)

    assert len(worker.frames(session)) == 4
    assert_counts_explain_every_gap(worker.frames(session), end)


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
        report = run_camera(
            CameraJob(str(folder), "demo", "large", as_fast_as_possible=True, fps=6.25),
            connection=topics.connection(User.CAMERA),
            policy=small,
            directory=directory,
            sealer=PlainFrames(),
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
        report = run_camera(
            CameraJob(str(tmp_path), "demo", "broken", as_fast_as_possible=True, fps=5),
            connection=topics.connection(User.CAMERA),
            policy=policy,
            directory=directory,
            sealer=PlainFrames(),
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

    report = run_camera(
        CameraJob(str(video(frames=20)), "demo", "looped", loop=True),
        connection=topics.connection(User.CAMERA),
        policy=policy,
        directory=directory,
        sealer=PlainFrames(),
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

    run_camera(
        CameraJob(str(video(frames=5)), "demo", "short", as_fast_as_possible=True),
        connection=topics.connection(User.CAMERA),
        policy=policy,
        directory=directory,
        sealer=PlainFrames(),
        stop=stop,
    )

    assert not stop.is_set()


def test_a_recording_is_refused_for_an_operational_deployment_before_it_is_opened(
    topics: RunningBroker, policy: Policy, directory: DeploymentDirectory, video: Video
) -> None:
    for source in (video(), video().parent):
        with pytest.raises(Refused) as refused:
            run_camera(
                CameraJob(str(source), "operation", "cam"),
                connection=topics.connection(User.CAMERA),
                policy=policy,
                directory=directory,
                sealer=PlainFrames(),
            )
        assert refused.value.rule == "camera.recorded-source"


def test_an_unknown_deployment_is_refused(
    topics: RunningBroker, policy: Policy, directory: DeploymentDirectory, video: Video
) -> None:
    with pytest.raises(Refused) as refused:
        run_camera(
            CameraJob(str(video()), "nowhere", "c"),
            connection=topics.connection(User.CAMERA),
            policy=policy,
            directory=directory,
            sealer=PlainFrames(),
        )

    assert refused.value.rule == "camera.unknown-deployment"


def test_a_video_without_a_frame_is_a_clear_error(
    topics: RunningBroker, policy: Policy, directory: DeploymentDirectory, tmp_path: Path
) -> None:
    empty = tmp_path / "empty.mp4"
    empty.write_bytes(b"")

    with pytest.raises(Poison, match="empty, cut off or of an unknown kind"):
        run_camera(
            CameraJob(str(empty), "demo", "c"),
            connection=topics.connection(User.CAMERA),
            policy=policy,
            directory=directory,
            sealer=PlainFrames(),
        )


def test_a_broker_away_at_the_start_is_a_clear_error(
    policy: Policy, directory: DeploymentDirectory, video: Video
) -> None:
    with pytest.raises(Retryable, match="lfr up"):
        run_camera(
            CameraJob(str(video()), "demo", "c"),
            connection=BrokerConnection("127.0.0.1:1", User.CAMERA),
            policy=policy,
            directory=directory,
            sealer=PlainFrames(),
        )


# kafka-python 3.0.12 never closes the socket of a refused connection (net/inet.py, sock_connect)
@pytest.mark.slow  # the same outage is in tests/faults, with the whole stream
@pytest.mark.filterwarnings("ignore:unclosed <socket.socket:ResourceWarning")
def test_a_broker_killed_in_mid_run_makes_a_live_camera_drop_and_count_and_go_on_after_its_restart(
    own_broker: RunningBroker, policy: Policy, directory: DeploymentDirectory, video: Video
) -> None:
    session, stop = a_session(), threading.Event()
    reported: list[CameraProgress] = []
    reports: list[CameraReport] = []

    def run() -> None:
        reports.append(
            run_camera(
                CameraJob(str(video(frames=50)), "demo", "outage", loop=True),
                connection=own_broker.connection(User.CAMERA),
                policy=policy,
                directory=directory,
                sealer=PlainFrames(),
                session=session,
                stop=stop,
                progress=reported.append,
            )
        )

    camera = threading.Thread(target=run)
    camera.start()
    try:
        wait_until(lambda: bool(reported) and reported[-1].report.sent > 5)
        own_broker.kill()
        time.sleep(5)
        in_outage = reported[-1]
        own_broker.start()
        wait_until(lambda: reported[-1].report.sent >= in_outage.report.sent + 20)
    finally:
        stop.set()
        camera.join(60)

    (report,) = reports
    assert_balanced(report)
    assert in_outage.in_flight <= policy.sampling.max_in_flight
    assert in_outage.report.dropped_at_camera > 0
    assert report.sent >= in_outage.report.sent + 20
    assert report.delivery_failed <= policy.sampling.max_in_flight  # none, unless the restart takes over 20 s


def test_a_camera_that_has_nothing_to_send_says_so_every_second(
    topics: RunningBroker, worker: CountingWorker, policy: Policy, directory: DeploymentDirectory, video: Video
) -> None:
    session = a_session()
    slow = policy.model_copy(
        update={"sampling": policy.sampling.model_copy(update={"looks_per_second": 0.3, "min_looks_per_second": 0.3})}
    )

    started = time.monotonic()
    run_camera(
        CameraJob(str(video(frames=80)), "demo", "slow"),
        connection=topics.connection(User.CAMERA),
        policy=slow,
        directory=directory,
        sealer=PlainFrames(),
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

    report = run_camera(
        CameraJob(str(video(frames=80)), "demo", "locked", as_fast_as_possible=True),
        connection=topics.connection(User.CAMERA),
        policy=policy,
        directory=directory,
        session=session,
        sealer=Locked(),
    )
    end = worker.wait_for_end(session)

    assert_balanced(report)
    assert (report.sent, report.dropped_at_camera) == (5, 15)
    assert_counts_explain_every_gap(worker.frames(session), end)


def test_the_demonstration_broker_carries_a_camera_too(
    tansu_broker: RunningBroker, tmp_path: Path, policy: Policy, directory: DeploymentDirectory, video: Video
) -> None:
    session = a_session()
    tansu_broker.fresh_topics(tmp_path)
    worker = CountingWorker(tansu_broker.connection(), traits=tansu_broker.traits)
    try:
        report = run_camera(
            CameraJob(str(video(frames=400)), "demo", "tansu", as_fast_as_possible=True),
            connection=tansu_broker.connection(User.CAMERA),
            policy=policy,
            directory=directory,
            sealer=PlainFrames(),
            traits=tansu_broker.traits,
            session=session,
        )
        end = worker.wait_for_end(session)
    finally:
        worker.close()

    assert (report.captured, report.sent) == (400, 100)
    assert_counts_explain_every_gap(worker.frames(session), end)
