"""Motion JPEG as cameras send it against the letter: each of these was reported of another system (docs/testing.md)."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import cv2
import numpy as np
import pytest

from lfr_core.common.clock import SystemClock
from lfr_core.domain.policy import Policy
from streams.camera.jpeg import decodes_to
from streams.camera.open_source import open_source
from streams.camera.urls import parse_source

SIZE = (320, 180)
NOISE = np.random.default_rng(1).integers(0, 255, (60, SIZE[1], SIZE[0], 3), dtype=np.uint8)
PICTURES = [bytes(cv2.imencode(".jpg", each)[1]) for each in NOISE]
TYPES = {
    "mixed": "multipart/mixed; boundary=b",
    "no name of the boundary": "multipart/x-mixed-replace",
    "no type at all": None,
    "capitals": "Multipart/X-Mixed-Replace;Boundary=b",
}
HABITS = (
    *TYPES,
    "as it should be",
    "no first boundary",
    "no part's type",
    "no length",
    "options at the type",
    "two beginnings",
    "bare line ends",
)


def part(habit: str, number: int) -> bytes:
    picture = (b"\xff\xd8" if habit == "two beginnings" else b"") + PICTURES[number % len(PICTURES)]
    head = b"" if habit == "no first boundary" and number == 0 else b"--b\r\n"
    if habit != "no part's type":
        options = b";size=%d" % len(picture) if habit == "options at the type" else b""
        head += b"Content-Type: image/jpeg" + options + b"\r\n"
    if habit != "no length":
        head += b"Content-Length: %d\r\n" % len(picture)
    if habit == "bare line ends":
        return (head + b"\r\n").replace(b"\r\n", b"\n") + picture + b"\n"
    return head + b"\r\n" + picture + b"\r\n"


class _Camera(BaseHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        pass

    def do_GET(self) -> None:
        habit = HABITS[int(self.path.removeprefix("/"))]
        self.send_response(200)
        if (kind := TYPES.get(habit, "multipart/x-mixed-replace; boundary=b")) is not None:
            self.send_header("Content-Type", kind)
        self.end_headers()
        try:
            for number in range(500):
                self.wfile.write(part(habit, number))
                time.sleep(0.02)
        except OSError:  # who looked has gone
            return


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    with ThreadingHTTPServer(("127.0.0.1", 0), _Camera) as server:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_port
        server.shutdown()


@pytest.mark.parametrize("habit", HABITS)
def test_a_camera_with_an_odd_habit_gives_whole_pictures(habit: str, port: int, policy: Policy) -> None:
    address = f"http://127.0.0.1:{port}/{HABITS.index(habit)}"
    source = open_source(parse_source(address), policy.images, clock=SystemClock())
    try:
        for _ in range(5):
            assert source.grab() is not None
            assert decodes_to(source.jpeg(), SIZE)
    finally:
        source.close()
