"""What a camera is asked to do, and what it says of it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from lfr_core.common.errors import Poison
from lfr_core.domain.frames import PictureState
from streams.camera.hardware import SOFTWARE
from streams.camera.network import Transport

__all__ = ["CameraJob", "CameraProgress", "CameraReport"]

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


@dataclass(frozen=True, slots=True)
class CameraJob:
    """One run of one camera.

    Raises:
        Poison: the camera's or the deployment's name can't be used.
    """

    source: str
    """RTSP or HTTP URL, device, file or folder. May hold credentials: never log it."""
    deployment: str
    camera: str
    """The camera's name: the key of its frames."""
    as_fast_as_possible: bool = False
    """Back-pressure instead of drops, for recordings: the sender waits for the workers."""
    loop: bool = False
    """Play a recording again and again."""
    fps: float | None = None
    """Frames per second to play a recording at; None for its own."""
    media_time: bool | None = None
    """Whether capture times are those of the recording, begun now, instead of wall time. None: only with
    `as_fast_as_possible`, since trackers and the merging of alerts reckon in capture time, and a recording that
    is played at another pace than it was taken would mislead both. Latency counts from sending then."""

    transport: Transport = Transport.TCP
    """How an RTSP camera sends its pictures."""
    decoder: str = SOFTWARE
    """What decodes its pictures: software, or a device's name."""
    ca_file: Path | None = None
    """Certificates (PEM) by which a network camera's TLS is believed; None for the machine's own."""

    @property
    def uses_media_time(self) -> bool:
        return self.as_fast_as_possible if self.media_time is None else self.media_time

    def __post_init__(self) -> None:
        for what, name in (("camera", self.camera), ("deployment", self.deployment)):
            if not _NAME.fullmatch(name):
                raise Poison(
                    f"{name!r} can't be a {what}'s name: use 1 to 64 letters, digits, dots, hyphens or underscores, "
                    "beginning with a letter or a digit"
                )
        if self.fps is not None and not 0 < self.fps <= 1_000:  # nothing is faster
            raise Poison(f"{self.fps:g} frames per second can't be played; give a number up to 1000")


@dataclass(frozen=True, slots=True)
class CameraReport:
    """What became of a session's frames at the camera: captured = not_sampled + dropped_at_camera + sent."""

    captured: int = 0
    not_sampled: int = 0
    dropped_at_camera: int = 0
    sent: int = 0
    delivery_failed: int = 0
    """Sent, but the broker never confirmed them; `record` records those that didn't arrive as lost."""
    undecodable: int = 0
    """Of those dropped: no picture could be made."""
    damaged: int = 0
    """Of those dropped: parts were lost on the way or didn't decode, so nobody looked at them."""
    too_large: int = 0
    """Of those dropped: more bytes than the topic takes."""
    unanswered: int = 0
    """Sent and delivered, but no outcome was seen in time; only live cameras stop waiting."""
    reconnects: int = 0


@dataclass(frozen=True, slots=True)
class CameraProgress:
    """How a run goes, reported about twice a second."""

    report: CameraReport
    session: str
    connected: bool
    """Whether the source is there."""
    picture: PictureState
    """What is the matter with its pictures."""
    looks_per_second: float
    in_flight: int
    outcome_age_s: float | None
