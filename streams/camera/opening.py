"""Opens a video or a network stream once, names the server's own answer, and tells a camera from a recording."""

from __future__ import annotations

import errno
import re
import ssl
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from lfr_core.common.errors import Poison, Retryable
from streams.camera.endings import READ_TIMEOUT_S
from streams.camera.ffmpeg_log import FFMPEG_LOG, answer_in
from streams.camera.hardware import SOFTWARE, choose_decoder
from streams.camera.network import OneAddress, Transport, stream_options, without_proxies
from streams.camera.sources import camera_away
from streams.camera.urls import SourceKind, SourceText

if TYPE_CHECKING:
    from av.codec.hwaccel import HWAccel
    from av.video.stream import VideoStream

__all__ = ["OpenStream", "open_stream"]

OPEN_TIMEOUT_S = 10.0
_REFUSED_AGAIN_S = 60.0
"""Until a refused password is tried again: cameras lock out whoever tries often."""
_FILE_OPTIONS = {"protocol_whitelist": "file"}
_RTSP_OPTIONS = {"probesize": "32768"}
"""Bytes after which opening asks no more what the pictures are like: before a key frame it would ask for ever."""
_CLOSED_RANGE = re.compile(r"^a=range:(?:npt=\S*-0*[1-9]\S*|(?:clock|smpte[\w-]*)=\S+-\S+)\s*$", re.MULTILINE)
"""RFC 2326, C.1.5: the server says where its presentation ends, or of which hours of the past it is."""
_WRONG_PART = re.compile(r"Unexpected Content-Type|Expected boundary")
"""What FFmpeg's reader of a multipart stream says of parts that it can't read."""
_PICTURE_OPTIONS = {"analyzeduration": "500000", "probesize": "2000000"}
_NO_PICTURE = -0x41444E49
"""FFmpeg's AVERROR_INVALIDDATA."""
_ANSWERS = {
    401: "refuses the user or the password. Check both, and that it takes Digest with MD5, not with SHA-256 alone",
    403: "doesn't let this user see its pictures. Give the user the right to view, on the camera",
    404: "has no such stream. Check the path of its address in the camera's manual",
    410: "has no such stream any more. Check the path of its address in the camera's manual",
    429: "is busy: it asks for fewer connections",
    453: "is busy: it has as many viewers as it takes. End another viewer, or let it serve more",
    461: "doesn't send its pictures in this way. Try --transport tcp or --transport udp",
    503: "is busy or still starting",
}


@dataclass(frozen=True, slots=True)
class OpenStream:
    """A container that was opened, with its video."""

    container: Any
    video: VideoStream
    finite: bool
    """Whether it is a recording: a file, or what a server says has an end."""
    lost: bool
    """Whether packets were lost while it was opened."""


def open_stream(
    source: SourceText,
    *,
    transport: Transport,
    ca_file: Path | None,
    decoder: str = SOFTWARE,
    by_pictures: bool = False,
) -> OpenStream:
    """Open it, in one session. `by_pictures`: Motion JPEG over HTTP whose parts are wrongly measured.

    Raises:
        Fatal: `ca_file` isn't there, no certificates of the machine are found, or `decoder` isn't on this machine.
        Poison: a file that is no video, what can't be decoded, or a way of sending that would take its encryption off.
        Retryable: a stream that doesn't answer, refuses, has no video, or leads to another address.
    """
    if transport is Transport.HTTP and urlsplit(source.text).scheme.lower() == "rtsps":
        raise Poison("a tunnel of HTTP is not encrypted, which rtsps:// asks for: leave out --transport http")
    FFMPEG_LOG.attach()
    device = choose_decoder(decoder)
    is_url = source.kind is SourceKind.URL
    lost = FFMPEG_LOG.lost_packets
    if is_url:
        options = stream_options(ca_file, transport)
        opened = _open_url(source, options, transport, device, by_pictures=by_pictures)
    else:
        opened = _open(source, _FILE_OPTIONS, device)
    if opened.error is not None:
        raise _unopenable(source, opened.error, opened) from opened.error
    container = opened.container
    try:
        if not container.streams.video:
            raise _without_video(source)
        _check_decoder(source, container.streams.video[0], decoder)
    except BaseException:
        container.close()
        raise
    finite = not is_url or _has_end(source, container, opened.lines)
    return OpenStream(container, container.streams.video[0], finite, FFMPEG_LOG.lost_packets > lost)


@dataclass(slots=True)
class _Opened:
    """What came of one try."""

    container: Any = None
    error: Exception | None = None
    lines: list[str] = field(default_factory=list)
    """What FFmpeg said meanwhile."""
    is_led: bool = False
    """Whether the answer was another address."""
    timed_out: bool = False

    def close(self) -> None:
        if self.container is not None:
            self.container.close()

    @property
    def answer(self) -> int | None:
        """The server's last answer that was no success."""
        return answer_in(self.lines) or answer_in([str(self.error)])

    @property
    def shows_pictures(self) -> bool:
        """Whether there is a video whose size is known."""
        videos = [] if self.container is None else list(self.container.streams.video)
        return bool(videos) and bool(videos[0].codec_context and videos[0].codec_context.width)


