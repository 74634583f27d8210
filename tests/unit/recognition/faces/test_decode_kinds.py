"""Photographs as telephones, scanners and custody systems keep them; what is no part of the picture does no harm."""

from __future__ import annotations

import io
import struct
import zlib
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import PIL.Image
import PIL.PngImagePlugin
import pillow_heif
import pytest

from lfr_core.common.errors import Poison
from lfr_core.domain.policy import ImagePolicy, load_policy
from lfr_core.domain.watchlists import RefusalReason
from lfr_core.recognition.faces.decode import TooManyPixels, decode
from lfr_core.recognition.faces.decode_child import decode_in_child
from lfr_core.recognition.faces.types import Image
from lfr_core.watchlists.photographs import Unusable, look_at

pillow_heif.register_heif_opener()
POLICY = ImagePolicy(max_megapixels=1.0, max_frame_megapixels=1.0, max_frame_bytes=2_000_000)
KINDS: list[tuple[str, dict[str, Any]]] = [
    ("HEIF", {"quality": 95}),
    ("AVIF", {"quality": 95}),
    ("TIFF", {}),
    ("TIFF", {"compression": "tiff_lzw"}),
    ("TIFF", {"compression": "jpeg", "quality": 95}),
    ("JPEG2000", {}),
    ("BMP", {}),
    ("GIF", {}),
]


def picture() -> PIL.Image.Image:
    """80 x 48: smooth, and different at each side, so that every turn shows."""
    down, across = np.mgrid[0:48, 0:80]
    return PIL.Image.fromarray(np.dstack([down * 5, across * 3, 240 - down * 2 - across]).astype(np.uint8))


def as_bytes(kind: str, image: PIL.Image.Image | None = None, **options: Any) -> bytes:
    out = io.BytesIO()
    (image or picture()).save(out, kind, **options)
    return out.getvalue()


def is_the_picture(actual: Image, tolerance: float = 8) -> bool:
    reference = np.asarray(picture())[:, :, ::-1].astype(int)
    return actual.shape == reference.shape and float(np.abs(actual.astype(int) - reference).mean()) < tolerance


@pytest.mark.parametrize(("kind", "options"), KINDS, ids=lambda value: value if isinstance(value, str) else "")
def test_each_kind_is_decoded_and_one_that_ends_early_is_refused(kind: str, options: dict[str, Any]) -> None:
    data = as_bytes(kind, **options)

    assert is_the_picture(decode_in_child(data, POLICY))
    for share in (0.1, 0.5):
        with pytest.raises(Poison, match=r"truncated|damaged"):
            decode(data[: int(len(data) * share)], POLICY)


@pytest.mark.parametrize("kind", ["HEIF", "AVIF", "TIFF", "JPEG2000", "BMP", "GIF"])
def test_too_many_pixels_of_any_kind_are_refused_as_too_large(kind: str, tmp_path: Path) -> None:
    large = as_bytes(kind, PIL.Image.new("RGB", (1100, 1000)))
    (tmp_path / "a.jpg").write_bytes(large)

    with pytest.raises(TooManyPixels):
        decode_in_child(large, POLICY)
    with pytest.raises(Unusable) as refused:
        look_at(tmp_path, "a.jpg", None, load_policy().model_copy(update={"images": POLICY}))  # type: ignore[arg-type]
    assert refused.value.reason is RefusalReason.IMAGE_TOO_LARGE


@pytest.mark.parametrize("kind", ["HEIF", "TIFF", "PNG", "JPEG"])
def test_a_picture_that_its_exif_turns_is_turned_once(kind: str) -> None:
    exif = PIL.Image.Exif()
    exif[0x0112] = 6
    stored = picture().transpose(PIL.Image.Transpose.ROTATE_90)

    assert is_the_picture(decode(as_bytes(kind, stored, exif=exif.tobytes()), POLICY))


