"""Video files and network streams, through PyAV (FFmpeg).

OpenCV's own reader gives neither a frame's size nor its time: it stretches every picture to the first size, and what
waited in a queue for a minute looks new.
"""

from __future__ import annotations

import os
from collections import deque
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import structlog

from lfr_core.common.clock import Clock, SystemClock
from lfr_core.common.errors import Poison, Retryable
from lfr_core.domain.policy import ImagePolicy
from lfr_core.recognition.faces.types import Image
from streams.camera.jpeg import encode_jpeg, jpeg_size
from streams.camera.network import OpeningWatch, stream_options
from streams.camera.sources import DEFAULT_FPS, MAX_FPS, Grab, SourceInfo, camera_away
from streams.camera.times import WAITED_S, Fate, Lateness, StreamTimes
from streams.camera.urls import SourceKind, SourceText

if TYPE_CHECKING:
    from av.packet import Packet
    from av.video.frame import VideoFrame
    from av.video.stream import VideoStream

__all__ = ["VideoSource"]

OPEN_TIMEOUT_S = 10.0
READ_TIMEOUT_S = 5.0
_IN_STEP_S = 2.0
_IN_STEP_PACKETS = 500
"""Bounds on reading ahead after opening, until a read waits: a camera first sends what it has kept."""
_THREADS = 4
"""Each but the first delays pictures by one frame."""
_MADE_UP_TIMES = frozenset({"mpjpeg", "mjpeg", "h264", "hevc", "m4v"})
"""Formats without times of their own: FFmpeg counts frames, at a rate that it assumes."""
_FILE_OPTIONS = {"protocol_whitelist": "file"}
_log = structlog.get_logger(__name__)


