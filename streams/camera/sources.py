"""Where frames come from, behind one Protocol.

`grab()` takes the next frame and looks at nothing; `jpeg()` gives the picture of the frame just grabbed, and is asked
only for frames that will be looked at. What is a JPEG already, in a Motion JPEG video or stream or in a folder, is
handed on byte for byte; everything else is decoded and encoded again at quality 90.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from lfr_core.domain.frames import PictureState

__all__ = ["DEFAULT_FPS", "MAX_FPS", "CapturedFrame", "Source", "SourceInfo", "StreamSource", "camera_away"]

DEFAULT_FPS = 25.0
"""Frames per second of a folder of images, and of a video that doesn't say."""
MAX_FPS = 1_000.0
"""A video that says more says nothing."""


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
class CapturedFrame:
    """A frame that was captured; its picture has not been looked at."""

    captured_ns: int
    """When it was seen, as far as is known: wall time, nanoseconds since the epoch."""
    media_s: float | None
    """Seconds since the recording's start; None for a live source."""
    passed_over: int = 0
    """Frames before it that have no picture: not decoded because they came too late, damaged, or undecodable."""
    damaged: int = 0
    """Of those: how many were damaged, by packets that were lost or didn't decode."""


class Source(Protocol):
    """One source, open. Used by one thread at a time."""

    @property
    def info(self) -> SourceInfo: ...

    def grab(self) -> CapturedFrame | None:
        """Return the next frame, or None when there is none any more. Raises Retryable when the source went away."""
        ...

    def jpeg(self) -> bytes:
        """Return the picture of the frame just grabbed. Raises Poison when it can't be decoded."""
        ...

    def close(self) -> None:
        """Let go of it. Safe to call twice."""
        ...


@runtime_checkable
class StreamSource(Source, Protocol):
    """A source that can say how its stream is, while `grab` waits for a picture."""

    packets: int
    """How much has come so far, whether or not pictures could be made of it."""
    clock_age_s: float | None
    """How old what came last was by the camera's own clock; None where the camera hasn't told the time."""

    @property
    def state(self) -> PictureState:
        """What is the matter with its pictures."""
        ...


def camera_away(shown: str) -> str:
    """Return what is said of a camera that doesn't answer."""
    return (
        f"the camera {shown} does not answer. Check its address, its network and its user, "
        "then try `lfr camera probe --source ...`."
    )
