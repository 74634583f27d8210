"""Decodes a stream's packets and hands on sound pictures alone.

A picture is made of the ones before it, back to the last key frame. So what follows a lost packet or an error of the
decoder is damaged up to the next key frame that came whole, whether or not the decoder says so: it is counted, and
nobody ever looks at it. A decoder is emptied there and begins anew, as after opening.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from streams.camera.ffmpeg_log import FFMPEG_LOG
from streams.camera.upright import is_turned

if TYPE_CHECKING:
    from av.packet import Packet
    from av.video.codeccontext import VideoCodecContext
    from av.video.frame import VideoFrame
    from av.video.stream import VideoStream

__all__ = ["PictureDecoder"]

_WHOLE_AFTER = 2
"""A lost packet is noticed while one picture is being read; it may have been of that one or of the next."""


class PictureDecoder:
    """One stream's decoder; `passthrough` hands on packets that are pictures already. Used by one thread."""

    def __init__(self, context: VideoCodecContext, *, live: bool, lost: bool, passthrough: bool) -> None:
        """`live`: it may begin between key frames; `lost`: packets were lost while it was opened."""
        import av

        self._error = av.FFmpegError
        self._context = context
        self.passthrough = passthrough
        """Whether its packets are handed on as they are."""
        self._since_loss = 0 if lost else _WHOLE_AFTER
        self._errors = FFMPEG_LOG.errors
        self._inside = 0
        self.waits_for_key_frame = live and not passthrough
        self.is_damaged = False
        """Whether it waits because of damage, not because it has just begun."""
        self.damaged = 0
        """Pictures that weren't handed on because they are damaged."""
        self.undecodable = 0
        """Others that weren't: before the first key frame, or nothing came of them."""

    @property
    def passed_over(self) -> int:
        return self.damaged + self.undecodable

    def is_turned(self, packet: Packet[VideoStream]) -> bool:
        """Return whether the picture of the first packet says that it is to be shown turned or mirrored."""
        frames = self._decode(packet)
        self.restart()
        return any(map(is_turned, frames))

    def feed(self, packet: Packet[VideoStream], *, lost: bool) -> list[Packet[VideoStream] | VideoFrame]:
        """Return the sound pictures that come of a packet; `lost`: others were lost while it was read."""
        sound: list[Packet[VideoStream] | VideoFrame] = []
        if lost:
            sound += self.finish()  # they came before
            self._wait()
        self._since_loss = 0 if lost else self._since_loss + 1
        if self.waits_for_key_frame:
            if not packet.is_keyframe or self._since_loss < _WHOLE_AFTER:
                self._pass_over(1)
                return sound
            self.waits_for_key_frame = self.is_damaged = False
            self._errors = FFMPEG_LOG.errors  # what was said meanwhile is of pictures that were passed over
        if self.passthrough:
            return [*sound, packet]
        return [*sound, *self._decode(packet)]

    def finish(self) -> list[Packet[VideoStream] | VideoFrame]:
        """Return the sound pictures that the decoder still has; it can be fed again afterwards."""
        if self.passthrough or not self._context.is_open:
            return []
        sound = self._decode(None)
        self.restart()
        return [*sound]

    def _decode(self, packet: Packet[VideoStream] | None) -> list[VideoFrame]:
        self._inside += packet is not None
        try:
            frames = self._context.decode(packet)
        except self._error:
            frames = []
            if packet is not None:
                self._inside -= 1
                self.undecodable += 1
        self._inside = max(0, self._inside - len(frames))
        if FFMPEG_LOG.errors != self._errors:
            self.damaged += len(frames) + self._inside
            self.restart()
            self._wait()
            return []
        sound = [frame for frame in frames if not frame.is_corrupt]
        self.damaged += len(frames) - len(sound)
        return sound

    def _wait(self) -> None:
        self.waits_for_key_frame = self.is_damaged = True

    def _pass_over(self, pictures: int) -> None:
        if self.is_damaged:
            self.damaged += pictures
        else:
            self.undecodable += pictures

    def restart(self) -> None:
        """Empty the decoder, its threads at rest: one that waited for the interpreter to log couldn't be awaited."""
        if self._context.is_open:
            with suppress(self._error):
                self._context.decode(None)
            self._context.flush_buffers()
        self._inside = 0
        self._errors = FFMPEG_LOG.errors
