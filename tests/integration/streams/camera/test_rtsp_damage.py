"""A picture that isn't sound is counted and never handed on: H.264 and H.265 over RTSP, by TCP and UDP."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing

import cv2
import numpy as np
import pytest

from lfr_core.common.clock import SystemClock
from lfr_core.domain.frames import PictureState
from lfr_core.domain.policy import load_policy
from lfr_core.recognition.faces.types import Image
from streams.camera.jpeg import jpeg_size
from streams.camera.network import Transport
from streams.camera.open_source import open_source
from streams.camera.reconnect import ReconnectingSource
from streams.camera.sources import StreamSource
from streams.camera.stop_token import StopToken
from streams.camera.urls import parse_source
from tests.support.rtsp_camera import FPS, Habits, RtspCamera, encoded, number_in, numbered
from tests.support.tiers import leave_to_long

IMAGES = load_policy().images
SIZE = (320, 240)
SECONDS = 7
LONGEST_S = 20.0
GOP = 10
_NOISE = np.random.default_rng(1).integers(0, 255, (SIZE[1], 2 * SIZE[0], 3), dtype=np.uint8)
_TEXTURE = cv2.GaussianBlur(_NOISE, (9, 9), 0)
Stream = list[list[bytes]]


def street(number: int, size: tuple[int, int]) -> Image:
    """Something that moves, so that a picture is several packets and damage shows."""
    width, height = size
    image = np.ascontiguousarray(_TEXTURE[:, 4 * number % width :][:, :width])
    image[: height // 8] = numbered(number, size)[: height // 8]
    return image


@pytest.fixture(scope="module", params=leave_to_long(["libx264", "libx265"], but=["libx264"]))
def stream(request: pytest.FixtureRequest) -> tuple[Stream, bool]:
    codec = str(request.param)
    return encoded(SIZE, SECONDS * FPS, gop=GOP, codec=codec, draw=street), codec == "libx265"


@pytest.fixture(scope="module")
def h264() -> Stream:
    return encoded(SIZE, SECONDS * FPS, gop=GOP, draw=street)


@pytest.fixture
def play() -> Iterator[Callable[..., RtspCamera]]:
    cameras: list[RtspCamera] = []

    def start(pictures: Stream, habits: Habits | None = None, *, h265: bool = False) -> RtspCamera:
        cameras.append(RtspCamera(pictures, habits, h265=h265))
        return cameras[-1]

    yield start
    for camera in cameras:
        camera.close()


def open_camera(camera: RtspCamera, transport: Transport = Transport.TCP) -> StreamSource:
    source = open_source(parse_source(camera.url), IMAGES, transport=transport, clock=SystemClock())
    assert isinstance(source, StreamSource)
    return source


def look(source: StreamSource, pictures: int) -> tuple[list[int], float, int]:
    """The numbers of the pictures given, how wrong the worst of them is (levels), and how many were damaged.

    So many pictures after the first one, given or not: a busy machine takes its time.
    """
    numbers: list[int] = []
    worst, damaged, until = 0.0, 0, time.monotonic() + LONGEST_S
    while (not numbers or numbers[-1] < numbers[0] + pictures) and time.monotonic() < until:
        grab = source.grab()
        assert grab is not None
        damaged += grab.damaged
        image = np.asarray(cv2.imdecode(np.frombuffer(source.jpeg(), np.uint8), cv2.IMREAD_COLOR), np.uint8)
        numbers.append(number_in(image))
        wrong = np.abs(image.astype(int) - street(numbers[-1], SIZE)).mean(axis=2)
        worst = max(worst, float(cv2.blur(wrong.astype(np.float32), (32, 32)).max()))
    return numbers, worst, damaged


@pytest.mark.parametrize("transport", leave_to_long([Transport.TCP, Transport.UDP], but=[Transport.TCP]))
def test_after_a_lost_packet_no_picture_is_given_before_a_whole_key_frame(
    stream: tuple[Stream, bool], transport: Transport, play: Callable[..., RtspCamera]
) -> None:
    pictures, h265 = stream
    camera = play(pictures, Habits(lose=lambda number: number % 40 == 24), h265=h265)
    with closing(open_camera(camera, transport)) as source:
        numbers, worst, damaged = look(source, 3 * FPS)

    assert camera.transports == [transport.value]
    assert len(numbers) > FPS
    assert damaged >= 5, "those between a lost picture and the next key frame"
    assert worst < 45, "a damaged picture was given"


@pytest.mark.slow
def test_a_stream_without_loss_gives_every_picture_once_in_order(
    stream: tuple[Stream, bool], play: Callable[..., RtspCamera]
) -> None:
    pictures, h265 = stream
    with closing(open_camera(play(pictures, h265=h265))) as source:
        numbers, worst, damaged = look(source, 2 * FPS)

    assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))
    assert (damaged, worst < 45) == (0, True)


@pytest.mark.slow
def test_pictures_that_come_with_wrong_bits_and_those_made_of_them_are_counted_and_not_given(
    h264: Stream, play: Callable[..., RtspCamera]
) -> None:
    camera = play(h264, Habits(spoil=lambda number: number % 25 == 24))
    with closing(open_camera(camera)) as source:
        numbers, worst, damaged = look(source, 3 * FPS)

    assert not {number for number in numbers if number % 25 == 24}
    assert damaged >= 3
    assert worst < 45


def test_a_camera_that_sends_and_has_given_no_key_frame_yet_is_waited_for_and_says_so(
    play: Callable[..., RtspCamera],
) -> None:
    pictures = encoded(SIZE, 8 * FPS, gop=6 * FPS, draw=street)
    camera = play(pictures, Habits(has_parameter_sets=False))
    time.sleep(0.5)  # its only key frame for six seconds is over
    stop, states = StopToken(), []
    source = ReconnectingSource(lambda: open_camera(camera), clock=SystemClock(), stop_token=stop, hang_s=1.5)
    grabbed = threading.Event()

    def watch() -> None:
        while not grabbed.wait(0.1):
            states.append(source.state)

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        grab = source.grab()
        grabbed.set()
        image = cv2.imdecode(np.frombuffer(source.jpeg(), np.uint8), cv2.IMREAD_COLOR)
    finally:
        grabbed.set()
        watcher.join()
        source.close()

    assert grab is not None
    assert PictureState.NO_KEY_FRAME in states
    assert number_in(np.asarray(image, np.uint8)) == 6 * FPS
    assert (camera.connections, source.reconnects) == (1, 0)


def test_a_stream_that_changes_codec_and_size_on_the_way_is_opened_again_and_read(
    h264: Stream, play: Callable[..., RtspCamera]
) -> None:
    other = encoded((240, 320), 6 * FPS, gop=GOP, codec="libx265")
    first = play(h264)
    makes = [lambda: first, lambda: play(other, h265=True)]
    source = ReconnectingSource(
        lambda: open_camera(makes.pop(0)()), clock=SystemClock(), stop_token=StopToken(), wait=lambda _: None
    )
    sizes = []
    try:
        for _ in range(8 * FPS):
            assert source.grab() is not None
            sizes.append(jpeg_size(source.jpeg()))
            first.close()
            if sizes[-1] != sizes[0]:
                break
    finally:
        source.close()

    assert (sizes[0], sizes[-1]) == (SIZE, (240, 320))
