"""What each camera of a worker sees just now, every face covered, while somebody looks: in memory, for seconds."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from lfr_core.common.clock import Clock
from lfr_core.common.errors import LfrError
from lfr_core.domain.frames import FrameHeader
from lfr_core.domain.thumbnails import EVERY_S, FRESH_S, Thumbnail
from lfr_core.recognition.faces.masking import mask_thumbnail
from lfr_core.recognition.faces.types import Detection, FaceEngine, Image

__all__ = ["Thumbnails"]

_ASKED_S: Final = 5.0
"""Without anybody who looks nothing is made."""
_MOST_CAMERAS: Final = 64
"""Of one worker, far more than one serves."""


@dataclass(slots=True)
class _Kept:
    jpeg: bytes
    made_s: float


class Thumbnails:
    """One worker's. `offer` is called by the thread that looks for faces, `of` by those that serve."""

    def __init__(self, engine: FaceEngine, clock: Clock) -> None:
        self._engine = engine
        self._clock = clock
        self._lock = threading.Lock()
        self._asked_s: dict[str, float] = {}
        self._kept: dict[tuple[str, str], _Kept] = {}

    def offer(self, header: FrameHeader, image: Image, found: Sequence[Detection]) -> None:
        """Make the camera's thumbnail of this picture, if somebody looks and the last one is old enough.

        Where covering the faces can't be sure there is none, nor the one before.
        """
        key, now = (header.deployment, header.camera), self._clock.monotonic()
        with self._lock:
            self._forget(now)
            last = self._kept.get(key)
            is_due = last is None or now - last.made_s >= EVERY_S
            if header.deployment not in self._asked_s or not is_due:
                return
            if last is None and len(self._kept) >= _MOST_CAMERAS:
                return
        try:
            jpeg = mask_thumbnail(image, found, self._engine)
        except LfrError:
            jpeg = b""
        with self._lock:
            self._kept[key] = _Kept(jpeg, now)

    def of(self, deployment: str) -> tuple[Thumbnail, ...]:
        """Return those of a deployment's cameras, and have new ones made for some seconds."""
        now = self._clock.monotonic()
        with self._lock:
            self._asked_s[deployment] = now
            self._forget(now)
            return tuple(
                Thumbnail(camera, kept.jpeg, max(0.0, now - kept.made_s))
                for (of, camera), kept in self._kept.items()
                if of == deployment
            )

    def _forget(self, now: float) -> None:
        self._asked_s = {name: at for name, at in self._asked_s.items() if now - at < _ASKED_S}
        self._kept = {key: kept for key, kept in self._kept.items() if now - kept.made_s < FRESH_S}