class VideoSource:
    """A video file or a network stream."""

    def __init__(
        self,
        source: SourceText,
        images: ImagePolicy,
        *,
        fps: float | None = None,
        max_age_s: float | None = None,
        ca_file: Path | None = None,
        clock: Clock | None = None,
    ) -> None:
        """Open it.

        Args:
            source: what to open.
            images: how many pixels a picture may have.
            fps: the frame rate to play a recording at; None for its own.
            max_age_s: how old a live picture may be; a stream that falls behind by more is caught up with, or
                opened again. None for never.
            ca_file: certificates (PEM) by which a camera's TLS is believed; None for the machine's own.
            clock: where capture times come from.

        Raises:
            Fatal: `ca_file` isn't there, or no certificates of the machine are found.
            Poison: a file that is no video, or has no frame that can be decoded.
            Retryable: a stream that doesn't answer, or leads to another address.
        """
        import av

        # FFmpeg would write addresses, credentials and all. Any other level goes through Python, and a decoding thread
        # that waits for the interpreter stops the one that waits for that thread.
        av.logging.set_level(None)
        self._av = av
        self._clock = clock or SystemClock()
        self._source = source
        self._index = -1
        self._passed_over = 0
        self._ahead: deque[Packet[VideoStream]] = deque()
        self._frames: deque[VideoFrame] = deque()
        self._picture: Packet[VideoStream] | VideoFrame | None = None
        self._container: Any | None = None
        try:
            if source.kind is SourceKind.URL:
                self._open_url(source, stream_options(ca_file))
            else:
                self._container = av.open(source.text, options=dict(_FILE_OPTIONS))
        except (av.FFmpegError, OSError, ValueError) as error:
            self.close()
            raise self._unopenable() from error
        try:
            self._info = self._begin(images, fps, max_age_s)
        except BaseException:
            self.close()
            raise

    def _open_url(self, source: SourceText, options: dict[str, str]) -> None:
        """Open a camera on the network, and no other than the one that was named."""
        with OpeningWatch() as watch:
            self._container = self._av.open(source.text, options=options, timeout=(OPEN_TIMEOUT_S, READ_TIMEOUT_S))
            is_led = watch.leads_elsewhere(source.text)
        if is_led:
            self.close()
            raise Retryable(
                f"the camera {source.shown} leads to another address, which isn't read: give that one, if it is the "
                "authorised camera's",
                retry_after_s=10.0,
            )

    def _unopenable(self) -> Exception:
        if self._source.kind.live:
            return Retryable(camera_away(self._source.shown), retry_after_s=2.0)
        return Poison(f"{self._source.shown} can't be opened as a video: it is empty, cut off or of an unknown kind")

    def _begin(self, images: ImagePolicy, fps: float | None, max_age_s: float | None) -> SourceInfo:
        container = self._container
        assert container is not None
        if not container.streams.video:
            raise self._unopenable()
        stream: VideoStream = container.streams.video[0]
        context = self._context = stream.codec_context
        if context.width * context.height > images.max_frame_megapixels * 1e6:
            raise Poison(
                f"the pictures of {self._source.shown} have {context.width} x {context.height} px, more than the "
                f"{images.max_frame_megapixels:g} megapixels allowed; lower its resolution"
            )
        context.options = {"max_pixels": str(round(images.max_frame_megapixels * 1e6))}
        context.thread_type = "AUTO"
        context.thread_count = min(_THREADS, os.cpu_count() or 1)
        self._packets = container.demux(stream)
        own_fps = float(stream.guessed_rate or stream.average_rate or 0.0)
        own_fps = own_fps if 0 < own_fps <= MAX_FPS else DEFAULT_FPS
        seconds = (container.duration or 0) / self._av.time_base
        count = stream.frames or round(max(seconds, 0.0) * own_fps)
        finite = self._source.kind is SourceKind.FILE or count > 0 or container.size > 0  # a server says how long
        live = self._source.kind.live and not finite
        self._times = StreamTimes(timed=container.format.name not in _MADE_UP_TIMES) if live else None
        self._lateness = Lateness(float("inf") if max_age_s is None else max_age_s)
        if live:
            self._get_in_step()
        self._passthrough = context.name == "mjpeg" and self._whole_jpegs(context.width, context.height)
        return SourceInfo(
            shown=self._source.shown,
            live=live,
            width_px=context.width,
            height_px=context.height,
            fps=fps or own_fps,
            codec=context.name,
            passthrough=self._passthrough,
            frames=count if finite and count > 0 else None,
        )

    def _whole_jpegs(self, width: int, height: int) -> bool:
        """Whether the first packet is a whole picture of the announced size: interlaced video has two a frame."""
        import cv2

        if not self._ahead and (packet := self._read()) is not None:
            self._ahead.append(packet)
        if not self._ahead:
            return False
        data = bytes(self._ahead[0])
        try:
            if jpeg_size(data) != (width, height):
                return False
        except Poison:
            return False
        image = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR | cv2.IMREAD_IGNORE_ORIENTATION)
        return image is not None and image.shape[:2] == (height, width)

    def _get_in_step(self) -> None:
        """Read on until two reads in a row wait, so that the first pictures' ages are known."""
        began, waited = self._clock.monotonic(), 0
        while len(self._ahead) < _IN_STEP_PACKETS and self._clock.monotonic() - began < _IN_STEP_S:
            before = self._clock.monotonic()
            packet = self._read()
            if packet is None:
                return
            self._ahead.append(packet)
            waited = waited + 1 if self._clock.monotonic() - before > WAITED_S else 0
            if waited == 2:  # noqa: PLR2004  one may be a hiccup
                return

    def _read(self) -> Packet[VideoStream] | None:
        """The next packet from the file or the network, or None when there is none any more."""
        before = self._clock.monotonic()
        try:
            packet: Packet[VideoStream] | None = next(self._packets, None)
        except self._av.FFmpegError as error:
            if self._source.kind.live:
                raise Retryable(f"the camera gave nothing ({error.strerror})") from error
            return None  # cut off: what came before it was good
        if packet is not None and packet.size == 0:
            packet = None  # the end
        if packet is not None and self._times is not None:
            now = self._clock.monotonic()
            self._times.arrived(now, _time_s(packet), now - before)
        return packet

    @property
    def info(self) -> SourceInfo:
        return self._info

    def grab(self) -> Grab | None:
        while self._container is not None:
            if self._frames:
                if (grab := self._grabbed(self._frames.popleft())) is not None:
                    return grab
                continue
            packet = self._ahead.popleft() if self._ahead else self._read()
            if packet is None:
                if self._passthrough or not self._decode(None):
                    return None
            elif not self._wanted(packet):
                self._passed_over += 1
            elif not self._passthrough:
                self._decode(packet)
            elif (grab := self._grabbed(packet)) is not None:
                return grab
        return None

    def _wanted(self, packet: Packet[VideoStream]) -> bool:
        """Whether to decode it: not while the reader is behind, unless it is a key frame."""
        now, was = self._clock.monotonic(), self._lateness
        age_s = None if self._times is None else self._times.age_s(now, _time_s(packet))
        if age_s is None:
            return True
        fate, self._lateness = was.step(now, age_s, key_frame=packet.is_keyframe)
        if was.since_s is None and self._lateness.since_s is not None:
            _log.warning("camera.behind", source=self._source.shown, age_s=round(age_s, 1))
        elif was.since_s is not None and self._lateness.since_s is None:
            _log.info("camera.caught-up", source=self._source.shown, after_s=round(now - was.since_s, 1))
            if was.key_frames_only and not self._passthrough:
                self._context.flush_buffers()
        return fate is Fate.DECODE

    def _decode(self, packet: Packet[VideoStream] | None) -> bool:
        """Whether a frame came of it; None asks for those that the decoder still has."""
        try:
            frames = self._context.decode(packet)
        except self._av.FFmpegError:
            self._passed_over += packet is not None
            return False
        self._frames.extend(frames)
        return bool(frames)

    def _grabbed(self, picture: Packet[VideoStream] | VideoFrame) -> Grab | None:
        """The frame of a picture; None for one of which nobody can say when it was seen."""
        age_s, media_s = 0.0, None
        if self._times is None:
            media_s = (self._index + 1) / self._info.fps
        elif (known_s := self._times.age_s(self._clock.monotonic(), _time_s(picture))) is not None:
            age_s = known_s
        else:
            self._passed_over += 1
            return None
        self._index += 1
        self._picture = picture
        passed_over, self._passed_over = self._passed_over, 0
        return Grab(self._clock.time_ns() - round(age_s * 1e9), media_s, passed_over)

    def jpeg(self) -> bytes:
        picture = self._picture
        if self._container is None or picture is None:
            raise Poison("the source is closed")
        if not isinstance(picture, self._av.VideoFrame):
            data = bytes(picture)
            jpeg_size(data)
            return data
        try:
            return encode_jpeg(_upright(picture))
        except (self._av.FFmpegError, ValueError) as error:
            raise Poison(f"frame {self._index} of {self._info.shown} can't be decoded") from error

    def close(self) -> None:
        container, self._container = self._container, None
        if container is not None:
            container.close()


def _time_s(picture: Packet[VideoStream] | VideoFrame) -> float | None:
    """Its time in the stream, seconds."""
    stamp = picture.dts if picture.pts is None else picture.pts
    return None if stamp is None or picture.time_base is None else float(stamp * picture.time_base)


def _upright(frame: VideoFrame) -> Image:
    """Shape (height, width, 3), uint8, BGR: of this frame's own size, colours and turn, not the first one's."""
    image = frame.to_ndarray(format="bgr24")
    return np.ascontiguousarray(np.rot90(image, round(frame.rotation / 90)), dtype=np.uint8)
