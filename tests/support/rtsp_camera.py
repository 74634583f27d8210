"""A network camera on loopback: H.264 or H.265 over RTSP, by TCP or UDP, live, made with PyAV, numbered."""

from __future__ import annotations

import base64
import contextlib
import re
import socket
import ssl
import struct
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from av.video.codeccontext import VideoCodecContext

from lfr_core.recognition.faces.types import Image

__all__ = ["FPS", "Habits", "RtspCamera", "number_in", "numbered"]

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


def encoded(
    size: tuple[int, int],
    pictures: int,
    *,
    first: int = 0,
    gop: int = FPS,
    codec: str = "libx264",
    draw: Callable[[int, tuple[int, int]], Image] = numbered,
    pixel_shape: Fraction = Fraction(1),
) -> list[list[bytes]]:
    """The NAL units of each picture, numbered from `first`; `pixel_shape`: width over height of a pixel."""
    context = av.CodecContext.create(codec, "w")
    assert isinstance(context, VideoCodecContext)
    context.width, context.height, context.pix_fmt = *size, "yuv420p"
    context.framerate, context.time_base, context.gop_size = Fraction(FPS), Fraction(1, FPS), gop
    context.sample_aspect_ratio = pixel_shape
    context.options = {"preset": "ultrafast", "tune": "zerolatency", "crf": "20"}
    if codec == "libx265":
        context.options |= {"x265-params": f"keyint={gop}:bframes=0:log-level=none:repeat-headers=1"}
    units = []
    for number in range(first, first + pictures):
        frame = av.VideoFrame.from_ndarray(draw(number, size), format="bgr24")
        frame.pts = number
        units += [bytes(packet) for packet in context.encode(frame)]
    units += [bytes(packet) for packet in context.encode(None)]
    return [_nals(unit) for unit in units]


def _nals(data: bytes) -> list[bytes]:
    return [nal.rstrip(b"\0") for nal in re.split(b"\x00\x00\x01", data) if nal.rstrip(b"\0")]


@dataclass(slots=True)
class Habits:
    """What a camera does otherwise."""

    lose: Callable[[int], bool] = lambda _: False
    """Whether the first packet of the picture of this number never comes."""
    spoil: Callable[[int], bool] = lambda _: False
    """Whether the picture of this number comes with wrong bits."""
    answers: dict[str, str] = field(default_factory=dict)
    """What it says to a request instead of yes, by method."""
    credentials: str = ""
    """As `user:password`, asked for as Basic."""
    range: str = "npt=0-"
    media: str = ""
    """Instead of its video, in SDP."""
    has_parameter_sets: bool = True
    """Whether SDP says what the pictures are like."""
    one_session: bool = False
    certificate: Path | None = None
    """Speaks TLS with it."""


