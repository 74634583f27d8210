"""Bytes to pixels: every kind of file a camera or a force sends, and every kind that must be refused."""

from __future__ import annotations

import io
import struct
import zlib
from typing import Any

import cv2
import numpy as np
import PIL.Image
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lfr_core.common.errors import Poison
from lfr_core.domain.policy import ImagePolicy
from lfr_core.recognition.faces.decode import decode, probe_size
from lfr_core.recognition.faces.types import Image

POLICY = ImagePolicy(max_megapixels=1.0, max_frame_megapixels=1.0, max_frame_bytes=2_000_000)


def picture() -> PIL.Image.Image:
    """40 x 24: red at the top left, green at the right, blue at the bottom, so that every turn shows."""
    pixels = np.full((24, 40, 3), 128, np.uint8)
    pixels[:12, :20] = (255, 0, 0)
    pixels[:12, 20:] = (0, 255, 0)
    pixels[12:, :] = (0, 0, 255)
    return PIL.Image.fromarray(pixels)


def as_bytes(image: PIL.Image.Image, kind: str = "JPEG", **options: Any) -> bytes:
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def jpeg(image: PIL.Image.Image | None = None, **options: Any) -> bytes:
    return as_bytes(image or picture(), quality=95, subsampling=0, **options)


def close_to(actual: Image, expected: PIL.Image.Image, tolerance: float = 12) -> None:
    reference = np.asarray(expected.convert("RGB"))[:, :, ::-1].astype(int)

    assert actual.shape == reference.shape
    assert actual.dtype == np.uint8
    assert np.abs(actual.astype(int) - reference).mean() < tolerance


@pytest.mark.parametrize("options", [{}, {"progressive": True}, {"optimize": True}])
def test_a_jpeg_becomes_bgr_pixels(options: dict[str, Any]) -> None:
    close_to(decode(jpeg(**options), POLICY), picture())


@pytest.mark.parametrize(
    ("kind", "options"),
    [("PNG", {}), ("WEBP", {"lossless": True}), ("WEBP", {"quality": 95}), ("WEBP", {"exif": b"Exif\0\0"})],
)
def test_png_and_webp_become_bgr_pixels(kind: str, options: dict[str, Any]) -> None:
    data = as_bytes(picture(), kind, **options)

    assert probe_size(data) == (40, 24)
    close_to(decode(data, POLICY), picture())


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_every_exif_orientation_is_turned_upright(kind: str, orientation: int) -> None:
    upright = picture()
    undo = {
        2: PIL.Image.Transpose.FLIP_LEFT_RIGHT,
        3: PIL.Image.Transpose.ROTATE_180,
        4: PIL.Image.Transpose.FLIP_TOP_BOTTOM,
        5: PIL.Image.Transpose.TRANSPOSE,
        6: PIL.Image.Transpose.ROTATE_90,
        7: PIL.Image.Transpose.TRANSVERSE,
        8: PIL.Image.Transpose.ROTATE_270,
    }
    stored = upright.transpose(undo[orientation]) if orientation in undo else upright
    exif = PIL.Image.Exif()
    exif[0x0112] = orientation
    options = {"quality": 95, "subsampling": 0} if kind == "JPEG" else {"lossless": True} if kind == "WEBP" else {}

    close_to(decode(as_bytes(stored, kind, exif=exif, **options), POLICY), upright)


def test_a_cmyk_jpeg_keeps_its_colours() -> None:
    close_to(decode(jpeg(picture().convert("CMYK")), POLICY), picture())


def test_a_grey_jpeg_has_three_equal_channels() -> None:
    image = decode(jpeg(picture().convert("L")), POLICY)

    assert image.shape == (24, 40, 3)
    assert (image == image[:, :, :1]).all()


def test_sixteen_bit_grey_is_scaled_and_not_clipped() -> None:
    wide = np.asarray(picture().convert("L")).astype(np.uint16) * 257

    close_to(decode(as_bytes(PIL.Image.fromarray(wide), "PNG"), POLICY), picture().convert("L"), tolerance=1)


def test_a_sixteen_bit_colour_png_is_scaled() -> None:
    wide = np.asarray(picture())[:, :, ::-1].astype(np.uint16) * 257
    _, data = cv2.imencode(".png", wide)

    close_to(decode(data.tobytes(), POLICY), picture(), tolerance=1)


