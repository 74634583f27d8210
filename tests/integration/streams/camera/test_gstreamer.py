"""A real RTSP server, of GStreamer: each codec by TCP, UDP and a tunnel of HTTP, a password, no such stream."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from lfr_core.common.errors import Retryable
from lfr_core.domain.frames import PictureState
from lfr_core.domain.policy import load_policy
from streams.camera.jpeg import jpeg_size
from streams.camera.network import Transport
from streams.camera.open_source import open_source
from streams.camera.probe import take_picture
from streams.camera.sources import Source, StreamSource
from streams.camera.urls import parse_source
from tests.support.tiers import leave_to_long

pytestmark = pytest.mark.gstreamer

IMAGES = load_policy().images
SERVER = Path(__file__).parents[3] / "support" / "gst_rtsp_server.py"
PYTHON = "/usr/bin/python3"
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
    running = subprocess.Popen([PYTHON, str(SERVER)], env=environment, stdout=subprocess.PIPE, text=True)
    assert running.stdout is not None
    try:
        first, second = running.stdout.readline().split()
        yield f"127.0.0.1:{first}", f"127.0.0.1:{second}"
    finally:
        running.kill()
        running.wait()
        running.stdout.close()


def opened(url: str, transport: Transport = Transport.TCP) -> Source:
    return open_source(parse_source(url), IMAGES, transport=transport)


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