@pytest.mark.parametrize("order", ["MM", "II"])
@pytest.mark.parametrize("kind_of_number", ["H", "I"])
@pytest.mark.parametrize("before", [b"", b"http://ns.adobe.com/xap/1.0/\0<x/>"])
@pytest.mark.parametrize("behind", [b"", b"a motion picture" * 9])
def test_a_jpeg_is_turned_however_its_orientation_is_written(
    order: str, kind_of_number: str, before: bytes, behind: bytes
) -> None:
    by = ">" if order == "MM" else "<"
    entry = struct.pack(f"{by}HHI", 0x0112, {"H": 3, "I": 4}[kind_of_number], 1)
    exif = (
        struct.pack(f"{by}HIH", 42, 8, 1) + entry + struct.pack(f"{by}{kind_of_number}", 6).ljust(4, b"\0") + bytes(4)
    )
    segments = [before, b"Exif\0\0" + order.encode() + exif]
    stored = as_bytes("JPEG", picture().transpose(PIL.Image.Transpose.ROTATE_90), quality=95)
    written = b"".join(b"\xff\xe1" + struct.pack(">H", len(each) + 2) + each for each in segments if each)

    assert is_the_picture(decode(stored[:2] + written + stored[2:] + behind, POLICY))


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_exif_that_is_broken_is_no_damage(kind: str) -> None:
    for exif in (b"Exif\0\0XXXXXXXX", b"Exif\0\0MM\0*\xff\xff\xff\xff", b"Exif\0\0II*\0\x08\0\0\0\xff\xff"):
        assert is_the_picture(decode(as_bytes(kind, exif=exif), POLICY))


@pytest.mark.parametrize("packed", [True, False])
@pytest.mark.parametrize("chunk", ["text", "itxt"])
def test_a_png_with_long_metadata_is_opened(chunk: str, packed: bool) -> None:  # noqa: FBT001  a parameter of a test
    info = PIL.PngImagePlugin.PngInfo()
    add = info.add_text if chunk == "text" else info.add_itxt
    add("XML:com.adobe.xmp", "<x>" + "history " * 200_000 + "</x>", zip=packed)

    assert is_the_picture(decode(as_bytes("PNG", pnginfo=info), POLICY))


def test_a_png_with_damaged_remarks_and_profiles_is_opened_and_with_damaged_pixels_is_not() -> None:
    data = as_bytes("PNG")
    remark = struct.pack(">I", 9) + b"tEXtKey\0value" + b"\0\0\0\0"  # a wrong checksum
    profile = b"iCCPp\0\0" + zlib.compress(b"no profile")
    profile = struct.pack(">I", len(profile) - 4) + profile + struct.pack(">I", zlib.crc32(profile))
    pixels = data.index(b"IDAT") + 8

    assert is_the_picture(decode(data[:33] + remark + profile + data[33:], POLICY))
    with pytest.raises(Poison, match="damaged"):
        decode(data[:pixels] + bytes([data[pixels] ^ 255]) + data[pixels + 1 :], POLICY)


@pytest.mark.parametrize("before", [b"\xff\xdb", b"\xff\xc0", b"\xff\xda"])
@pytest.mark.parametrize("odd", [b"\0\0\0", b"junk", b"\xff\x00\x12"])
def test_bytes_between_segments_of_a_jpeg_are_passed_over_as_decoders_do(before: bytes, odd: bytes) -> None:
    data = as_bytes("JPEG", quality=95)
    at = data.index(before)

    assert is_the_picture(decode(data[:at] + odd + data[at:], POLICY))


@pytest.mark.parametrize("bits", [10, 12, 16])
@pytest.mark.parametrize("suffix", [".png", ".tiff", ".jp2"])
@pytest.mark.parametrize("channels", [1, 3, 4])
def test_the_bits_of_sixteen_that_are_used_are_stretched(bits: int, suffix: str, channels: int) -> None:
    source = np.asarray(picture().convert("L") if channels == 1 else picture())
    wide = (source.astype(np.uint32) * (2**bits - 1) // 255).astype(np.uint16)
    wide.flat[0] = 2**bits - 1
    stored = wide if channels == 1 else wide[:, :, ::-1]
    if channels == 4:
        stored = np.dstack([stored, np.full(source.shape[:2], 2**bits - 1, np.uint16)])
    _, data = cv2.imencode(suffix, stored)
    found = decode(data.tobytes(), POLICY)[:, :, ::-1]
    expected = np.repeat(source[:, :, None], 3, axis=2) if channels == 1 else source

    assert float(np.abs(found.astype(int) - expected).mean()) < 2


@pytest.mark.parametrize("top", [0.5, 1.0, 255.0, 65_535.0])
def test_grey_in_floating_point_keeps_its_levels(top: float) -> None:
    grey = np.asarray(picture().convert("L")).astype(np.float32)
    _, data = cv2.imencode(".tiff", grey / 255 * top)

    found = decode(data.tobytes(), POLICY)[:, :, 0].astype(float)

    expected = grey * (top if top < 1 else 255 / grey.max() if top > 255 else 1)
    assert np.abs(found - expected).mean() < 2


def test_an_alpha_channel_that_hides_all_was_never_used() -> None:
    hidden = picture().convert("RGBA")
    hidden.putalpha(0)

    assert is_the_picture(decode(as_bytes("PNG", hidden), POLICY), tolerance=1)
