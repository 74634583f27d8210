"""Motion JPEG in AVI, written plainly: JPEGs as they are, with an index.

OpenCV's own writer of this format ignores the quality it is given (measured with 5.0: 240 KiB a frame at
quality 50, 295 at 95) and takes five times as long as its JPEG encoder, whose frames of the same quality
are half as large.
"""

from __future__ import annotations

import struct
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self

__all__ = ["MjpegAvi"]

HAS_INDEX = 0x10
KEY_FRAME = 0x10
LARGEST_BYTES = 1_000_000_000
"""Plain AVI ends at 1 GiB for many readers; some 2 hours of small frames, or 5 minutes of ours."""


class MjpegAvi:
    """A file that grows by JPEGs; a context manager. An `OSError` (disk full) comes through as it is.

    Args:
        file: to write.
        size: width and height in pixels, those of every JPEG.
        frames_per_second: of the recording.
    """

    def __init__(self, file: Path, size: tuple[int, int], frames_per_second: int) -> None:
        self._size, self._rate = size, frames_per_second
        self._index: list[tuple[int, int]] = []
        self._largest = 0
        self._out: BinaryIO = file.open("wb")
        self._out.write(self._head(0))
        self._movi = self._out.tell() - 4  # offsets in the index count from the word "movi"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if kind is None:
                self._finish()
        finally:
            self._out.close()

    def write(self, jpeg: bytes) -> None:
        """Add a frame. Raises ValueError when the file would become too large for the format."""
        at = self._out.tell()
        if at + len(jpeg) > LARGEST_BYTES:
            raise ValueError(
                f"an AVI of more than {LARGEST_BYTES} bytes can't be read everywhere; render a shorter street"
            )
        self._index.append((at - self._movi, len(jpeg)))
        self._largest = max(self._largest, len(jpeg))
        self._out.write(_chunk(b"00dc", jpeg))

    def _finish(self) -> None:
        """Write the index, then the head again, now that the sizes are known."""
        end = self._out.tell()
        rows = b"".join(struct.pack("<4sIII", b"00dc", KEY_FRAME, at, size) for at, size in self._index)
        self._out.write(_chunk(b"idx1", rows))
        whole = self._out.tell()
        self._out.seek(0)
        self._out.write(self._head(end - self._movi))
        self._out.seek(4)
        self._out.write(struct.pack("<I", whole - 8))

    def _head(self, movi_bytes: int) -> bytes:
        """Write everything before the first frame; always of the same length."""
        width, height = self._size
        frames, largest = len(self._index), self._largest
        main = struct.pack(
            "<14I", 1_000_000 // self._rate, largest * self._rate, 0, HAS_INDEX, frames, 0, 1, largest, width, height,
            0, 0, 0, 0,
        )  # fmt: skip
        stream = struct.pack(
            "<4s4sIHHIIIIIIiI4H",
            b"vids",
            b"MJPG",
            0,
            0,
            0,
            0,
            1,
            self._rate,
            0,
            frames,
            largest,
            -1,
            0,
            0,
            0,
            width,
            height,
        )
        picture = struct.pack("<IiiHH4sIiiII", 40, width, height, 1, 24, b"MJPG", width * height * 3, 0, 0, 0, 0)
        streams = _chunk(b"LIST", b"strl" + _chunk(b"strh", stream) + _chunk(b"strf", picture))
        header = _chunk(b"LIST", b"hdrl" + _chunk(b"avih", main) + streams)
        return b"RIFF" + struct.pack("<I", 0) + b"AVI " + header + b"LIST" + struct.pack("<I", movi_bytes) + b"movi"


def _chunk(name: bytes, body: bytes) -> bytes:
    """Make a RIFF chunk, padded to an even length."""
    return name + struct.pack("<I", len(body)) + body + b"\0" * (len(body) % 2)
