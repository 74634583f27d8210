"""What a packet of a stream says of its time."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from av.packet import Packet
    from av.video.frame import VideoFrame
    from av.video.stream import VideoStream

__all__ = ["camera_time_s", "stream_time_s"]


def stream_time_s(picture: Packet[VideoStream] | VideoFrame) -> float | None:
    """Return a picture's time in the stream, seconds."""
    stamp = picture.dts if picture.pts is None else picture.pts
    return None if stamp is None or picture.time_base is None else float(stamp * picture.time_base)


def camera_time_s(packet: Packet[VideoStream]) -> float | None:
    """Read when its sender says it was seen, seconds since the epoch: RTCP's sender reports (RFC 3550, 6.4.1).

    FFmpeg gives it as `AVProducerReferenceTime`, which begins with the microseconds as 64 bits.
    """
    if not packet.has_sidedata("prft"):
        return None
    (told_us,) = struct.unpack_from("=q", bytes(packet.get_sidedata("prft")))
    return float(told_us) / 1e6
