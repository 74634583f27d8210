"""Workers that are slow, silent or gone: a live camera drops and counts, a recording waits or ends."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from lfr_core.common.errors import Retryable
from lfr_core.domain.deployments import DeploymentDirectory
from lfr_core.domain.policy import Policy
from streams.broker.users import User
from streams.camera.job import CameraJob, CameraProgress, CameraReport
from tests.support.brokers import RunningBroker
from tests.support.camera_runs import a_session, assert_balanced, run_plain
from tests.support.counting_worker import CountingWorker, assert_counts_explain_every_gap

pytestmark = pytest.mark.kafka
Video = Callable[..., Path]


def wait_until(so: Callable[[], bool], timeout_s: float = 60.0) -> None:
    deadline = time.monotonic() + timeout_s
    while not so():
        assert time.monotonic() < deadline
        time.sleep(0.1)


def test_a_slow_worker_makes_a_live_camera_drop_and_count_never_queue(
    topics: RunningBroker, worker: CountingWorker, policy: Policy, directory: DeploymentDirectory, video: Video
) -> None:
    session = a_session()
    worker.work_s = 0.4
    reported: list[CameraProgress] = []
    tight = policy.model_copy(update={"sampling": policy.sampling.model_copy(update={"max_in_flight": 2})})

    report = run_plain(
        CameraJob(str(video(frames=100)), "demo", "slow"),
        topics.connection(User.CAMERA),
        tight,
        directory,
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


@pytest.mark.slow
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

    report = run_plain(
        CameraJob(str(video(frames=100)), "demo", "unheard"),
        topics.connection(User.CAMERA),
        quick,
        directory,
        session=session,
    )
    end = worker.wait_for_end(session)

    assert_balanced(report)
    assert report.unanswered >= 3
    assert report.sent > 3
    assert_counts_explain_every_gap(worker.frames(session), end)


@pytest.mark.slow
def test_with_back_pressure_silent_workers_end_the_run_with_advice_and_an_end_record(
    topics: RunningBroker, worker: CountingWorker, policy: Policy, directory: DeploymentDirectory, video: Video
) -> None:
    session = a_session()
    worker.answers = False
    few = policy.model_copy(update={"sampling": policy.sampling.model_copy(update={"max_in_flight": 1})})

    with pytest.raises(Retryable, match="no outcome came"):
        run_plain(
            CameraJob(str(video(frames=100)), "demo", "nobody", as_fast_as_possible=True),
            topics.connection(User.CAMERA),
            few,
            directory,
            session=session,
            workers_deadline_s=1.5,
        )
    end = worker.wait_for_end(session)

    assert len(worker.frames(session)) == 4
    assert_counts_explain_every_gap(worker.frames(session), end)


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
            run_plain(
                CameraJob(str(video(frames=50)), "demo", "outage", loop=True),
                own_broker.connection(User.CAMERA),
                policy,
                directory,
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
