"""A camera, or whoever answers in its place, that sends without an end: it is refused, and memory stays as it was."""

from __future__ import annotations

import itertools
import socket
import struct
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from lfr_core.common.clock import SystemClock
from lfr_core.common.errors import LfrError, Poison
from lfr_core.domain.policy import load_policy
from streams.camera import opening
from streams.camera.open_source import open_source
from streams.camera.urls import parse_source
from tests.support.answering_server import serving
from tests.support.rtsp_camera import RtspCamera, encoded
from tests.support.tiers import leave_to_long

Answer = Callable[[socket.socket], None]

IMAGES = load_policy().images.model_copy(update={"max_frame_megapixels": 1.0})
MOST_MB = 200
"""Of memory: a picture without an end takes some 10, what else the process does at that time up to 112; unbounded it
was 500 and more."""
NOISE = np.random.default_rng(1).integers(0, 255, (240, 320, 3), dtype=np.uint8)
JPEG = cv2.imencode(".jpg", NOISE)[1].tobytes()
BLOCK = b"A" * 65_536
HTTP = b"HTTP/1.1 200 OK\r\nContent-Type: "
PARTS = HTTP + b"multipart/x-mixed-replace; boundary=frame\r\n\r\n"
PART = b"--frame\r\nContent-Type: image/jpeg\r\n"
RTSP = b"RTSP/1.0 200 OK\r\nCSeq: %d\r\n"
SDP = b"Content-Type: application/sdp\r\nContent-Length: 2000000000\r\n\r\nv=0\r\no=- 0 0 IN IP4 0.0.0.0\r\ns=x\r\n"
VIDEO = b"m=video 0 RTP/AVP 96\r\n"


def part(jpeg: bytes) -> bytes:
    return PART + b"Content-Length: %d\r\n\r\n%b\r\n" % (len(jpeg), jpeg)


def endless(*first: bytes, then: bytes = BLOCK) -> Answer:
    """These, one after the other, and what follows without an end."""

    def answer(client: socket.socket) -> None:
        for each in first:
            client.sendall(each)
            time.sleep(0.04)
        while True:
            client.sendall(then)

    return answer


def describes(head: bytes, then: bytes) -> Answer:
    """An RTSP camera whose description begins with `head`; the first request was read."""

    def answer(client: socket.socket) -> None:
        client.sendall(RTSP % 1 + b"Public: DESCRIBE, SETUP, PLAY\r\n\r\n")
        client.recv(65_536)
        endless(RTSP % 2 + head, then=then)(client)

    return answer


def of_size(width: int, height: int) -> bytes:
    """A JPEG whose header says that."""
    at = JPEG.index(b"\xff\xc0") + 5
    return JPEG[:at] + height.to_bytes(2, "big") + width.to_bytes(2, "big") + JPEG[at + 4 :]


SOUND = [PARTS, *[part(JPEG)] * 8]
WITHOUT_END = "a picture without an end"
ANSWERS: dict[str, tuple[str, Answer, str]] = {
    "a part": ("http", endless(*SOUND, PART + b"\r\n\xff\xd8"), WITHOUT_END),
    "a part that is the first": ("http", endless(PARTS, PART + b"\r\n\xff\xd8"), "no picture|without an end"),
    "a part of two gigabytes": ("http", endless(*SOUND, PART + b"Content-Length: 2000000000\r\n\r\n"), WITHOUT_END),
    "a line of a part's head": ("http", endless(*SOUND, PART + b"X: "), "sent no picture"),
    "lines of a part's head": ("http", endless(*SOUND, PART, then=b"X: y\r\n" * 9_000), "gave nothing|no picture"),
    "a line of the answer's head": ("http", endless(b"HTTP/1.1 200 OK\r\nX: "), "does not answer"),
    "lines of the answer's head": ("http", endless(b"HTTP/1.1 200 OK\r\n", then=b"X: y\r\n" * 9_000), "not answer"),
    "a picture without parts": (
        "http",
        endless(HTTP + b"image/jpeg\r\n\r\n" + JPEG[:-2]),
        f"{WITHOUT_END}|still pictures",
    ),
    "a film": ("http", endless(HTTP + b"video/mp4\r\n\r\n", then=BLOCK), "no video|not answer"),
    "a line of RTSP's answer": ("rtsp", describes(b"X: ", BLOCK), "does not answer"),
    "lines of RTSP's answer": ("rtsp", describes(b"", b"X: y\r\n" * 9_000), "does not answer"),
    "a description": ("rtsp", describes(SDP, VIDEO), "no video"),
    "a description of allowed length": (
        "rtsp",
        describes(SDP.replace(b"2000000000", b"2000000"), VIDEO),
        "no video|not answer",
    ),
}


def read(url: str) -> None:
    """Read pictures, each decoded or handed on, until it fails or for three seconds."""
    with closing(open_source(parse_source(url), IMAGES, clock=SystemClock())) as source:
        until = time.monotonic() + 3
        while source.grab() is not None and time.monotonic() < until:
            source.jpeg()


def peak_mb(*, anew: bool = False) -> float:
    """Most memory that this process had at once, in MB; `anew`: since now."""
    if anew:
        Path("/proc/self/clear_refs").write_text("5")
    status = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) / 1e3 for line in status if line.startswith("VmHWM"))


@pytest.fixture(autouse=True)
def _memory_stays_as_it_was() -> Iterator[None]:
    before = peak_mb(anew=True)
    yield
    assert peak_mb() - before < MOST_MB


@pytest.mark.parametrize(
    "what", leave_to_long(ANSWERS, but=["a part", "a part of two gigabytes", "a film", "a description"])
)
def test_whoever_sends_this_without_an_end_is_refused(what: str, monkeypatch: pytest.MonkeyPatch) -> None:
    scheme, answer, said = ANSWERS[what]
    if said != WITHOUT_END:  # nothing but time ends it
        monkeypatch.setattr(opening, "OPEN_TIMEOUT_S", 1.0)
        monkeypatch.setattr(opening, "READ_TIMEOUT_S", 1.0)

    with serving(answer) as url, pytest.raises(LfrError, match=said):
        read(url.replace("http", scheme, 1))


@pytest.mark.parametrize("size", [(65_535, 65_535), (16_000, 16_000), (2_000, 1_000)])
def test_a_camera_whose_pictures_are_too_large_is_refused_by_what_they_say(size: tuple[int, int]) -> None:
    with serving(endless(PARTS, then=part(of_size(*size)))) as url, pytest.raises(Poison, match="megapixels allowed"):
        read(url)


class EndlessCamera(RtspCamera):
    """Sends fragments of one unit of H.264 (RFC 6184, FU-A), of which none is the last."""

    def _play(self, session: Any) -> None:
        for number in itertools.count():
            head = struct.pack(">BBHII", 0x80, 96, number & 0xFFFF, 0, 7)
            session.send(head + bytes([0x7C, 0x85 if number == 0 else 0x05]) + b"\xaa" * 60_000)


@pytest.mark.slow
def test_a_unit_of_h264_without_an_end_is_given_up() -> None:
    camera = EndlessCamera(encoded((320, 240), 2))
    try:
        with pytest.raises(LfrError, match=WITHOUT_END):
            read(camera.url)
    finally:
        camera.close()