@pytest.mark.parametrize("mode", ["RGBA", "LA", "P"])
def test_transparent_pixels_lie_over_white(mode: str) -> None:
    image = picture().convert("RGBA")
    image.putalpha(PIL.Image.fromarray(np.where(np.arange(40) < 20, 255, 0).astype(np.uint8)[None].repeat(24, 0)))
    out = decode(as_bytes(image.convert(mode), "PNG"), POLICY)

    assert (out[:, 20:] > 250).all()
    assert not (out[:, :20] > 250).all()


def test_a_palette_image_keeps_its_colours() -> None:
    close_to(decode(as_bytes(picture().convert("P"), "PNG"), POLICY), picture())


@pytest.mark.parametrize("trailer", [b"\0" * 16, b"a camera's trailer " * 20])
def test_bytes_after_the_end_of_a_jpeg_do_no_harm(trailer: bytes) -> None:
    close_to(decode(jpeg() + trailer, POLICY), picture())


@pytest.mark.parametrize("share", [0.02, 0.3, 0.6, 0.9, 0.99])
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_a_truncated_image_is_refused_and_never_half_grey(kind: str, share: float) -> None:
    noise = np.random.default_rng(3).integers(0, 256, (200, 300, 3), np.uint8)
    data = as_bytes(PIL.Image.fromarray(noise), kind)

    with pytest.raises(Poison, match=r"truncated|damaged"):
        decode(data[: int(len(data) * share)], POLICY)


def test_a_jpeg_without_its_last_two_bytes_is_refused_or_whole() -> None:
    data = jpeg()
    try:
        image = decode(data[:-2], POLICY)
    except Poison:
        return
    close_to(image, picture())


def test_an_empty_file_is_refused() -> None:
    with pytest.raises(Poison, match="empty"):
        decode(b"", POLICY)


@pytest.mark.parametrize(
    "data", [b"hello", b"%PDF-1.7", b"\0\0\0\x18ftypmp42" + bytes(16), b"\xff", b"RIFF\0\0\0\0WAVE"]
)
def test_what_is_no_jpeg_png_or_webp_is_refused(data: bytes) -> None:
    with pytest.raises(Poison, match="not a JPEG, PNG or WebP"):
        decode(data, POLICY)


def png_claiming(width: int, height: int) -> bytes:
    body = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + body + struct.pack(">I", zlib.crc32(body))


def jpeg_claiming(width: int, height: int) -> bytes:
    data = bytearray(jpeg())
    at = data.index(b"\xff\xc0")
    data[at + 5 : at + 9] = struct.pack(">HH", height, width)
    return bytes(data)


@pytest.mark.parametrize("data", [png_claiming(0, 10), png_claiming(10, 0), jpeg_claiming(0, 10), jpeg_claiming(10, 0)])
def test_an_image_without_pixels_is_refused(data: bytes) -> None:
    with pytest.raises(Poison, match="no pixels"):
        decode(data, POLICY)


@pytest.mark.parametrize("data", [png_claiming(10_000, 10_000), jpeg_claiming(60_000, 60_000)])
def test_too_many_pixels_are_refused_by_the_header_alone(data: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    def never(*_: object, **__: object) -> None:
        raise AssertionError("decoded although the header says too much")

    monkeypatch.setattr(cv2, "imdecode", never)
    monkeypatch.setattr(PIL.Image, "open", never)

    with pytest.raises(Poison, match=r"megapixels; 1 are allowed"):
        decode(data, POLICY)


def test_the_largest_allowed_image_is_decoded() -> None:
    assert decode(jpeg(PIL.Image.new("RGB", (1000, 1000))), POLICY).shape == (1000, 1000, 3)


def test_a_missing_height_or_a_header_without_size_is_refused() -> None:
    with pytest.raises(Poison, match="names no size"):
        probe_size(b"\xff\xd8\xff\xda\0\0")


@given(
    data=st.binary(max_size=200),
    head=st.sampled_from([b"", b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"RIFF\0\0\0\0WEBP"]),
)
def test_garbage_is_poison_and_nothing_else(data: bytes, head: bytes) -> None:
    with pytest.raises(Poison):
        decode(head + data, POLICY)


@settings(max_examples=150)
@given(at=st.integers(2, 10_000), value=st.integers(0, 255), kind=st.sampled_from(["JPEG", "PNG", "WEBP"]))
def test_a_changed_byte_gives_an_image_or_poison(at: int, value: int, kind: str) -> None:
    data = bytearray(as_bytes(picture(), kind))
    data[at % len(data)] = value
    try:
        image = decode(bytes(data), POLICY)
    except Poison:
        return

    assert image.ndim == 3
