"""Where frames come from, behind one Protocol; here streams, devices and video files.

`grab()` takes the next frame and looks at nothing; `jpeg()` gives the picture of the frame just grabbed, and is asked
only for frames that will be looked at. What is a JPEG already, in a Motion JPEG video or stream or in a folder, is
handed on byte for byte; everything else is decoded and encoded again at quality 90.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Any, Protocol

from lfr_core.clock import Clock, SystemClock
from lfr_core.errors import Poison, Retryable
from streams.camera.jpeg import encode_jpeg, jpeg_size
from streams.camera.urls import SourceKind, SourceText

__all__ = ["DEFAULT_FPS", "Grab", "Source", "SourceInfo", "VideoSource"]

OPEN_TIMEOUT_S = 10.0
READ_TIMEOUT_S = 5.0
DEFAULT_FPS = 25.0
"""Frames per second of a folder of images, and of a video that doesn't say."""
_MAX_FPS = 1_000.0
_MJPG = int.from_bytes(b"MJPG", "little")


@dataclass(frozen=True, slots=True)
class SourceInfo:
    """What a source is, once it is open."""

    shown: str
    """Its name without credentials."""
    live: bool
    """Whether it is a camera; a recording behind a URL is not."""
    width_px: int
    height_px: int
    """As announced; 0 when unknown. It may change on the way."""
    fps: float
    codec: str
    passthrough: bool
    """Whether its JPEGs are handed on byte for byte."""
    frames: int | None
    """How many there are, None for a live source or when unknown."""


@dataclass(frozen=True, slots=True)
class Grab:
    """A frame that was captured; its picture has not been looked at."""

    captured_ns: int
    """Wall time, nanoseconds since the epoch."""
    media_s: float | None
    """Seconds since the recording's start; None for a live source."""


class Source(Protocol):
    """One source, open. Used by one thread at a time."""

    @property
    def info(self) -> SourceInfo: ...

    def grab(self) -> Grab | None:
        """The next frame, or None when there is none any more. Raises Retryable when the source went away."""
        ...

    def jpeg(self) -> bytes:
        """The picture of the frame just grabbed. Raises Poison when it can't be decoded."""
        ...

    def close(self) -> None:
        """Let go of it. Safe to call twice."""
        ...


