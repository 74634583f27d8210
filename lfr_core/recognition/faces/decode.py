"""Bytes to pixels, upright, as BGR: JPEG, PNG, WebP, HEIC, AVIF, TIFF, JPEG 2000, BMP and GIF.

The header is read first and by ourselves, so that an image that is too large, or that a decoder would go over
too often, costs nothing, however small its file. A plain JPEG goes through OpenCV (2-3 ms for 1280 x 720);
everything else, and a JPEG whose end is missing, through Pillow, which refuses what is truncated instead of
filling it with grey. Whether a file is sound, its decoder says: metadata is left out or passed over.
"""

from __future__ import annotations

import io
import struct
import warnings
from typing import Final

import cv2
import numpy as np
import PIL.Image

from lfr_core.common.errors import Poison
from lfr_core.domain.policy import ImagePolicy
from lfr_core.recognition.faces.image_headers import Header, Kind, read_header, without_metadata
from lfr_core.recognition.faces.scans import check_scans
from lfr_core.recognition.faces.types import Image
from lfr_core.recognition.faces.wide_pixels import read_wide, stretch_to_8_bits

__all__ = ["TooManyPixels", "decode", "decode_frame", "probe_size"]

_JPEG: Final = b"\xff\xd8"
_END_OF_JPEG: Final = b"\xff\xd9"
_FORMATS: Final[dict[Kind, tuple[str, ...]]] = {
    "JPEG": ("JPEG",),
    "PNG": ("PNG",),
    "WebP": ("WEBP",),
    "TIFF": ("TIFF",),
    "BMP": ("BMP",),
    "GIF": ("GIF",),
    "JPEG 2000": ("JPEG2000",),
    "HEIC": ("HEIF",),
    "AVIF": ("AVIF", "HEIF"),
}
"""Pillow's names of the decoders."""
_METADATA: Final = (b"Exif\0\0", b"http://ns.adobe.com/xap/1.0/\0")
_METADATA_BYTES: Final = 1_000_000
"""From the start: what cameras write before it is a profile of colours, some 500 kB at most."""
_ORIENTATION: Final = 0x0112  # EXIF 2.3, tag Orientation
_TURNS: Final = {
    2: PIL.Image.Transpose.FLIP_LEFT_RIGHT,
    3: PIL.Image.Transpose.ROTATE_180,
    4: PIL.Image.Transpose.FLIP_TOP_BOTTOM,
    5: PIL.Image.Transpose.TRANSPOSE,
    6: PIL.Image.Transpose.ROTATE_270,
    7: PIL.Image.Transpose.TRANSVERSE,
    8: PIL.Image.Transpose.ROTATE_90,
}


class TooManyPixels(Poison):
    """The image has more pixels than are allowed."""


def probe_size(data: bytes) -> tuple[int, int]:
    """Read width and height in pixels as stored (before EXIF orientation), from the header alone; 0: not said.

    Raises:
        Poison: empty, truncated within its header, no image of a kind that is read, without pixels, or a JPEG whose
            decoding takes too long for its size (`check_scans`) or that is arithmetic-coded, lossless or hierarchical.
    """
    header = _header(data)
    return header.width, header.height


def decode(data: bytes, policy: ImagePolicy) -> Image:
    """Decode an image file.

    EXIF orientation is applied; CMYK, grey, palette and 16-bit images become 8-bit BGR, of 16 bits those that are used;
    transparent pixels lie over white. Of an animation or several pages the first is taken. Colour profiles are ignored.

    Returns:
        Shape (height, width, 3), uint8, BGR.

    Raises:
        Poison: what `probe_size` raises, or data that ends early or is damaged. A JPEG damaged in its middle that still
            decodes to its end is not noticed.
        TooManyPixels: more than `policy.max_megapixels`.
    """
    return _decode(data, policy.max_megapixels)


def decode_frame(data: bytes, policy: ImagePolicy) -> Image:
    """Decode a camera's frame, which is a JPEG of at most `policy.max_frame_megapixels`. Else as `decode`."""
    if not data.startswith(_JPEG):
        raise Poison("a frame is a JPEG image, and this is none")
    return _decode(data, policy.max_frame_megapixels)


def _decode(data: bytes, max_megapixels: float) -> Image:
    header = _header(data)
    _check_pixels(header.width, header.height, max_megapixels)
    # Some cameras pad the file's end with zeros; anything else after the end goes the careful way.
    if header.plain and data[-64:].rstrip(b"\0").endswith(_END_OF_JPEG):
        return _decode_plain_jpeg(data)
    return _decode_carefully(data, header, max_megapixels)


