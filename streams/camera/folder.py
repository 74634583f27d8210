"""A folder of images as a source."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from lfr_core.common.clock import Clock
from lfr_core.common.errors import Poison
from lfr_core.common.files import IMAGE_BYTES, read_bounded
from lfr_core.domain.policy import ImagePolicy
from lfr_core.recognition.faces.decode import probe_size
from lfr_core.recognition.faces.decode_child import decode_in_child
from streams.camera.jpeg import encode_jpeg, is_jpeg
from streams.camera.sources import DEFAULT_FPS, CapturedFrame, SourceInfo
from streams.camera.urls import SourceText

__all__ = ["FolderSource"]

_IMAGES = frozenset({".jpg", ".jpeg", ".png", ".webp"})


class FolderSource:
    """The images of a folder in the order of their names: JPEG, PNG, WebP. Sub-folders are not entered.

    What is a JPEG by its content is handed on byte for byte, with its EXIF orientation for the worker to apply.
    """

    def __init__(self, source: SourceText, images: ImagePolicy, *, fps: float | None = None, clock: Clock) -> None:
        """List it. Raises Poison when it can't be read or holds no image."""
        self._clock = clock
        self._images = images
        folder = self._folder = Path(source.text)
        try:
            self._files: Sequence[Path] = sorted(f for f in folder.iterdir() if f.suffix.lower() in _IMAGES)
        except OSError as error:
            raise Poison(f"the folder {folder} can't be read: {error.strerror}") from error
        if not self._files:
            raise Poison(f"the folder {folder} holds no .jpg, .jpeg, .png or .webp image")
        self._index = -1
        self._fps = fps or DEFAULT_FPS
        width, height, passthrough = 0, 0, False
        try:
            first = read_bounded(self._files[0], IMAGE_BYTES, inside=folder)
            passthrough = is_jpeg(first)
            width, height = probe_size(first)
        except (OSError, Poison):
            pass  # told when it is its turn
        self._info = SourceInfo(
            shown=source.shown,
            live=False,
            width_px=width,
            height_px=height,
            fps=self._fps,
            codec="images",
            passthrough=passthrough,
            frames=len(self._files),
        )

    @property
    def info(self) -> SourceInfo:
        return self._info

    def grab(self) -> CapturedFrame | None:
        if self._index + 1 >= len(self._files):
            return None
        self._index += 1
        return CapturedFrame(captured_ns=self._clock.time_ns(), media_s=self._index / self._fps)

    def jpeg(self) -> bytes:
        if not self._files:
            raise Poison("the source is closed")
        file = self._files[self._index]
        try:
            data = read_bounded(file, IMAGE_BYTES, inside=self._folder)
        except OSError as error:
            raise Poison(f"{file} can't be read: {error.strerror}") from error
        try:
            return data if is_jpeg(data) else encode_jpeg(decode_in_child(data, self._images))
        except Poison as error:
            raise Poison(f"{file.name}: {error}") from error

    def close(self) -> None:
        self._files = ()
