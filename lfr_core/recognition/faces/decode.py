"""Bytes to pixels: JPEG, PNG and WebP, upright, as BGR.

The header is read first and by ourselves, so that an image that is too large, or that a decoder would go over
too often, costs nothing, however small its file. A plain JPEG goes through OpenCV (2-3 ms for 1280 x 720);
everything else, and a JPEG whose end is missing, through Pillow, which refuses what is truncated instead of
filling it with grey.
"""

from __future__ import annotations

import io
import struct
import warnings
from dataclasses import dataclass
from typing import Final, Literal

import cv2
import numpy as np
import PIL.Image
import PIL.ImageOps

from lfr_core.common.errors import Poison
from lfr_core.domain.policy import ImagePolicy
from lfr_core.recognition.faces.scans import check_scans
from lfr_core.recognition.faces.types import Image

__all__ = ["decode", "decode_frame", "probe_size"]

_PNG: Final = b"\x89PNG\r\n\x1a\n"
_JPEG: Final = b"\xff\xd8"
_END_OF_JPEG: Final = b"\xff\xd9"
# Start-of-frame markers are C0-CF but for DHT (C4), JPG (C8) and DAC (CC): ITU-T T.81, table B.1.
_START_OF_FRAME: Final = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_STANDALONE: Final = frozenset({0x01, *range(0xD0, 0xD9)})  # TEM, RST0-7, SOI: markers without a length
_START_OF_SCAN: Final = 0xDA
_CODED: Final = frozenset({0xC0, 0xC1, 0xC2})  # baseline, extended sequential, progressive; all Huffman
_LOWEST: Final = 0xC0
_PLAIN_JPEG_CHANNELS: Final = (1, 3)
_BITS: Final = 8


@dataclass(frozen=True, slots=True)
class _Header:
    kind: Literal["JPEG", "PNG", "WebP"]
    width: int
    height: int
    plain: bool = False
    """A JPEG of 8 bits with one or three channels."""


def probe_size(data: bytes) -> tuple[int, int]:
    """Width and height in pixels as stored (before EXIF orientation), from the header alone.

    Raises:
        Poison: empty, truncated within its header, not a JPEG, PNG or WebP image, without pixels, or a JPEG whose
            decoding takes too long for its size (`check_scans`) or that is arithmetic-coded, lossless or hierarchical.
    """
    header = _header(data)
    return header.width, header.height


def decode(data: bytes, policy: ImagePolicy) -> Image:
    """Decode an image file.

    EXIF orientation is applied; CMYK, grey, palette and 16-bit images become 8-bit BGR; transparent
    pixels lie over white. Of an animation the first frame is taken. Colour profiles are ignored.

    Returns:
        Shape (height, width, 3), uint8, BGR.

    Raises:
        Poison: what `probe_size` raises, or more than `policy.max_megapixels`, or data that ends early
            or is damaged. A JPEG damaged in its middle that still decodes to its end is not noticed.
    """
    return _decode(data, policy.max_megapixels)


def decode_frame(data: bytes, policy: ImagePolicy) -> Image:
    """Decode a camera's frame, which is a JPEG of at most `policy.max_frame_megapixels`. Else as `decode`."""
    if not data.startswith(_JPEG):
        raise Poison("a frame is a JPEG image, and this is none")
    return _decode(data, policy.max_frame_megapixels)


def _decode(data: bytes, max_megapixels: float) -> Image:
    header = _header(data)
    megapixels = header.width * header.height / 1e6
    if megapixels > max_megapixels:
        raise Poison(
            f"the image is {header.width} x {header.height} pixels, {megapixels:.1f} megapixels; "
            f"{max_megapixels:g} are allowed. Shrink it."
        )
    # Some cameras pad the file's end with zeros; anything else after the end goes the careful way.
    if header.plain and data[-64:].rstrip(b"\0").endswith(_END_OF_JPEG):
        return _decode_plain_jpeg(data)
    return _decode_carefully(data, header)


def _decode_plain_jpeg(data: bytes) -> Image:
    try:
        image = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)  # applies EXIF orientation
    except cv2.error as error:
        raise Poison(f"the JPEG image is damaged and can't be decoded: {error}") from error
    if image is None:
        raise Poison("the JPEG image is damaged and can't be decoded; save or send it again")
    return np.asarray(image, dtype=np.uint8)


