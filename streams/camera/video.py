"""Video files and network streams, through PyAV (FFmpeg).

OpenCV's own reader gives neither a frame's size nor its time: it stretches every picture to the first size, and what
waited in a queue for a minute looks new.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import structlog

from lfr_core.common.clock import Clock
from lfr_core.common.errors import Poison
from lfr_core.domain.frames import PictureState
from lfr_core.domain.policy import ImagePolicy
from streams.camera.bounds import bound_memory, check_size, largest_picture_bytes
from streams.camera.decoding import PictureDecoder
from streams.camera.endings import check_end, without_end
from streams.camera.ffmpeg_log import FFMPEG_LOG
from streams.camera.hardware import SOFTWARE
from streams.camera.jpeg import decodes_to, encode_jpeg, is_whole_jpeg, jpeg_size
from streams.camera.network import Transport
from streams.camera.opening import OpenStream, open_stream
from streams.camera.packets import camera_time_s, stream_time_s
from streams.camera.sources import DEFAULT_FPS, MAX_FPS, CapturedFrame, SourceInfo
from streams.camera.times import MAX_AGE_S, WAITED_S, Fate, Lateness, StreamTimes
from streams.camera.upright import pixel_shape, upright
from streams.camera.urls import SourceText

if TYPE_CHECKING:
    from av.packet import Packet
    from av.video.frame import VideoFrame
    from av.video.stream import VideoStream

__all__ = ["VideoSource"]

_IN_STEP_S, _IN_STEP_PACKETS = 2.0, 500
"""Bounds on reading ahead after opening, until a read waits: a camera first sends what it has kept."""
_THREADS = 4
"""Each but the first delays pictures by one frame."""
_MADE_UP_TIMES = frozenset({"mpjpeg", "mjpeg", "h264", "hevc", "m4v"})
"""Formats without times of their own: FFmpeg counts frames, at a rate that it assumes."""
_log = structlog.get_logger(__name__)


class VideoSource:
    """A video file or a network stream."""

    def __init__(
        self,
        source: SourceText,
        images: ImagePolicy,
        *,
        fps: float | None = None,
        max_age_s: float = MAX_AGE_S,
        transport: Transport = Transport.TCP,
        decoder: str = SOFTWARE,
        ca_file: Path | None = None,
        clock: Clock,
    ) -> None:
        """Open it.

        Args:
            source: what to open.
            images: how many pixels a picture may have.
            fps: the frame rate to play a recording at; None for its own times.
            max_age_s: how old a live picture may be; a stream that falls behind by more is caught up with, or
                opened again.
            transport: how an RTSP camera sends.
            decoder: what decodes it: software, or a device's name; Motion JPEG is always decoded by software.
            ca_file: certificates (PEM) by which a camera's TLS is believed; None for the machine's own.
            clock: where capture times come from.

        Raises:
            Fatal: `ca_file` isn't there, no certificates of the machine are found, or `decoder` isn't on this machine.
            Poison: a file that is no video, or has no frame that can be decoded.
            Retryable: a stream that doesn't answer, refuses, has no video, or leads to another address.
        """
        import av

        self._av = av
        self._clock = clock
        self._source = source
        self._fps = fps
        self._index, self._media_s, self._passed_over = -1, 0.0, 0
        self._first_s: float | None = None
        self._ahead: deque[tuple[Packet[VideoStream], bool]] = deque()
        self._pictures: deque[Packet[VideoStream] | VideoFrame] = deque()
        self._picture: Packet[VideoStream] | VideoFrame | None = None
        self.packets = 0
        """Packets of the video that were read so far: a camera that sends is seen to, without a picture too."""
        self.clock_age_s: float | None = None
        """How old the last packet was when it came, by the camera's own clock; None until it has told the time."""
        self._largest_bytes = largest_picture_bytes(images)
        bound_memory(images)
        opening = partial(open_stream, source, transport=transport, decoder=decoder, ca_file=ca_file)
        self._container: Any | None = None
        self._info = self._open(opening, images, max_age_s)

    def _open(self, opening: Callable[..., OpenStream], images: ImagePolicy, max_age_s: float) -> SourceInfo:
        """Open it and begin to read; Motion JPEG whose parts are wrongly measured a second time, by its pictures."""
        opened = opening()
        wrong_parts = opened.container.format.name == "mpjpeg"
        while True:
            self._container = opened.container
            try:
                return self._begin(opened, images, max_age_s)
            except BaseException as error:
                self.close()
                if not wrong_parts or not isinstance(error.__cause__, self._av.InvalidDataError):
                    raise
            wrong_parts = False
            self._ahead.clear()
            opened = opening(by_pictures=True)

    def _begin(self, opened: OpenStream, images: ImagePolicy, max_age_s: float) -> SourceInfo:
        container, stream = opened.container, opened.video
        context = stream.codec_context
        check_size(self._source.shown, context.width, context.height, images)
        context.options = {"max_pixels": str(round(images.max_frame_megapixels * 1e6))}
        threads = 1 if context.is_hwaccel else min(_THREADS, os.cpu_count() or 1)
        context.thread_type, context.thread_count = "AUTO", threads
        self._packets = container.demux(stream)
        own_fps = float(stream.guessed_rate or stream.average_rate or 0.0)
        own_fps = own_fps if 0 < own_fps <= MAX_FPS else DEFAULT_FPS
        count = stream.frames or round(max((container.duration or 0) / self._av.time_base, 0.0) * own_fps)
        live = not opened.finite
        self._timed = container.format.name not in _MADE_UP_TIMES
        self._times = StreamTimes(timed=self._timed) if live else None
        self._lateness = Lateness(max_age_s)
        self._decoder = PictureDecoder(context, live=live, lost=opened.lost, passthrough=False)
        if self._source.kind.live:
            self._get_in_step(_IN_STEP_PACKETS if live else 2)  # two: whether it is one still picture
        self._stream, self._most_pixels = stream, images.max_frame_megapixels * 1e6
        passthrough = context.name == "mjpeg" and self._whole_jpegs(context.width, context.height, images)
        if passthrough and (live or not self._decoder.is_turned(self._ahead[0][0])):  # a file's turn isn't in its JPEGs
            self._decoder = PictureDecoder(context, live=live, lost=opened.lost, passthrough=True)
        return SourceInfo(
            shown=self._source.shown,
            live=live,
            width_px=context.width,
            height_px=context.height,
            fps=self._fps or own_fps,
            codec=context.name,
            passthrough=self._decoder.passthrough,
            frames=count if opened.finite and count > 0 else None,
        )

    def _whole_jpegs(self, width: int, height: int, images: ImagePolicy) -> bool:
        """Return whether the first packet is a whole picture of the announced size: interlaced video has two."""
        if not self._ahead and (read := self._read()) is not None:
            self._ahead.append(read)
        if not self._ahead:
            return False
        data = bytes(self._ahead[0][0])
        try:
            size = jpeg_size(data)
        except Poison:
            return False
        check_size(self._source.shown, *size, images)
        return size == (width, height) and decodes_to(data, size)

    def _get_in_step(self, most_packets: int) -> None:
        """Read on until two reads in a row wait, so that the first pictures' ages are known."""
        began, waited, room = self._clock.monotonic(), 0, self._largest_bytes
        while len(self._ahead) < most_packets and room > 0 and self._clock.monotonic() - began < _IN_STEP_S:
            before = self._clock.monotonic()
            read = self._read()
            if read is None:
                return
            self._ahead.append(read)
            room -= read[0].size
            waited = waited + 1 if self._clock.monotonic() - before > WAITED_S else 0
            if waited == 2:  # one may be a hiccup
                return

    def _read(self) -> tuple[Packet[VideoStream], bool] | None:
        """Return the next packet and whether others were lost before it, or None when there is none any more."""
        before, lost = self._clock.monotonic(), FFMPEG_LOG.lost_packets
        try:
            packet: Packet[VideoStream] | None = next(self._packets, None)
        except self._av.FFmpegError as error:
            check_end(self._source, self._container, self.packets, error)
            return None  # cut off: what came before it was good
        if packet is None or packet.size == 0:
            check_end(self._source, self._container, self.packets)
            return None
        if packet.size >= self._largest_bytes:
            raise without_end()
        self.packets += 1
        if (sent_s := camera_time_s(packet)) is not None:
            self.clock_age_s = self._clock.time_ns() / 1e9 - sent_s
        if self._times is not None:
            now = self._clock.monotonic()
            self._times.note_arrival(now, stream_time_s(packet), now - before)
        return packet, FFMPEG_LOG.lost_packets > lost

    @property
    def info(self) -> SourceInfo:
        return self._info

    @property
    def state(self) -> PictureState:
        """What is the matter with its pictures, as far as the stream tells."""
        if self._decoder.is_damaged:
            return PictureState.DAMAGED
        if self._decoder.waits_for_key_frame:
            return PictureState.NO_KEY_FRAME
        return PictureState.SOUND if self._lateness.since_s is None else PictureState.BEHIND

    def grab(self) -> CapturedFrame | None:
        while self._container is not None:
            if self._pictures:
                if (grab := self._make_frame(self._pictures.popleft())) is not None:
                    return grab
                continue
            read = self._ahead.popleft() if self._ahead else self._read()
            if read is None:
                self._pictures.extend(self._decoder.finish())
                if not self._pictures:
                    return None
            elif self._wanted(read[0]):
                self._pictures.extend(self._decoder.feed(read[0], lost=read[1]))
            else:
                self._passed_over += 1
        return None

    def _wanted(self, packet: Packet[VideoStream]) -> bool:
        """Return whether to decode it: not while the reader is behind, unless it is a key frame."""
        now, was = self._clock.monotonic(), self._lateness
        age_s = None if self._times is None else self._times.age_s(now, stream_time_s(packet))
        if age_s is None:
            return True
        fate, self._lateness = was.step(now, age_s, key_frame=packet.is_keyframe)
        if was.since_s is None and self._lateness.since_s is not None:
            _log.warning("camera.behind", source=self._source.shown, age_s=round(age_s, 1))
        elif was.since_s is not None and self._lateness.since_s is None:
            _log.info("camera.caught-up", source=self._source.shown, after_s=round(now - was.since_s, 1))
            if was.key_frames_only:
                self._decoder.restart()
        return fate is Fate.DECODE

    def _make_frame(self, picture: Packet[VideoStream] | VideoFrame) -> CapturedFrame | None:
        """Return the frame of a picture; None for one of which nobody can say when it was seen."""
        age_s, time_s = 0.0, stream_time_s(picture)
        if self._times is None:
            self._media_s = self._recorded_s(time_s)
        elif (known_s := self._times.age_s(self._clock.monotonic(), time_s)) is not None:
            age_s = known_s
        else:
            self._passed_over += 1
            return None
        self._index += 1
        self._picture = picture
        decoder = self._decoder
        grab = CapturedFrame(
            self._clock.time_ns() - round(age_s * 1e9),
            self._media_s if self._times is None else None,
            self._passed_over + decoder.passed_over,
            decoder.damaged,
        )
        self._passed_over = decoder.damaged = decoder.undecodable = 0
        return grab

    def _recorded_s(self, time_s: float | None) -> float:
        """Return the seconds since a recording's start, by its own times where it has them; never back."""
        if self._fps is not None or not self._timed or time_s is None:
            return (self._index + 1) / (self._fps or self._info.fps)
        self._first_s = time_s if self._first_s is None else self._first_s
        return max(self._media_s, time_s - self._first_s)

    def jpeg(self) -> bytes:
        picture = self._picture
        if self._container is None or picture is None:
            raise Poison("the source is closed")
        if not isinstance(picture, self._av.VideoFrame):
            data = bytes(picture)
            if not is_whole_jpeg(data):
                raise Poison(f"frame {self._index} of {self._info.shown} is cut off")
            return data
        try:
            shape = pixel_shape(self._stream, live=self._info.live)
            return encode_jpeg(upright(picture, shape, most_pixels=self._most_pixels))
        except (self._av.FFmpegError, ValueError) as error:
            raise Poison(f"frame {self._index} of {self._info.shown} can't be decoded") from error

    def close(self) -> None:
        container, self._container = self._container, None
        if container is not None:
            self._pictures.clear()
            self._picture = None
            if hasattr(self, "_decoder"):
                self._decoder.restart()
            container.close()
