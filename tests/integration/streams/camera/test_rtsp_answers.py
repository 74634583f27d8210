"""What a camera answers is said in words: opened once, refused, no such stream, no video, busy, a recording."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing

import pytest

from lfr_core.common.clock import SystemClock
from lfr_core.common.errors import Poison, Retryable
from lfr_core.domain.policy import load_policy
from streams.camera.network import Transport
from streams.camera.open_source import open_source
from streams.camera.sources import Source
from streams.camera.urls import parse_source
from tests.support.rtsp_camera import FPS, Habits, RtspCamera, encoded

IMAGES = load_policy().images
SOUND = "m=audio 0 RTP/AVP 8\r\na=rtpmap:8 PCMA/8000\r\n"


@pytest.fixture(scope="module")
def pictures() -> list[list[bytes]]:
    return encoded((320, 240), 8 * FPS)


@pytest.fixture
def camera(pictures: list[list[bytes]]) -> Iterator[Callable[..., RtspCamera]]:
    made: list[RtspCamera] = []

    def start(**habits: object) -> RtspCamera:
        made.append(RtspCamera(pictures, Habits(**habits)))  # type: ignore[arg-type]  # by name
        return made[-1]

    yield start
    for each in made:
        each.close()


def opened(url: str, transport: Transport = Transport.TCP) -> Source:
    return open_source(parse_source(url), IMAGES, transport=transport, clock=SystemClock())


@pytest.mark.parametrize(
    ("habits", "said"),
    [
        ({"credentials": "viewer:other"}, "refuses the user or the password"),
        ({"answers": {"DESCRIBE": "403 Forbidden"}}, "doesn't let this user see"),
        ({"answers": {"DESCRIBE": "404 Stream Not Found"}}, "has no such stream"),
        ({"answers": {"SETUP": "453 Not Enough Bandwidth"}}, "is busy"),
        ({"answers": {"PLAY": "453 Not Enough Bandwidth"}}, "is busy"),
        ({"answers": {"DESCRIBE": "503 Service Unavailable"}}, "is busy or still starting"),
        ({"answers": {"DESCRIBE": "500 Internal Error"}}, "refuses with the answer 500"),
        ({"answers": {"SETUP": "461 Unsupported Transport"}}, "doesn't send its pictures in this way"),
        ({"answers": {"OPTIONS": "400 Bad Request"}}, "refuses with the answer 400"),
        ({"media": SOUND}, "has no video"),
    ],
    ids=[
        "password",
        "forbidden",
        "not-found",
        "busy",
        "busy-at-play",
        "unavailable",
        "error",
        "transport",
        "bad",
        "sound",
    ],
)
def test_a_camera_s_own_answer_is_named_without_its_password(
    habits: dict[str, object], said: str, camera: Callable[..., RtspCamera]
) -> None:
    url = camera(**habits).url.replace("rtsp://", "rtsp://viewer:open-sesame@")

    with pytest.raises(Retryable, match=said) as refused:
        opened(url)

    assert "open-sesame" not in str(refused.value)


def test_a_codec_that_nobody_here_decodes_is_named_as_that(camera: Callable[..., RtspCamera]) -> None:
    unknown = "m=video 0 RTP/AVP 96\r\na=rtpmap:96 H266/90000\r\n"

    with pytest.raises(Poison, match=r"codec isn't known.*H\.264"):
        opened(camera(media=unknown).url)


def test_no_tunnel_takes_the_encryption_off(camera: Callable[..., RtspCamera]) -> None:
    plain = camera()

    with pytest.raises(Poison, match="not encrypted"):
        opened(plain.url.replace("rtsp://", "rtsps://"), Transport.HTTP)

    assert plain.connections == 0


def test_a_camera_with_a_password_is_read(camera: Callable[..., RtspCamera]) -> None:
    url = camera(credentials="viewer:open-sesame").url.replace("rtsp://", "rtsp://viewer:open-sesame@")

    with closing(opened(url)) as source:
        assert source.grab() is not None


def test_a_refused_password_is_not_tried_again_for_a_minute(camera: Callable[..., RtspCamera]) -> None:
    with pytest.raises(Retryable) as refused:
        opened(camera(credentials="viewer:other").url)

    assert refused.value.retry_after_s == 60.0  # cameras lock out whoever tries often


def test_a_camera_that_takes_one_viewer_is_opened_in_one_session(camera: Callable[..., RtspCamera]) -> None:
    one = camera(one_session=True)

    with closing(opened(one.url)) as source:
        assert source.grab() is not None
        with pytest.raises(Retryable, match="is busy"):
            opened(one.url)

    assert one.connections == 1


@pytest.mark.parametrize(
    ("told", "kind"),
    [
        ("npt=0-", "live"),
        pytest.param("npt=now-", "live", marks=pytest.mark.slow),
        pytest.param("npt=0.000-0.000", "live", marks=pytest.mark.slow),
        ("npt=0-3600.5", "recorded"),
        pytest.param("clock=20260101T100000Z-", "live", marks=pytest.mark.slow),
        ("clock=20260101T100000Z-20260101T110000Z", "recorded"),
    ],
)
def test_a_stream_is_a_recording_if_its_server_says_where_it_ends(
    told: str, kind: str, camera: Callable[..., RtspCamera]
) -> None:
    with closing(opened(camera(range=told).url)) as source:
        assert source.info.live is (kind == "live")