class RtspCamera:
    """Plays its pictures once, in real time, to whoever connects; `began_s` is when picture 0 was seen (monotonic)."""

    def __init__(self, pictures: list[list[bytes]], habits: Habits | None = None, *, h265: bool = False) -> None:
        self._pictures = pictures
        self._h265 = h265
        self.habits = habits or Habits()
        self.sent = 0
        """Packets, of those that came."""
        self.transports: list[str] = []
        self._sessions = 0
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
        if self.habits.certificate is not None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(self.habits.certificate)
            try:
                client = context.wrap_socket(client, server_side=True)
            except OSError:
                client.close()
                return
        with client, contextlib.suppress(OSError):
            buffer, session = b"", _Session(client)
            while (got := client.recv(65_536)) and not self._closing.is_set():
                buffer += got
                while b"\r\n\r\n" in buffer:
                    request, _, buffer = buffer.partition(b"\r\n\r\n")
                    if self._answer(session, request.decode()):
                        self.connections += 1
                        self._sessions += 1
                        try:
                            self._play(session)
                        finally:
                            self._sessions -= 1
                            session.close()
                        return

    def _answer(self, session: _Session, request: str) -> bool:
        """Whether it is to play now."""
        method, url, _ = request.splitlines()[0].split(" ", 2)
        headers = dict(line.split(": ", 1) for line in request.splitlines()[1:])
        status, extra, body = "200 OK", "Session: 1;timeout=60\r\n", ""
        known = "Basic " + base64.b64encode(self.habits.credentials.encode()).decode()
        if self.habits.credentials and method != "OPTIONS" and headers.get("Authorization") != known:
            status, extra = "401 Unauthorized", 'WWW-Authenticate: Basic realm="camera"\r\n'
        elif method in self.habits.answers:
            status, extra = self.habits.answers[method], ""
        elif method == "SETUP" and self.habits.one_session and self._sessions:
            status, extra = "453 Not Enough Bandwidth", ""
        elif method == "DESCRIBE":
            body = self._describe(url)
            extra += f"Content-Type: application/sdp\r\nContent-Length: {len(body)}\r\n"
        elif method == "SETUP":
            extra += f"Transport: {session.set_up(headers['Transport'])}\r\n"
            self.transports.append("udp" if session.datagrams else "tcp")
        elif method == "OPTIONS":
            extra += "Public: OPTIONS, DESCRIBE, SETUP, PLAY, TEARDOWN\r\n"
        session.client.sendall(f"RTSP/1.0 {status}\r\nCSeq: {headers['CSeq']}\r\n{extra}\r\n{body}".encode())
        return method == "PLAY" and status.startswith("200")

    def _describe(self, url: str) -> str:
        head = (
            "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=camera\r\nc=IN IP4 0.0.0.0\r\nt=0 0\r\n"
            f"a=range:{self.habits.range}\r\n"
        )
        if self.habits.media:
            return f"{head}{self.habits.media}a=control:{url}/track1\r\n"
        if self._h265:
            return f"{head}m=video 0 RTP/AVP 96\r\na=rtpmap:96 H265/90000\r\na=control:{url}/track1\r\n"
        parameters = ""
        if self.habits.has_parameter_sets:
            sps, pps = (next(nal for nal in self._pictures[0] if nal[0] & 31 == kind) for kind in (7, 8))
            sets = ",".join(base64.b64encode(nal).decode() for nal in (sps, pps))
            parameters = f";profile-level-id={sps[1:4].hex()};sprop-parameter-sets={sets}"
        return (
            f"{head}m=video 0 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\n"
            f"a=fmtp:96 packetization-mode=1{parameters}\r\na=control:{url}/track1\r\n"
        )

    def _play(self, session: _Session) -> None:
        numbers, first = _counting(), max(0, round((time.monotonic() - self.began_s) * FPS) - 1)
        for index in range(first, len(self._pictures)):
            while (wait := self.seen_s(index) + self.held_back_s - time.monotonic()) > 0:
                if self._closing.wait(min(wait, 0.05)):
                    return
            nals = self._pictures[index]
            if self.habits.spoil(index):
                nals = [_spoilt(nal) for nal in nals]
            parts = [part for nal in nals for part in _packets(nal, h265=self._h265)]
            for at, part in enumerate(parts, start=1):
                marker, number = 0x80 if at == len(parts) else 0, next(numbers)
                if at == 1 and self.habits.lose(index):
                    continue
                head = struct.pack(">BBHII", 0x80, 96 | marker, number & 0xFFFF, index * 90_000 // FPS, 7)
                session.send(head + part)
                self.sent += 1
        self._closing.wait(30)


def _counting() -> Iterator[int]:
    number = 0
    while True:
        yield number
        number += 1


class _Session:
    """One viewer's, over the connection on which it asks or by datagrams."""

    def __init__(self, client: socket.socket) -> None:
        self.client = client
        self.datagrams: socket.socket | None = None

    def set_up(self, transport: str) -> str:
        if (ports := re.search(r"client_port=(\d+)-(\d+)", transport)) is None:
            return "RTP/AVP/TCP;unicast;interleaved=0-1"
        self.datagrams = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.datagrams.bind(("127.0.0.1", 0))
        self.datagrams.connect(("127.0.0.1", int(ports[1])))
        own = self.datagrams.getsockname()[1]
        return f"RTP/AVP;unicast;{ports[0]};server_port={own}-{own + 1}"

    def close(self) -> None:
        if self.datagrams is not None:
            self.datagrams.close()

    def send(self, packet: bytes) -> None:
        if self.datagrams is None:
            self.client.sendall(b"$\x00" + struct.pack(">H", len(packet)) + packet)
        else:
            self.datagrams.send(packet)


def _spoilt(nal: bytes) -> bytes:
    """With wrong bits in its middle; parameter sets as they are."""
    if len(nal) < 60:
        return nal
    at = len(nal) // 2
    return nal[:at] + bytes(byte ^ 0x55 for byte in nal[at : at + 20]) + nal[at + 20 :]


def _packets(nal: bytes, size: int = 1_400, *, h265: bool = False) -> list[bytes]:
    """RFC 6184 and 7798: whole, or in fragments of type FU-A or FU."""
    if len(nal) <= size:
        return [nal]
    if h265:
        kind, head = nal[0] >> 1 & 63, bytes([nal[0] & 0x81 | 49 << 1, nal[1]])
        cut = [nal[at : at + size] for at in range(2, len(nal), size)]
        return [
            head + bytes([kind | 0x80 * (at == 0) | 0x40 * (at == len(cut) - 1)]) + piece
            for at, piece in enumerate(cut)
        ]
    pieces = [nal[at : at + size] for at in range(1, len(nal), size)]
    last = len(pieces) - 1
    return [
        bytes([nal[0] & 0xE0 | 28, nal[0] & 31 | 0x80 * (at == 0) | 0x40 * (at == last)]) + piece
        for at, piece in enumerate(pieces)
    ]