class VideoSource:
    """A video file, a network stream or a device, through OpenCV (FFmpeg; Video4Linux for devices)."""

    def __init__(self, source: SourceText, *, fps: float | None = None, clock: Clock | None = None) -> None:
        """Open it.

        Args:
            source: what to open.
            fps: the frame rate to play a recording at; None for its own.
            clock: where capture times come from.

        Raises:
            Poison: a file that is no video, or has no frame that can be decoded.
            Retryable: a stream or device that doesn't answer.
        """
        # FFmpeg and OpenCV write addresses to stderr, credentials and all. FFmpeg reads this once, at its first use.
        os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")
        import cv2

        cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)
        self._cv2 = cv2
        self._clock = clock or SystemClock()
        self._source = source
        self._index = -1
        raw, codec = self._open(raw=True), ""
        width = height = 0
        if raw is not None:
            width, height = int(raw.get(cv2.CAP_PROP_FRAME_WIDTH)), int(raw.get(cv2.CAP_PROP_FRAME_HEIGHT))
            codec = _fourcc(raw.get(cv2.CAP_PROP_FOURCC))
        self._passthrough = raw is not None
        self._capture = raw if raw is not None else self._open(raw=False)
        if self._capture is None:
            if source.kind.live:
                raise Retryable(
                    f"the camera {source.shown} does not answer. Check its address, its network and its user, "
                    "then try `lfr camera probe --source ...`.",
                    retry_after_s=2.0,
                )
            raise Poison(f"{source.shown} can't be opened as a video: it is empty, cut off or of an unknown kind")
        if not self._passthrough:
            width = int(self._capture.get(cv2.CAP_PROP_FRAME_WIDTH))
            height = int(self._capture.get(cv2.CAP_PROP_FRAME_HEIGHT))
            codec = _fourcc(self._capture.get(cv2.CAP_PROP_FOURCC))
        count = self._capture.get(cv2.CAP_PROP_FRAME_COUNT)
        finite = source.kind is SourceKind.FILE or count > 0
        own_fps = self._capture.get(cv2.CAP_PROP_FPS)
        self._fps = fps or (own_fps if 0 < own_fps <= _MAX_FPS else DEFAULT_FPS)
        self._info = SourceInfo(
            shown=source.shown,
            live=source.kind.live and not finite,
            width_px=max(width, 0),
            height_px=max(height, 0),
            fps=self._fps,
            codec=codec,
            passthrough=self._passthrough,
            frames=int(count) if finite and count > 0 else None,
        )

    def _open(self, *, raw: bool) -> Any | None:
        """A cv2.VideoCapture; with `raw`, one that gives a Motion JPEG's own bytes, or None if it can't."""
        cv2 = self._cv2
        if self._source.kind is SourceKind.DEVICE:
            if raw:
                return None
            text = self._source.text
            device: int | str = int(text) if text.isdigit() else text
            capture = cv2.VideoCapture(device, cv2.CAP_ANY)
            capture.set(cv2.CAP_PROP_BUFFERSIZE, 1)  # the newest frame, not a queue of old ones
            return capture if capture.isOpened() else None
        timeouts = []
        if self._source.kind is SourceKind.URL:
            timeouts = [cv2.CAP_PROP_OPEN_TIMEOUT_MSEC, int(OPEN_TIMEOUT_S * 1_000)]
            timeouts += [cv2.CAP_PROP_READ_TIMEOUT_MSEC, int(READ_TIMEOUT_S * 1_000)]
        capture = cv2.VideoCapture(self._source.text, cv2.CAP_FFMPEG, timeouts)
        if not capture.isOpened():
            return None
        if not raw:
            return capture
        if int(capture.get(cv2.CAP_PROP_FOURCC)) != _MJPG or not capture.set(cv2.CAP_PROP_FORMAT, -1):
            capture.release()
            return None
        # The first packet must be a whole picture of the announced size: interlaced video has two a frame.
        good = False
        if capture.grab():
            got, packet = capture.retrieve()
            if got and packet is not None:
                image = cv2.imdecode(packet, cv2.IMREAD_COLOR)
                size = (int(capture.get(cv2.CAP_PROP_FRAME_HEIGHT)), int(capture.get(cv2.CAP_PROP_FRAME_WIDTH)))
                good = image is not None and image.shape[:2] == size
        if not good:
            capture.release()
            return None
        self._first_grabbed = True
        return capture

    _first_grabbed = False

    @property
    def info(self) -> SourceInfo:
        return self._info

    def grab(self) -> Grab | None:
        if self._capture is None:
            return None
        if self._first_grabbed:  # while opening
            self._first_grabbed = False
        elif not self._capture.grab():
            return None
        self._index += 1
        return Grab(
            captured_ns=self._clock.time_ns(), media_s=None if self._info.live else self._index / self._info.fps
        )

    def jpeg(self) -> bytes:
        if self._capture is None:
            raise Poison("the source is closed")
        try:
            good, image = self._capture.retrieve()
        except self._cv2.error:
            good, image = False, None
        if not good or image is None:
            raise Poison(f"frame {self._index} of {self._info.shown} can't be decoded")
        if self._passthrough:
            data = image.tobytes()
            jpeg_size(data)
            return bytes(data)
        return encode_jpeg(image)

    def close(self) -> None:
        capture, self._capture = self._capture, None
        if capture is not None:
            capture.release()


def _fourcc(value: float) -> str:
    """The codec's four letters; OpenCV gives them as a little-endian number, negative for some."""
    code = (int(value) & 0xFFFFFFFF).to_bytes(4, "little")
    return "".join(chr(byte) for byte in code if 32 <= byte < 127).strip() or "unknown"  # noqa: PLR2004  printable ASCII
