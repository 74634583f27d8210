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
from typing import Any, Final

import cv2
import numpy as np
import PIL.Image
from numpy.typing import NDArray

from lfr_core.common.errors import Poison
from lfr_core.domain.policy import ImagePolicy
from lfr_core.recognition.faces.image_headers import Header, Kind, read_header, without_metadata
from lfr_core.recognition.faces.scans import check_scans
from lfr_core.recognition.faces.types import Image

__all__ = ["TooManyPixels", "decode", "decode_frame", "probe_size"]

_JPEG: Final = b"\xff\xd8"
_END_OF_JPEG: Final = b"\xff\xd9"
_BITS: Final = 8
_WIDE_BITS: Final = 16
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
        image = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)  # applies EXIF orientation
    except cv2.error as error:
        raise Poison(f"the JPEG image is damaged and can't be decoded: {error}") from error
    if image is None:
        raise Poison("the JPEG image is damaged and can't be decoded; save or send it again")
    return np.asarray(image, dtype=np.uint8)


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
            turn = _TURNS.get(_orientation(opened))
            rgb = _pixels(data, header, opened)
    except Poison:
        raise
    except (MemoryError, PIL.Image.DecompressionBombError) as error:
        raise Poison(f"the {header.kind} image needs too much memory to decode: {error}") from error
    # Pillow's decoders raise many kinds for damaged input; each of them means the same to the caller.
    except (Exception, struct.error) as error:
        raise _damaged(header, error) from error
    upright = np.asarray(PIL.Image.fromarray(rgb).transpose(turn)) if turn is not None else rgb
    return np.ascontiguousarray(upright[:, :, ::-1])


def _register_heif() -> None:
    """Let Pillow open HEIC; its library is loaded for such files alone, and may be missing."""
    try:
        import pillow_heif
    except ImportError as error:
        raise Poison("HEIC images aren't read on this machine: save it as JPEG") from error
    pillow_heif.register_heif_opener(thumbnails=False)


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
        return np.repeat(_stretch_to_8_bits(np.asarray(image))[:, :, None], 3, axis=2)
    if header.bits == _WIDE_BITS or (header.kind == "TIFF" and _bits_of_tiff(image) == _WIDE_BITS):
        wide = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)  # Pillow keeps the upper 8 bits alone
        if wide is not None and wide.dtype == np.uint16 and wide.shape == (image.height, image.width, 3):
            return np.ascontiguousarray(_stretch_to_8_bits(wide)[:, :, ::-1])
    if image.has_transparency_data:
        over = image.convert("RGBA")
        if over.getchannel("A").getextrema() == (0, 0):  # colours under an alpha channel that was never used
            return np.asarray(over.convert("RGB"), dtype=np.uint8)
        white = PIL.Image.new("RGBA", over.size, (255, 255, 255, 255))
        return np.asarray(PIL.Image.alpha_composite(white, over).convert("RGB"), dtype=np.uint8)
    return np.asarray(image.convert("RGB"), dtype=np.uint8)


def _bits_of_tiff(image: PIL.Image.Image) -> int:
    bits = getattr(image, "tag_v2", {}).get(258)  # BitsPerSample
    return int(bits[0] if isinstance(bits, tuple) else bits or _BITS)


def _stretch_to_8_bits(values: NDArray[Any]) -> Image:
    """Convert values of more than 8 bits by those bits that are used: 12 of a scanner's 16 too."""
    if np.issubdtype(values.dtype, np.floating):
        finite = np.nan_to_num(values.astype(np.float64), nan=0.0, posinf=0.0, neginf=0.0)
        top = max(float(finite.max()), 1e-9)
        scale = 1.0 if 1.0 < top <= 255 else 255 / top  # already of 8 bits
        return np.clip(finite * scale, 0, 255).astype(np.uint8)
    used = max(_BITS, int(values.max()).bit_length())
    return np.asarray(np.clip(values >> (used - _BITS), 0, 255), dtype=np.uint8)


def _header(data: bytes) -> Header:
    header = read_header(data)
    if header.kind == "JPEG":
        check_scans(data, header.width * header.height / 1e6)
    return header
