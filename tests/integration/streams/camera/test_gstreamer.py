"""A real RTSP server, of GStreamer: each codec by TCP, UDP and a tunnel of HTTP, a password, no such stream.

Lost packets, key frames seconds apart, a picture that stands still, a camera that starts again as another one.
"""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from lfr_core.common.clock import SystemClock
from lfr_core.common.errors import Retryable
from lfr_core.domain.frames import PictureState
from lfr_core.domain.policy import load_policy
from streams.camera.jpeg import jpeg_size
from streams.camera.network import Transport
from streams.camera.open_source import open_source
from streams.camera.probe import take_picture
from streams.camera.reconnect import ReconnectingSource
from streams.camera.sources import Source, StreamSource
from streams.camera.stop_token import StopToken
from streams.camera.urls import parse_source
from streams.camera.view import ViewWatch
from tests.support.brokers import free_ports
from tests.support.tiers import leave_to_long

pytestmark = pytest.mark.gstreamer

IMAGES = load_policy().images
SERVER = Path(__file__).parents[3] / "support" / "gst_rtsp_server.py"
PYTHON = "/usr/bin/python3"
LONGEST_S = 20.0
NEEDED = """
import gi
gi.require_version("Gst", "1.0")
gi.require_version("GstRtspServer", "1.0")
from gi.repository import Gst, GstRtspServer
Gst.init(None)
assert all(map(Gst.ElementFactory.find, ("x264enc", "x265enc", "jpegenc", "rtph264pay", "rtph265pay", "rtpjpegpay")))
"""


@pytest.fixture(scope="module")
def servers() -> Iterator[tuple[str, str]]:
    """`host:port` of one that is open, and of one that asks for a password."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    try:
        subprocess.run([PYTHON, "-c", NEEDED], env=environment, check=True, capture_output=True, timeout=60)
    except (OSError, subprocess.SubprocessError):
        pytest.skip("GStreamer's RTSP server is not on this machine: see docs/cameras.md")
    with running() as (first, second):
        yield f"127.0.0.1:{first}", f"127.0.0.1:{second}"


@pytest.fixture
def unused_port() -> int:
    (port,) = free_ports(1)
    return port


@contextmanager
def running(*arguments: str) -> Iterator[list[str]]:
    """The ports of a server of its own process."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    server = subprocess.Popen([PYTHON, str(SERVER), *arguments], env=environment, stdout=subprocess.PIPE, text=True)
    assert server.stdout is not None
    try:
        yield server.stdout.readline().split()
    finally:
        server.kill()
        server.wait()
        server.stdout.close()


def opened(url: str, transport: Transport = Transport.TCP) -> Source:
    return open_source(parse_source(url), IMAGES, transport=transport, clock=SystemClock())


@pytest.mark.parametrize("transport", leave_to_long(Transport, but=[Transport.TCP, Transport.UDP]))
@pytest.mark.parametrize(
    ("path", "codec"), [("h264", "h264"), ("h265", "hevc"), pytest.param("jpeg", "mjpeg", marks=pytest.mark.slow)]
)
def test_each_codec_is_read_live_in_each_way_without_damage(
    servers: tuple[str, str], path: str, codec: str, transport: Transport
) -> None:
    damaged = 0
    with closing(opened(f"rtsp://{servers[0]}/{path}", transport)) as source:
        pictures = []
        for _ in range(30):
            grab = source.grab()
            assert grab is not None
            damaged += grab.damaged
            pictures.append(source.jpeg())
        assert isinstance(source, StreamSource)
        state = source.state

    assert (source.info.live, source.info.codec) == (True, codec)
    assert {jpeg_size(picture) for picture in pictures} == {(320, 240)}
    assert len(set(pictures)) > 20
    assert (damaged, state) == (0, PictureState.SOUND)


def test_a_probe_says_how_old_pictures_are_by_the_cameras_own_clock(servers: tuple[str, str]) -> None:
    taken = take_picture(opened(f"rtsp://{servers[0]}/h264"), lambda _: None)

    assert taken.clock_age_s is not None
    assert 0 < taken.clock_age_s < 2


