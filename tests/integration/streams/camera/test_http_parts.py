"""Motion JPEG over HTTP as cameras send it: wrong lengths and types, other boundaries; and servers that hold still."""

from __future__ import annotations

import io
import socket
import time
from collections.abc import Callable
from contextlib import closing

import cv2
import numpy as np
import pytest
from PIL import Image

from lfr_core.common.clock import SystemClock
from lfr_core.common.errors import Retryable
from lfr_core.domain.policy import load_policy
from streams.camera import opening
from streams.camera.jpeg import jpeg_size
from streams.camera.open_source import open_source
from streams.camera.urls import parse_source
from tests.support.answering_server import serving
from tests.support.tiers import leave_to_long

IMAGES = load_policy().images
NOISE = np.random.default_rng(1).integers(0, 255, (240, 320, 3), dtype=np.uint8)
PICTURES = [cv2.imencode(".jpg", np.roll(NOISE, 4 * n, 1))[1].tobytes() for n in range(10)]
Part = Callable[[bytes], bytes]


def headed(*lines: str) -> Part:
    """A part with these header lines; `{size}` is the picture's."""
    return lambda jpeg: "\r\n".join(["--frame", *lines, "", ""]).format(size=len(jpeg)).encode() + jpeg + b"\r\n"


def measured(wrong: int) -> Part:
    return lambda jpeg: headed("Content-Type: image/jpeg", f"Content-Length: {len(jpeg) + wrong}")(jpeg)


JPEG, LENGTH = "Content-Type: image/jpeg", "Content-Length: {size}"
PARTS: dict[str, Part] = {
    "without a length": headed(JPEG),
    "a length too short": measured(-100),
    "a length too long": measured(100),
    "a length of nothing": headed(JPEG, "Content-Length: 0"),
    "no type": headed(LENGTH),
    "another word for the type": headed("Content-Type: image/jpg", LENGTH),
    "a line of text between": lambda jpeg: (
        b"--frame\r\nContent-Type: text/plain\r\n\r\nhello\r\n" + headed(JPEG, LENGTH)(jpeg)
    ),
    "line feeds alone": lambda jpeg: headed(JPEG, LENGTH)(jpeg).replace(b"\r\n", b"\n", 4),
    "small letters": headed("content-type:image/jpeg", "content-length:{size}"),
    "zeros after each picture": lambda jpeg: headed(JPEG, LENGTH)(jpeg + bytes(333)),
}


def stream(
    part: Part, kind: str = "multipart/x-mixed-replace; boundary=frame", before: bytes = b""
) -> Callable[[socket.socket], None]:
    def answer(client: socket.socket) -> None:
        client.sendall(f"HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\n\r\n".encode() + before)
        for number in range(500):
            client.sendall(part(PICTURES[number % len(PICTURES)]))
            time.sleep(0.04)

    return answer


def look(url: str, pictures: int = 12) -> int:
    """How many different pictures of the right size come."""
    found = set()
    with closing(open_source(parse_source(url), IMAGES, clock=SystemClock())) as source:
        assert source.info.live
        for _ in range(pictures):
            grab = source.grab()
            assert grab is not None
            jpeg = source.jpeg()
            assert jpeg_size(jpeg) == (320, 240)
            found.add(jpeg)
    return len(found)


@pytest.mark.parametrize(
    "how", leave_to_long(PARTS, but=["a length too short", "another word for the type", "no type"])
)
def test_parts_of_any_making_are_read(how: str) -> None:
    with serving(stream(PARTS[how])) as url:
        assert look(url) > 8


@pytest.mark.parametrize(
    ("kind", "before"),
    [
        ("multipart/x-mixed-replace; boundary=frame", b"This is a multipart message\r\n"),
        pytest.param('multipart/x-mixed-replace;boundary="--frame"', b"", marks=pytest.mark.slow),
        pytest.param("multipart/x-mixed-replace; boundary=other", b"", marks=pytest.mark.slow),
        pytest.param("multipart/x-mixed-replace", b"", marks=pytest.mark.slow),
    ],
)
def test_boundaries_of_any_making_are_read(kind: str, before: bytes) -> None:
    with serving(stream(headed(JPEG, LENGTH), kind, before)) as url:
        assert look(url) > 8


@pytest.mark.parametrize(
    "head",
    [
        "Content-Type: image/jpeg\r\nContent-Length: {size}\r\n",
        "Content-Type: image/jpeg\r\n",
        "Content-Type: application/octet-stream\r\n",
    ],
    ids=["measured", "until it closes", "of no type"],
)
def test_an_address_that_gives_one_still_picture_is_called_what_it_is(head: str) -> None:
    def answer(client: socket.socket) -> None:
        client.sendall(f"HTTP/1.0 200 OK\r\n{head.format(size=len(PICTURES[0]))}\r\n".encode() + PICTURES[0])

    with serving(answer) as url, pytest.raises(Retryable, match=r"one picture and closed.*its stream"):
        open_source(parse_source(url), IMAGES, clock=SystemClock())


@pytest.mark.parametrize("kind", ["png", "webp", "gif"])
def test_a_still_picture_of_another_kind_is_no_video_and_its_camera_does_answer(kind: str) -> None:
    picture = io.BytesIO()
    Image.fromarray(NOISE).save(picture, kind)

    def answer(client: socket.socket) -> None:
        client.sendall(f"HTTP/1.0 200 OK\r\nContent-Type: image/{kind}\r\n\r\n".encode() + picture.getvalue())

    with serving(answer) as url, pytest.raises(Retryable, match="something that is no video"):
        open_source(parse_source(url), IMAGES, clock=SystemClock())


def say(text: str) -> Callable[[socket.socket], None]:
    return lambda client: client.sendall(text.replace("\n", "\r\n").encode())


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (say("HTTP/1.1 302 Found\nLocation: /other\nContent-Length: 0\n\n"), "leads to another address"),
        (say("HTTP/1.1 301 Moved\nLocation: https://192.0.2.9/\nContent-Length: 0\n\n"), "leads to another address"),
        (
            say('HTTP/1.1 401 No\nWWW-Authenticate: Digest realm="c", nonce="n"\nContent-Length: 0\n\n'),
            "refuses the user",
        ),
        (say("HTTP/1.1 404 Not Found\nContent-Length: 0\n\n"), "has no such stream"),
        (
            say("HTTP/1.1 200 OK\nContent-Type: text/html\nContent-Length: 18\n\n<html>login</html>"),
            "something that is no video",
        ),
        (lambda _: None, "does not answer"),
    ],
    ids=["redirect", "elsewhere", "password", "not-found", "page", "closes"],
)
def test_what_a_server_answers_is_said(answer: Callable[[socket.socket], None], said: str) -> None:
    with serving(answer) as url, pytest.raises(Retryable, match=said):
        open_source(parse_source(url), IMAGES, clock=SystemClock())


def test_a_server_that_takes_the_connection_and_holds_still_does_not_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(opening, "OPEN_TIMEOUT_S", 1.0)
    with serving(lambda _: time.sleep(3)) as url:
        for scheme in ("http", "rtsp"):
            with pytest.raises(Retryable, match="does not answer"):
                open_source(parse_source(url.replace("http", scheme, 1)), IMAGES, clock=SystemClock())