def _decode_carefully(data: bytes, header: _Header) -> Image:
    try:
        with warnings.catch_warnings(), PIL.Image.open(io.BytesIO(data), formats=("JPEG", "PNG", "WEBP")) as opened:
            warnings.simplefilter("ignore")  # EXIF data of 60,000 damaged entries is one of as many lines
            if opened.size != (header.width, header.height):  # a second header
                raise _damaged(header, ValueError("it names two sizes"))
            opened.load()
            upright = PIL.ImageOps.exif_transpose(opened)
            rgb = np.asarray(_as_rgb(upright), dtype=np.uint8)
    # Pillow's decoders raise many kinds for damaged input; each of them means the same to the caller.
    except (OSError, ValueError, SyntaxError, EOFError, KeyError, IndexError, TypeError, struct.error) as error:
        raise _damaged(header, error) from error
    except (MemoryError, PIL.Image.DecompressionBombError) as error:
        raise Poison(f"the {header.kind} image needs too much memory to decode: {error}") from error
    return np.ascontiguousarray(rgb[:, :, ::-1])


def _damaged(header: _Header, error: Exception) -> Poison:
    return Poison(f"the {header.kind} image is truncated or damaged ({error}); save or send it again")


def _as_rgb(image: PIL.Image.Image) -> PIL.Image.Image:
    if image.mode.startswith("I"):  # 16-bit grey; Pillow's own conversion clips instead of scaling
        grey = np.clip(np.asarray(image) >> _BITS, 0, 255).astype(np.uint8)
        return PIL.Image.fromarray(grey).convert("RGB")
    if image.has_transparency_data:
        over = image.convert("RGBA")
        white = PIL.Image.new("RGBA", over.size, (255, 255, 255, 255))
        return PIL.Image.alpha_composite(white, over).convert("RGB")
    return image.convert("RGB")


def _header(data: bytes) -> _Header:
    if not data:
        raise Poison("the image is empty (0 bytes); save or send it again")
    try:
        if data.startswith(_JPEG):
            header = _jpeg_header(data)
        elif data.startswith(_PNG):
            if data[12:16] != b"IHDR":
                raise Poison("the PNG image is damaged: its header doesn't come first; save or send it again")
            header = _Header("PNG", *struct.unpack_from(">II", data, 16))
        elif data[:4] == b"RIFF" and data[8:12] == b"WEBP":
            header = _Header("WebP", *_webp_size(data))
        else:
            raise Poison("this is not a JPEG, PNG or WebP image; convert it to one of them")
    except (struct.error, IndexError) as error:
        raise Poison("the image ends within its header: it is truncated; save or send it again") from error
    if header.width == 0 or header.height == 0:
        raise Poison(f"the image has no pixels ({header.width} x {header.height})")
    if header.kind == "JPEG":
        check_scans(data, header.width * header.height / 1e6)
    return header


def _jpeg_header(data: bytes) -> _Header:
    at = 2
    while True:
        if data[at] != 0xFF:  # noqa: PLR2004  every marker begins so
            raise Poison("the JPEG image is damaged: its header has no valid structure; save or send it again")
        while data[at] == 0xFF:  # noqa: PLR2004  fill bytes
            at += 1
        marker = data[at]
        at += 1
        if marker in _STANDALONE:
            continue
        if marker < _LOWEST:  # a decoder skips it, and could find another size in what we take for its content
            raise Poison("the JPEG image is damaged: its header has no valid structure; save or send it again")
        if marker in _START_OF_FRAME:
            if marker not in _CODED:
                raise Poison(
                    "the JPEG image is arithmetic-coded, lossless or hierarchical, as no camera makes them: save it as "
                    "an ordinary JPEG"
                )
            bits, height, width, channels = struct.unpack_from(">BHHB", data, at + 2)
            return _Header("JPEG", width, height, plain=bits == _BITS and channels in _PLAIN_JPEG_CHANNELS)
        if marker == _START_OF_SCAN or marker == _END_OF_JPEG[1]:
            raise Poison("the JPEG image is damaged: its header names no size; save or send it again")
        at += int(struct.unpack_from(">H", data, at)[0])


def _webp_size(data: bytes) -> tuple[int, int]:
    chunk = data[12:16]
    if chunk == b"VP8X":  # 24-bit canvas size less one
        return 1 + int.from_bytes(_exactly(data, 24, 3), "little"), 1 + int.from_bytes(_exactly(data, 27, 3), "little")
    if chunk == b"VP8L":  # 14 bits each, less one, after the signature byte
        (bits,) = struct.unpack_from("<I", data, 21)
        return 1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF)
    if chunk == b"VP8 ":  # a key frame: 14 bits each after the 3-byte start code
        width, height = struct.unpack_from("<HH", data, 26)
        return width & 0x3FFF, height & 0x3FFF
    raise Poison("the WebP image is truncated or damaged within its header; save or send it again")


def _exactly(data: bytes, at: int, size: int) -> bytes:
    if len(data) < at + size:
        raise struct.error("too short")
    return data[at : at + size]