def test_a_tunnel_never_leads_through_a_proxy(servers: tuple[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9/")  # nobody answers there
    monkeypatch.setenv("no_proxy", "example.org")

    with closing(opened(f"rtsp://{servers[0]}/h264", Transport.HTTP)) as source:
        assert source.grab() is not None

    assert os.environ["no_proxy"] == "example.org"


def test_a_password_by_digest_is_given_and_a_wrong_one_is_named(servers: tuple[str, str]) -> None:
    with closing(opened(f"rtsp://viewer:open-sesame@{servers[1]}/secret")) as source:
        assert source.grab() is not None
    for user in ("viewer:other@", ""):
        with pytest.raises(Retryable, match="refuses the user or the password") as refused:
            opened(f"rtsp://{user}{servers[1]}/secret")
        assert "other" not in str(refused.value)


def test_a_path_that_is_not_there_is_named(servers: tuple[str, str]) -> None:
    with pytest.raises(Retryable, match="has no such stream"):
        opened(f"rtsp://{servers[0]}/nothing")


@pytest.mark.parametrize("transport", leave_to_long([Transport.TCP, Transport.UDP], but=[Transport.TCP]))
@pytest.mark.parametrize("codec", leave_to_long(["h264", "h265"], but=["h264"]))
def test_of_a_stream_with_lost_packets_no_picture_is_given_until_a_whole_key_frame(
    servers: tuple[str, str], codec: str, transport: Transport
) -> None:
    damaged, states, whole = 0, set(), 0
    with closing(opened(f"rtsp://{servers[0]}/lossy-{codec}", transport)) as source:
        assert isinstance(source, StreamSource)
        until = time.monotonic() + LONGEST_S
        while (damaged < 10 or whole < 25) and time.monotonic() < until:
            grab = source.grab()
            assert grab is not None
            damaged += grab.damaged
            whole += 1
            states.add(source.state)

    assert damaged >= 10
    assert whole >= 25


@pytest.mark.parametrize("codec", leave_to_long(["h264", "h265"], but=["h264"]))
def test_a_stream_that_begins_between_key_frames_that_are_seconds_apart_is_waited_for(
    servers: tuple[str, str], codec: str
) -> None:
    with closing(opened(f"rtsp://{servers[0]}/long-{codec}")) as source:
        assert isinstance(source, StreamSource)
        state, grab = source.state, source.grab()
        assert grab is not None

    assert state is PictureState.NO_KEY_FRAME
    assert grab.passed_over > 50  # most of the five seconds passed before a whole picture came
    assert source.packets > 50


def test_a_frozen_picture_is_told_from_a_stream_that_lives(servers: tuple[str, str]) -> None:
    states = {}
    for path in ("frozen", "busy"):
        watch = ViewWatch()
        with closing(opened(f"rtsp://{servers[0]}/{path}")) as source:
            for number in range(60):
                assert source.grab() is not None
                watch = watch.see(source.jpeg(), number / 5)  # 12 seconds at five looks a second
        states[path] = watch.state(12.0)

    assert states == {"frozen": PictureState.STILL, "busy": PictureState.SOUND}


def test_a_camera_that_starts_again_with_another_codec_and_size_is_connected_and_read(
    servers: tuple[str, str], unused_port: int
) -> None:
    url = f"rtsp://127.0.0.1:{unused_port}/camera"
    source = None
    found = []
    try:
        with running(str(unused_port), "h264", "320", "240"):
            source = ReconnectingSource(
                lambda: opened(url), clock=SystemClock(), stop_token=StopToken(), wait=lambda _: time.sleep(0.2)
            )
            assert source.grab() is not None
            found.append((source.info.codec, jpeg_size(source.jpeg())))
        with running(str(unused_port), "h265", "240", "320"):
            until = time.monotonic() + LONGEST_S
            while source.reconnects == 0 and time.monotonic() < until:
                assert source.grab() is not None
            found.append((source.info.codec, jpeg_size(source.jpeg())))
    finally:
        if source is not None:
            source.close()

    assert found == [("h264", (320, 240)), ("hevc", (240, 320))]