def _open_url(
    source: SourceText,
    options: dict[str, str],
    transport: Transport,
    device: HWAccel | None,
    *,
    by_pictures: bool,
) -> _Opened:
    """Open a stream; Motion JPEG whose parts are wrongly headed by its pictures alone, in a second session.

    FFmpeg's reader of parts ends at the first wrong type or length, and there are cameras that send such.
    """
    import av

    if source.is_rtsp:
        return _open(source, options | _RTSP_OPTIONS, device, transport)
    opened = _Opened()
    if not by_pictures:
        opened = _open(source, options, device, transport)
        if not isinstance(opened.error, av.InvalidDataError) and not any(map(_WRONG_PART.search, opened.lines)):
            return opened
        opened.close()
    second = _open(source, options | _PICTURE_OPTIONS, device, transport, "mjpeg")
    if second.shows_pictures:
        return second
    second.close()
    opened.container, opened.error = None, opened.error or av.InvalidDataError(_NO_PICTURE, "no picture in it")
    return opened


def _open(
    source: SourceText,
    options: dict[str, str],
    device: HWAccel | None,
    transport: Transport | None = None,
    kind: str | None = None,
) -> _Opened:
    """Open a file, or a stream if `transport` is given; `kind`: FFmpeg's format, None to find out."""
    import av

    opened, here, began_s = _Opened(), OneAddress(source.text), time.monotonic()

    def read(line: str) -> None:
        opened.lines.append(line)
        here.read_line(line)

    try:
        if transport is None:
            opened.container = av.open(source.text, options=dict(options), hwaccel=device)
            return opened
        timeout = (OPEN_TIMEOUT_S, READ_TIMEOUT_S)
        with here, without_proxies(), FFMPEG_LOG.reading_lines(read):
            opened.container = av.open(source.text, format=kind, options=dict(options), timeout=timeout, hwaccel=device)
    except (av.FFmpegError, OSError, ValueError, RuntimeError) as error:
        opened.error, opened.timed_out = error, time.monotonic() - began_s > OPEN_TIMEOUT_S - 0.1
        opened.is_led = here.led_elsewhere
    return opened


def _check_decoder(source: SourceText, video: VideoStream, decoder: str) -> None:
    """See that its pictures can be decoded, by what was asked for; Motion JPEG is sent on as it is."""
    context = video.codec_context
    if context is None:
        raise Poison(
            f"what {source.shown} sends can't be decoded here: its codec isn't known. Let it send H.264 or H.265, "
            "which it has in its settings"
        )
    if decoder != SOFTWARE and not context.is_hwaccel and context.name != "mjpeg":
        raise Poison(
            f"{decoder} can't decode what {source.shown} sends ({context.name}): let it send H.264, or set "
            f"LFR_CAMERA_DECODER to {SOFTWARE}"
        )


def _has_end(source: SourceText, container: Any, lines: Sequence[str]) -> bool:
    """Return whether the server says that what it sends ends: by RTSP's range, or by a length or an index over HTTP."""
    if source.is_rtsp:
        return (container.duration or 0) > 0 or any(_CLOSED_RANGE.search(line.replace("\r", "")) for line in lines)
    return container.size > 0 or (container.duration or 0) > 0 or container.streams.video[0].frames > 0


def _without_video(source: SourceText) -> Exception:
    if source.kind.live:
        return Retryable(
            f"the camera {source.shown} answers, and has no video in what it sends. Check the path of its address: "
            "this one may be its sound",
            retry_after_s=10.0,
        )
    return Poison(f"{source.shown} has no video in it")


def _is_redirected(opened: _Opened) -> bool:
    """Return whether the server's answer was another address, of which FFmpeg says nothing over HTTP."""
    code = opened.answer
    if opened.is_led or (code is not None and 300 <= code < 400):  # redirects
        return True
    connected = any("Successfully connected" in line for line in opened.lines)
    read_badly = any("Error reading" in line for line in opened.lines)
    return connected and not read_badly and getattr(opened.error, "errno", 0) == errno.EIO


def _unopenable(source: SourceText, error: Exception, opened: _Opened) -> Exception:
    """Return an error that says in words what the server itself answered."""
    import av

    if not source.kind.live:
        return Poison(f"{source.shown} can't be opened as a video: it is empty, cut off or of an unknown kind")
    camera, lines = f"the camera {source.shown}", opened.lines
    code = opened.answer
    if any("certificate" in line.lower() for line in lines) or isinstance(error, ssl.SSLError):
        return Retryable(
            f"{camera} shows a certificate that nobody known has signed. Put the one that signs it into the file of "
            "LFR_CAMERA_CA_FILE",
            retry_after_s=10.0,
        )
    if _is_redirected(opened):
        return Retryable(
            f"{camera} leads to another address, which isn't asked: give that one, if it is the authorised camera's",
            retry_after_s=10.0,
        )
    if code is not None:
        said = _ANSWERS.get(code, f"refuses with the answer {code}. Look it up in the camera's manual")
        again_s = _REFUSED_AGAIN_S if code in {401, 403} else 2.0
        return Retryable(f"{camera} {said}, then try `lfr camera probe --source ...`", retry_after_s=again_s)
    not_read = any("Format not on whitelist" in line for line in lines)  # a playlist, a picture that is no JPEG
    if not_read or (isinstance(error, av.InvalidDataError) and not opened.timed_out):
        return Retryable(
            f"the camera {source.shown} answers with something that is no video. Check the path of its address",
            retry_after_s=10.0,
        )
    return Retryable(camera_away(source.shown), retry_after_s=2.0)
