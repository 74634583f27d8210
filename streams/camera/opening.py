"""Opens a video or a network stream once, names the server's own answer, and tells a camera from a recording."""

from __future__ import annotations

import re
import ssl
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from lfr_core.common.errors import Poison, Retryable
from streams.camera.ffmpeg_log import FFMPEG_LOG, answer_in
from streams.camera.network import OpeningWatch, Transport, stream_options, without_proxies
from streams.camera.sources import camera_away
from streams.camera.urls import SourceKind, SourceText

if TYPE_CHECKING:
    from av.video.stream import VideoStream

__all__ = ["OpenStream", "open_stream"]

OPEN_TIMEOUT_S = 10.0
READ_TIMEOUT_S = 5.0
_REFUSED_AGAIN_S = 60.0
"""Until a refused password is tried again: cameras lock out whoever tries often."""
_FILE_OPTIONS = {"protocol_whitelist": "file"}
_RTSP_OPTIONS = {"probesize": "32768"}
"""Bytes after which opening asks no more what the pictures are like: before a key frame it would ask for ever."""
_CLOSED_RANGE = re.compile(r"^a=range:(?:npt=\S*-0*[1-9]\S*|(?:clock|smpte[\w-]*)=\S+-\S+)\s*$", re.MULTILINE)
"""RFC 2326, C.1.5: the server says where its presentation ends, or of which hours of the past it is."""
_ANSWERS = {
    401: "refuses the user or the password. Check both",
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


def open_stream(source: SourceText, *, transport: Transport, ca_file: Path | None) -> OpenStream:
    """Open it, in one session.

    Raises:
        Fatal: `ca_file` isn't there, or no certificates of the machine are found.
        Poison: a file that is no video, or a way of sending that would take its encryption off.
        Retryable: a stream that doesn't answer, refuses, has no video, or leads to another address.
    """
    import av

    if transport is Transport.HTTP and urlsplit(source.text).scheme.lower() == "rtsps":
        raise Poison("a tunnel of HTTP is not encrypted, which rtsps:// asks for: leave out --transport http")
    FFMPEG_LOG.attach()
    is_url = source.kind is SourceKind.URL
    lost, container, is_led, lines = FFMPEG_LOG.lost_packets, None, False, []
    try:
        if is_url:
            options = stream_options(ca_file, transport) | (_RTSP_OPTIONS if _is_rtsp(source) else {})
            with OpeningWatch() as watch, without_proxies(), FFMPEG_LOG.collect_lines() as lines:
                container = av.open(source.text, options=options, timeout=(OPEN_TIMEOUT_S, READ_TIMEOUT_S))
                is_led = watch.leads_elsewhere(source.text, transport.connections)
        else:
            container = av.open(source.text, options=dict(_FILE_OPTIONS))
    except (av.FFmpegError, OSError, ValueError) as error:
        raise _unopenable(source, error, lines) from error
    try:
        if is_led:
            raise Retryable(
                f"the camera {source.shown} leads to another address, which isn't read: give that one, if it is the "
                "authorised camera's",
                retry_after_s=10.0,
            )
        if not container.streams.video:
            raise _without_video(source)
    except BaseException:
        container.close()
        raise
    finite = not is_url or _has_end(source, container, lines)
    return OpenStream(container, container.streams.video[0], finite, FFMPEG_LOG.lost_packets > lost)


def _is_rtsp(source: SourceText) -> bool:
    return urlsplit(source.text).scheme.lower() in {"rtsp", "rtsps"}


def _has_end(source: SourceText, container: Any, lines: Sequence[str]) -> bool:
    """Whether the server says that what it sends ends: by RTSP's range, or by a length or an index over HTTP."""
    if _is_rtsp(source):
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


def _unopenable(source: SourceText, error: Exception, lines: Sequence[str]) -> Exception:
    """Return an error that says in words what the server itself answered."""
    import av

    if not source.kind.live:
        return Poison(f"{source.shown} can't be opened as a video: it is empty, cut off or of an unknown kind")
    camera, code = f"the camera {source.shown}", answer_in(lines)
    if any("certificate" in line.lower() for line in lines) or isinstance(error, ssl.SSLError):
        return Retryable(
            f"{camera} shows a certificate that nobody known has signed. Put the one that signs it into the file of "
            "LFR_CAMERA_CA_FILE",
            retry_after_s=10.0,
        )
    if code is not None:
        if 300 <= code < 400:  # redirects
            return Retryable(f"{camera} leads to another address, which isn't read", retry_after_s=10.0)
        said = _ANSWERS.get(code, f"refuses with the answer {code}. Look it up in the camera's manual")
        again_s = _REFUSED_AGAIN_S if code in {401, 403} else 2.0
        return Retryable(f"{camera} {said}, then try `lfr camera probe --source ...`", retry_after_s=again_s)
    if isinstance(error, av.InvalidDataError):
        return Retryable(
            f"the camera {source.shown} answers with something that is no video. Check the path of its address",
            retry_after_s=10.0,
        )
    return Retryable(camera_away(source.shown), retry_after_s=2.0)
