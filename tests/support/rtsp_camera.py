"""A network camera on loopback: H.264 over RTSP and TCP, live, made with PyAV. Each picture carries its number."""

from __future__ import annotations

import base64
import contextlib
import re
import socket
import struct
import threading
import time
from collections.abc import Iterator
from fractions import Fraction

import av
import numpy as np

from lfr_core.recognition.faces.types import Image

__all__ = ["FPS", "RtspCamera", "number_in", "numbered"]

FPS = 25
_BITS = 8
_CELL = 24
"""Pixels a bit, at the top left: coarse enough to survive compression."""


def numbered(number: int, size: tuple[int, int]) -> Image:
    """A picture of `size` (width, height) with its number in the first row of cells."""
    width, height = size
    image = np.full((height, width, 3), 128, np.uint8)
    for bit in range(_BITS):
        image[:_CELL, bit * _CELL : (bit + 1) * _CELL] = 255 * (number >> bit & 1)
    image[height // 2 :, : width // 4] = 255
    return image


def number_in(image: Image) -> int:
    half = _CELL // 2
    return sum(1 << bit for bit in range(_BITS) if image[half, bit * _CELL + half].mean() > 128)


def encoded(size: tuple[int, int], pictures: int, *, first: int = 0, gop: int = FPS) -> list[list[bytes]]:
    """The NAL units of each picture, numbered from `first`."""
    context = av.CodecContext.create("libx264", "w")
    context.width, context.height, context.pix_fmt = *size, "yuv420p"
    context.framerate, context.gop_size = Fraction(FPS), gop
    context.options = {"preset": "ultrafast", "tune": "zerolatency", "crf": "20"}
    units = []
    for number in range(first, first + pictures):
        frame = av.VideoFrame.from_ndarray(numbered(number, size), format="bgr24")
        frame.pts = number
        units += [bytes(packet) for packet in context.encode(frame)]
    return [_nals(unit) for unit in units]


def _nals(data: bytes) -> list[bytes]:
    return [nal.rstrip(b"\0") for nal in re.split(b"\x00\x00\x01", data) if nal.rstrip(b"\0")]


class RtspCamera:
    """Plays its pictures once, in real time, to whoever connects; `began_s` is when picture 0 was seen (monotonic)."""

    def __init__(self, pictures: list[list[bytes]]) -> None:
        self._pictures = pictures
        self.held_back_s = 0.0
        """How late pictures are sent; they keep the times at which they were seen."""
        self.connections = 0
        self.began_s = time.monotonic()
        self._closing = threading.Event()
        self._server = socket.create_server(("127.0.0.1", 0))
        self.url = f"rtsp://127.0.0.1:{self._server.getsockname()[1]}/s"
        self._threads = [threading.Thread(target=self._accept, daemon=True)]
        self._threads[0].start()

    def close(self) -> None:
        self._closing.set()
        with contextlib.suppress(OSError):
            self._server.shutdown(socket.SHUT_RDWR)
        self._server.close()
        for thread in self._threads:
            thread.join(5)

    def seen_s(self, number: int) -> float:
        return self.began_s + number / FPS

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._server.accept()
                thread = threading.Thread(target=self._serve, args=(client,), daemon=True)
                self._threads.append(thread)
                thread.start()

    def _serve(self, client: socket.socket) -> None:
        with client, contextlib.suppress(OSError):
            buffer = b""
            while (got := client.recv(65_536)) and not self._closing.is_set():
                buffer += got
                while b"\r\n\r\n" in buffer:
                    request, _, buffer = buffer.partition(b"\r\n\r\n")
                    if self._answer(client, request.decode()):
                        self.connections += 1
                        self._play(client)
                        return

    def _answer(self, client: socket.socket, request: str) -> bool:
        """Whether it is to play now."""
        method, url, _ = request.splitlines()[0].split(" ", 2)
        sequence = next(line.split(":")[1].strip() for line in request.splitlines() if line.startswith("CSeq"))
        extra, body = "Session: 1;timeout=60\r\n", ""
        if method == "DESCRIBE":
            sps, pps = (next(nal for nal in self._pictures[0] if nal[0] & 31 == kind) for kind in (7, 8))
            sets = ",".join(base64.b64encode(nal).decode() for nal in (sps, pps))
            body = (
                "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=camera\r\nc=IN IP4 0.0.0.0\r\nt=0 0\r\na=range:npt=0-\r\n"
                "m=video 0 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\na=fmtp:96 packetization-mode=1;"
                f"profile-level-id={sps[1:4].hex()};sprop-parameter-sets={sets}\r\na=control:{url}/track1\r\n"
            )
            extra += f"Content-Type: application/sdp\r\nContent-Length: {len(body)}\r\n"
        elif method == "SETUP":
            extra += "Transport: RTP/AVP/TCP;unicast;interleaved=0-1\r\n"
        elif method == "OPTIONS":
            extra += "Public: OPTIONS, DESCRIBE, SETUP, PLAY, TEARDOWN\r\n"
        client.sendall(f"RTSP/1.0 200 OK\r\nCSeq: {sequence}\r\n{extra}\r\n{body}".encode())
        return method == "PLAY"

    def _play(self, client: socket.socket) -> None:
        numbers, first = _counting(), max(0, round((time.monotonic() - self.began_s) * FPS) - 1)
        for index in range(first, len(self._pictures)):
            while (wait := self.seen_s(index) + self.held_back_s - time.monotonic()) > 0:
                if self._closing.wait(min(wait, 0.05)):
                    return
            parts = [part for nal in self._pictures[index] for part in _packets(nal)]
            for at, part in enumerate(parts, start=1):
                marker = 0x80 if at == len(parts) else 0
                head = struct.pack(">BBHII", 0x80, 96 | marker, next(numbers) & 0xFFFF, index * 90_000 // FPS, 7)
                client.sendall(b"$\x00" + struct.pack(">H", len(head) + len(part)) + head + part)
        self._closing.wait(30)


def _counting() -> Iterator[int]:
    number = 0
    while True:
        yield number
        number += 1


def _packets(nal: bytes, size: int = 1_400) -> list[bytes]:
    """RFC 6184: whole, or in fragments of type FU-A."""
    if len(nal) <= size:
        return [nal]
    pieces = [nal[at : at + size] for at in range(1, len(nal), size)]
    last = len(pieces) - 1
    return [
        bytes([nal[0] & 0xE0 | 28, nal[0] & 31 | 0x80 * (at == 0) | 0x40 * (at == last)]) + piece
        for at, piece in enumerate(pieces)
    ]
