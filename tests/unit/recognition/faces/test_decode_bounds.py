"""What a small file may cost: passes over a JPEG, pixels named twice, codings that no camera makes."""

from __future__ import annotations

import io
import os
import struct
import zlib
from pathlib import Path
from unittest import mock

import numpy as np
import PIL.Image
import pytest

from lfr_core.common.errors import Poison
from lfr_core.domain.policy import ImagePolicy
from lfr_core.recognition.faces.decode import decode, decode_frame, probe_size
from lfr_core.recognition.faces.scans import MOST_SCANS, check_scans
from lfr_core.watchlists.photographs import digest
from streams.camera.jpeg import jpeg_size

POLICY = ImagePolicy(max_megapixels=60.0, max_frame_megapixels=25.0, max_frame_bytes=2_000_000)
SCAN = b"\xff\xda"


def progressive(side: int = 64, *, mode: str = "RGB") -> bytes:
    out = io.BytesIO()
    PIL.Image.new(mode, (side, side), 90).save(out, "JPEG", progressive=True)
    return out.getvalue()


def with_scans(jpeg: bytes, more: int) -> bytes:
    """The picture with its last scan repeated: some tens of bytes each, and a whole pass for the decoder."""
    last = jpeg[jpeg.rindex(SCAN) : -2]
    return jpeg[:-2] + last * more + b"\xff\xd9"


def never(*_: object, **__: object) -> None:
    raise AssertionError("was decoded")


@pytest.mark.parametrize("opened_by", ["plain", "Pillow"])
def test_a_small_jpeg_of_thousands_of_scans_is_refused_before_it_is_decoded(opened_by: str) -> None:
    bomb = with_scans(progressive(1_000, mode="L"), 4_000)
    assert len(bomb) < 344_000
    data = bomb if opened_by == "plain" else bomb + b"x"

    with (
        mock.patch("cv2.imdecode", never),
        mock.patch.object(PIL.Image, "open", never),
        pytest.raises(Poison, match="more than 100 scans: it would take too long"),
    ):
        decode(data, POLICY)
    with pytest.raises(Poison, match="scans"):
        jpeg_size(data)  # at the camera, before it is sent


def test_the_more_pixels_the_fewer_scans() -> None:
    many = SCAN + b"\x00\x02"

    check_scans(b"\xff\xd8" + many * MOST_SCANS, 2.0)
    check_scans(b"\xff\xd8" + many * 25, 60.0)
    with pytest.raises(Poison, match="more than 25 scans"):
        check_scans(b"\xff\xd8" + many * 26, 60.0)


def test_an_ordinary_progressive_picture_is_decoded_and_previews_within_it_are_not_counted() -> None:
    preview = with_scans(progressive(), 60)
    picture = progressive()
    segment = b"\xff\xe2" + struct.pack(">H", len(preview) + 2) + preview
    data = picture[:2] + segment + segment + picture[2:] + preview

    assert data.count(SCAN) > MOST_SCANS
    assert decode(data, POLICY).shape == (64, 64, 3)


def test_a_scan_hidden_behind_bytes_that_a_decoder_skips_is_counted() -> None:
    picture = progressive()
    last = picture[picture.rindex(SCAN) : -2]
    hidden = b"\xff\x00\xff\xff" + last[1:]

    with pytest.raises(Poison, match="scans"):
        decode(picture[:-2] + hidden * (MOST_SCANS + 1) + b"\xff\xd9", POLICY)


@pytest.mark.parametrize("marker", [0xC3, 0xC5, 0xC9, 0xCA, 0xCF])
def test_arithmetic_lossless_and_hierarchical_jpegs_are_refused(marker: int) -> None:
    data = progressive().replace(b"\xff\xc2", bytes([0xFF, marker]))

    with pytest.raises(Poison, match="save it as an ordinary JPEG"):
        probe_size(data)


def test_a_size_hidden_from_our_reading_of_the_header_is_not_decoded() -> None:
    picture = progressive()
    size = picture[picture.index(b"\xff\xc2") :][:19]
    huge = size[:5] + struct.pack(">HH", 65_000, 65_000) + size[9:]
    skipped = b"\xff\x00" + struct.pack(">H", len(huge) + 2) + huge  # content for us, markers for libjpeg

    with mock.patch("cv2.imdecode", never), pytest.raises(Poison, match="more than 1 scans"):  # of 65,000 x 65,000
        decode(picture[:2] + skipped + picture[2:], POLICY)


def test_a_photograph_that_is_a_pipe_or_a_link_out_of_the_folder_is_refused_without_waiting(tmp_path: Path) -> None:
    folder = tmp_path / "list"
    folder.mkdir()
    (tmp_path / "secret.jpg").write_bytes(progressive())
    os.mkfifo(folder / "pipe.jpg")
    (folder / "zero.jpg").symlink_to("/dev/zero")
    (folder / "out.jpg").symlink_to(tmp_path / "secret.jpg")
    (folder / "a.jpg").write_bytes(progressive())
    (folder / "within.jpg").symlink_to("a.jpg")

    assert [digest(folder, f"{name}.jpg") for name in ("pipe", "zero", "out")] == [None, None, None]
    assert digest(folder, "within.jpg") == digest(folder, "a.jpg") is not None


def test_a_png_whose_header_does_not_come_first_or_comes_twice_is_refused() -> None:
    out = io.BytesIO()
    PIL.Image.fromarray(np.zeros((8, 8, 3), np.uint8)).save(out, "PNG")
    data = out.getvalue()
    header = data[8:33]

    with pytest.raises(Poison, match="doesn't come first"):
        probe_size(data[:8] + data[33:] + header)
    other = struct.pack(">II", 4, 4) + header[16:21]

    second = header[:4] + b"IHDR" + other + struct.pack(">I", zlib.crc32(b"IHDR" + other))
    with pytest.raises(Poison, match=r"two sizes|damaged"):
        decode(data[:33] + second + data[33:], POLICY)


def test_a_frame_is_a_jpeg_of_fewer_pixels_than_a_photograph_may_have() -> None:
    png, large = io.BytesIO(), io.BytesIO()
    PIL.Image.new("RGB", (8, 8)).save(png, "PNG")
    PIL.Image.new("L", (6_000, 5_000)).save(large, "JPEG")

    with mock.patch("cv2.imdecode", never), mock.patch.object(PIL.Image, "open", never):
        with pytest.raises(Poison, match="a frame is a JPEG"):
            decode_frame(png.getvalue(), POLICY)
        with pytest.raises(Poison, match=r"30\.0 megapixels; 25 are allowed"):
            decode_frame(large.getvalue(), POLICY)
    assert decode(large.getvalue(), POLICY).shape == (5_000, 6_000, 3)


def test_a_photograph_with_thousands_of_damaged_exif_entries_writes_no_line_for_each() -> None:
    entries = b"".join(struct.pack("<HHII", tag, 2, 9, 2**31) for tag in range(1, 5_000))
    exif = b"II*\0\x08\0\0\0" + struct.pack("<H", 4_999) + entries
    out = io.BytesIO()
    PIL.Image.new("RGB", (8, 8), "red").save(out, "PNG", exif=b"Exif\0\0" + exif)

    assert decode(out.getvalue(), POLICY).shape == (8, 8, 3)  # a warning would be an error here
