"""A camera of this machine, through OpenCV (Video4Linux)."""

from __future__ import annotations

import time
from typing import Any

from lfr_core.common.clock import Clock
from lfr_core.common.errors import Poison, Retryable
from streams.camera.jpeg import encode_jpeg
from streams.camera.sources import DEFAULT_FPS, MAX_FPS, CapturedFrame, SourceInfo, camera_away
from streams.camera.urls import SourceText

__all__ = ["DeviceSource", "age_s_of"]

_OLDEST_S = 60.0


def age_s_of(position_ms: float, monotonic_s: float) -> float:
    """Return how old a picture is by the driver's stamp, milliseconds of the monotonic clock; 0 where it gives none.

    >>> age_s_of(99_800.0, 100.0)
    0.2
    """
    age_s = monotonic_s - position_ms / 1e3
    return round(age_s, 6) if position_ms > 0 and 0.0 <= age_s <= _OLDEST_S else 0.0


class DeviceSource:
    """A device by its number or path. Its size is agreed on when it is opened and can't change before it is closed."""

    def __init__(self, source: SourceText, *, clock: Clock) -> None:
        """Open it. Raises Retryable when it doesn't answer."""
        import cv2

        cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)
        self._cv2 = cv2
        self._clock = clock
        device: int | str = int(source.text) if source.text.isdigit() else source.text
        capture: Any = cv2.VideoCapture(device, cv2.CAP_ANY)
        capture.set(cv2.CAP_PROP_BUFFERSIZE, 1)  # the newest frame, not a queue of old ones
        if not capture.isOpened():
            raise Retryable(camera_away(source.shown), retry_after_s=2.0)
        self._capture: Any | None = capture
        fps = capture.get(cv2.CAP_PROP_FPS)
        self._info = SourceInfo(
            shown=source.shown,
            live=True,
            width_px=max(int(capture.get(cv2.CAP_PROP_FRAME_WIDTH)), 0),
            height_px=max(int(capture.get(cv2.CAP_PROP_FRAME_HEIGHT)), 0),
            fps=fps if 0 < fps <= MAX_FPS else DEFAULT_FPS,
            codec=_fourcc(capture.get(cv2.CAP_PROP_FOURCC)),
            passthrough=False,
            frames=None,
        )

    @property
    def info(self) -> SourceInfo:
        return self._info

    def grab(self) -> CapturedFrame | None:
        if self._capture is None or not self._capture.grab():
            return None
        age_s = age_s_of(self._capture.get(self._cv2.CAP_PROP_POS_MSEC), time.monotonic())  # the driver's clock
        return CapturedFrame(captured_ns=self._clock.time_ns() - round(age_s * 1e9), media_s=None)

    def jpeg(self) -> bytes:
        if self._capture is None:
            raise Poison("the source is closed")
        try:
            good, image = self._capture.retrieve()
        except self._cv2.error:
            good, image = False, None
        if not good or image is None:
            raise Poison(f"a frame of {self._info.shown} can't be decoded")
        return encode_jpeg(image)

    def close(self) -> None:
        capture, self._capture = self._capture, None
        if capture is not None:
            capture.release()


def _fourcc(value: float) -> str:
    """Return the codec's four letters; OpenCV gives them as a little-endian number, negative for some."""
    code = (int(value) & 0xFFFFFFFF).to_bytes(4, "little")
    return "".join(chr(byte) for byte in code if 32 <= byte < 127).strip() or "unknown"  # printable ASCII