def _check_pixels(width: int, height: int, max_megapixels: float) -> None:
    megapixels = width * height / 1e6
    if megapixels > max_megapixels:
        raise TooManyPixels(
            f"the image is {width} x {height} pixels, {megapixels:.1f} megapixels; "
            f"{max_megapixels:g} are allowed. Shrink it."
        )


def _decode_plain_jpeg(data: bytes) -> Image:
    try:
        how = cv2.IMREAD_COLOR | cv2.IMREAD_IGNORE_ORIENTATION
        image = cv2.imdecode(np.frombuffer(data, np.uint8), how)
    except cv2.error as error:
        raise Poison(f"the JPEG image is damaged and can't be decoded: {error}") from error
    if image is None:
        raise Poison("the JPEG image is damaged and can't be decoded; save or send it again")
    return _turned(np.asarray(image, dtype=np.uint8), _orientation_of_jpeg(data))


def _decode_carefully(data: bytes, header: Header, max_megapixels: float) -> Image:
    if header.kind == "PNG":
        data = without_metadata(data)
    elif header.kind in {"HEIC", "AVIF"}:
        _register_heif()
    try:
        with (
            warnings.catch_warnings(action="ignore"),  # EXIF data of 60,000 damaged entries is one of as many lines
            PIL.Image.open(io.BytesIO(data), formats=_FORMATS[header.kind]) as opened,
        ):
            if header.width and opened.size != (header.width, header.height):  # a second header
                raise _damaged(header, ValueError("it names two sizes"))
            _check_pixels(*opened.size, max_megapixels)
            opened.load()
            orientation = _orientation(opened)
            rgb = _pixels(data, header, opened)
    except Poison:
        raise
    except (MemoryError, PIL.Image.DecompressionBombError) as error:
        raise Poison(f"the {header.kind} image needs too much memory to decode: {error}") from error
    # Pillow's decoders raise many kinds for damaged input; each of them means the same to the caller.
    except (Exception, struct.error) as error:
        raise _damaged(header, error) from error
    return np.ascontiguousarray(_turned(rgb, orientation)[:, :, ::-1])


def _register_heif() -> None:
    """Let Pillow open HEIC; its library is loaded for such files alone, and may be missing."""
    try:
        import pillow_heif
    except ImportError as error:
        raise Poison("HEIC images aren't read on this machine: save it as JPEG") from error
    pillow_heif.register_heif_opener(thumbnails=False)


def _orientation_of_jpeg(data: bytes) -> int:
    """Read the orientation as it is read of every other file; OpenCV takes one that is written as a long for none."""
    if not any(data.find(start, 0, _METADATA_BYTES) > 0 for start in _METADATA):
        return 1
    try:
        with (
            warnings.catch_warnings(action="ignore"),
            PIL.Image.open(io.BytesIO(data), formats=_FORMATS["JPEG"]) as opened,
        ):
            return _orientation(opened)
    except Exception:  # noqa: BLE001  as below
        return 1


def _turned(image: Image, orientation: int) -> Image:
    turn = _TURNS.get(orientation)
    return image if turn is None else np.asarray(PIL.Image.fromarray(image).transpose(turn))


def _orientation(opened: PIL.Image.Image) -> int:
    """Read EXIF's orientation; upright where that is missing or can't be read, which makes no picture unsound."""
    try:
        return int(opened.getexif().get(_ORIENTATION, 1))
    except Exception:  # noqa: BLE001  each kind of damage has one of its own
        return 1


def _damaged(header: Header, error: Exception) -> Poison:
    said = "its decoder doesn't know it" if isinstance(error, PIL.UnidentifiedImageError) else str(error)
    return Poison(f"the {header.kind} image is truncated or damaged ({said}); save or send it again")


def _pixels(data: bytes, header: Header, image: PIL.Image.Image) -> Image:
    """Return the loaded image as 8-bit RGB."""
    if image.mode.startswith(("I", "F")):  # 16 bits of grey, or more; Pillow's own conversion clips instead of scaling
        return np.repeat(stretch_to_8_bits(np.asarray(image))[:, :, None], 3, axis=2)
    image = read_wide(data, header, image)
    if image.has_transparency_data:
        over = image.convert("RGBA")
        if over.getchannel("A").getextrema() == (0, 0):  # colours under an alpha channel that was never used
            return np.asarray(over.convert("RGB"), dtype=np.uint8)
        white = PIL.Image.new("RGBA", over.size, (255, 255, 255, 255))
        return np.asarray(PIL.Image.alpha_composite(white, over).convert("RGB"), dtype=np.uint8)
    return np.asarray(image.convert("RGB"), dtype=np.uint8)


def _header(data: bytes) -> Header:
    header = read_header(data)
    if header.kind == "JPEG":
        check_scans(data, header.width * header.height / 1e6)
    return header
