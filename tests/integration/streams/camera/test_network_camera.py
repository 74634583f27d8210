"""A camera on the network: Motion JPEG over HTTP from a server of our own, which hangs, ends and changes its size."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import cv2
import numpy as np
import pytest
from structlog.testing import capture_logs

from lfr_core.common.clock import SystemClock
from lfr_core.common.errors import Refused
from lfr_core.domain.deployments import DeploymentDirectory
from lfr_core.domain.frames import FrameKind, PictureState
from lfr_core.domain.policy import Policy
from streams.broker.connection import BrokerConnection
from streams.broker.users import User
from streams.camera import view
from streams.camera.job import CameraJob, CameraProgress, CameraReport
from streams.camera.jpeg import jpeg_size
from streams.camera.session import run_camera
from tests.support.brokers import RunningBroker
from tests.support.counting_worker import CountingWorker, assert_counts_explain_every_gap
from tests.support.outside import RecordingProxy, persons_environment
from tests.support.plain_frames import PlainFrames

PASSWORD = "open-sesame"


class NetworkCamera(ThreadingHTTPServer):
    """25 JPEGs a second to whoever knows the password."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.hanging = threading.Event()
        self.ending = threading.Event()
        self.connections = 0
        self.size = (320, 180)
        self.recording: bytes | None = None
        self._noise = np.random.default_rng(1).integers(0, 255, (1080, 1920, 3), dtype=np.uint8)
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://viewer:{PASSWORD}@127.0.0.1:{self.server_port}/live?token={PASSWORD}"

    def picture(self) -> bytes:
        width, height = self.size
        return bytes(cv2.imencode(".jpg", self._noise[:height, :width])[1])

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that goes away is no error here."""


class _Handler(BaseHTTPRequestHandler):
    server: NetworkCamera

    def log_message(self, format: str, *args: object) -> None:
        pass

    def do_GET(self) -> None:
        if self.headers.get("Authorization") is None:
            self.send_response(401)
            self.send_header("WWW-Authenticate", 'Basic realm="camera"')
            self.end_headers()
            return
        self.send_response(200)
        if self.server.recording is not None:
            self.send_header("Content-Length", str(len(self.server.recording)))
            self.end_headers()
            self.wfile.write(self.server.recording)
            return
        self.server.connections += 1
        self.send_header("Content-Type", "multipart/x-mixed-replace; boundary=frame")
        self.end_headers()
        while not self.server.ending.is_set():
            if not self.server.hanging.is_set():
                picture = self.server.picture()
                head = b"--frame\r\nContent-Type: image/jpeg\r\nContent-Length: %d\r\n\r\n" % len(picture)
                self.wfile.write(head + picture + b"\r\n")
            time.sleep(0.04)


@pytest.fixture
def camera() -> Iterator[NetworkCamera]:
    camera = NetworkCamera()
    try:
        yield camera
    finally:
        camera.ending.set()
        camera.shutdown()
        camera.server_close()


@pytest.mark.slow
def test_a_camera_is_never_asked_through_a_proxy(camera: NetworkCamera, tmp_path: Path) -> None:
    with RecordingProxy() as proxy:
        done = subprocess.run(
            [sys.executable, "-m", "apps.cli", "camera", "probe"],
            env=persons_environment(tmp_path, proxy.url) | {"LFR_CAMERA_SOURCE": camera.url},
            capture_output=True,
            text=True,
            check=False,
        )

    assert done.returncode == 0, done.stderr
    assert proxy.asked == []
    assert camera.connections


class Run:
    """`run_camera` in a thread."""

    def __init__(
        self, camera: NetworkCamera, connection: BrokerConnection, policy: Policy, directory: DeploymentDirectory
    ) -> None:
        self.session = str(uuid.uuid4())
        self.reported: list[CameraProgress] = []
        self.stop = threading.Event()
        self.report: CameraReport | None = None

        def run() -> None:
            self.report = run_camera(
                CameraJob(camera.url, "operation", "gate"),
                connection=connection,
                policy=policy,
                directory=directory,
                sealer=PlainFrames(),
                session=self.session,
                stop=self.stop,
                progress=self.reported.append,
                hang_s=1.0,
                clock=SystemClock(),
            )

        self.thread = threading.Thread(target=run)
        self.thread.start()

    def wait_for(self, what: str, sent: int, timeout_s: float = 30) -> None:
        deadline = time.monotonic() + timeout_s
        while not self.reported or self.reported[-1].report.sent < sent:
            assert time.monotonic() < deadline, what
            assert self.thread.is_alive(), what
            time.sleep(0.05)

    def end(self) -> CameraReport:
        self.stop.set()
        self.thread.join(30)
        assert self.report is not None
        return self.report


@pytest.mark.kafka
@pytest.mark.slow
def test_a_camera_whose_picture_stands_still_says_so_in_its_records(
    camera: NetworkCamera,
    topics: RunningBroker,
    worker: CountingWorker,
    policy: Policy,
    directory: DeploymentDirectory,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(view, "STILL_AFTER_S", 1.0)
    run = Run(camera, topics.connection(User.CAMERA), policy, directory)
    try:
        run.wait_for("frames of one picture", sent=60)
    finally:
        run.end()

    told = [header.picture for header in worker.frames(run.session)]
    assert told[0] is PictureState.SOUND
    assert told[-1] is PictureState.STILL
    assert run.reported[-2].picture is PictureState.STILL


@pytest.mark.slow
@pytest.mark.kafka
def test_a_network_camera_that_hangs_ends_and_changes_its_size_goes_on_and_its_password_is_never_logged(
    camera: NetworkCamera,
    topics: RunningBroker,
    worker: CountingWorker,
    policy: Policy,
    directory: DeploymentDirectory,
    capfd: pytest.CaptureFixture[str],
) -> None:
    with capture_logs() as logs:
        run = Run(camera, topics.connection(User.CAMERA), policy, directory)
        try:
            run.wait_for("the first frames", sent=5)
            camera.size = (640, 360)
            run.wait_for("frames of another size", sent=12)
            camera.hanging.set()
            time.sleep(3.0)
            in_hang = run.reported[-1]
            camera.hanging.clear()
            run.wait_for("frames after the hang", sent=in_hang.report.sent + 5)
            camera.ending.set()
            time.sleep(0.5)
            camera.ending.clear()
            run.wait_for("frames after the end of the stream", sent=run.reported[-1].report.sent + 5)
        finally:
            report = run.end()
    end = worker.wait_for_end(run.session)
    output = capfd.readouterr()

    assert not in_hang.connected
    assert report.reconnects >= 2
    assert report.captured == report.not_sampled + report.dropped_at_camera + report.sent
    assert_counts_explain_every_gap(worker.frames(run.session), end)
    sizes = {
        jpeg_size(p) for h, p in zip(worker.headers, worker.payloads, strict=True) if p and h.session == run.session
    }
    assert sizes == {(320, 180), (640, 360)}
    assert FrameKind.STATUS in {header.kind for header in worker.of(run.session)}
    events = [log["event"] for log in logs]
    assert {"camera.lost", "camera.reconnected", "camera.resolution-changed"} <= set(events)
    assert PASSWORD not in f"{logs}{output.out}{output.err}"


@pytest.mark.kafka
def test_a_recording_behind_a_url_is_refused_for_an_operational_deployment(
    camera: NetworkCamera, topics: RunningBroker, policy: Policy, directory: DeploymentDirectory, video: object
) -> None:
    assert callable(video)
    camera.recording = Path(video("old.avi")).read_bytes()

    with pytest.raises(Refused) as refused:
        run_camera(
            CameraJob(camera.url, "operation", "gate"),
            connection=topics.connection(User.CAMERA),
            policy=policy,
            directory=directory,
            sealer=PlainFrames(),
            clock=SystemClock(),
        )

    assert refused.value.rule == "camera.recorded-source"


@pytest.mark.slow
def test_probing_a_camera_that_refuses_shows_no_password_even_from_ffmpeg(tmp_path: Path) -> None:
    for url in (f"http://viewer:{PASSWORD}@127.0.0.1:1/?token={PASSWORD}", f"rtsp://viewer:{PASSWORD}@127.0.0.1:1/a"):
        done = subprocess.run(
            [sys.executable, "-c", "from apps.cli.camera import app; app()", "probe"],
            env={**os.environ, "LFR_CAMERA_SOURCE": url, "LFR_HOME": str(tmp_path)},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

        assert done.returncode == 75, done.stderr
        assert "does not answer" in done.stderr
        assert PASSWORD not in done.stdout + done.stderr
