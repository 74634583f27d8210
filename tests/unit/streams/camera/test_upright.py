"""A recording's pictures as they are meant to be seen: turned, mirrored, with square pixels, whatever its codec."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
import pytest

from lfr_core.common.clock import SystemClock
from lfr_core.domain.policy import ImagePolicy, load_policy
from lfr_core.recognition.faces.types import Image
from streams.camera.jpeg import jpeg_size
from streams.camera.open_source import open_source
from streams.camera.sources import SourceInfo
from streams.camera.urls import parse_source
from tests.unit.recognition.faces.test_decode_kinds import picture

IMAGES = load_policy().images
AS_IS = np.asarray(picture())[:, :, ::-1]
"""80 x 48, BGR, different at each side and end."""


def recording(
    path: Path,
    codec: str = "libx264",
    *,
    turn: tuple[int, str] = (0, ""),
    shape: Fraction | None = None,
) -> Path:
    """Three frames of `AS_IS` that are to be shown turned by degrees and mirrored, their pixels of a shape."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=25)
        assert isinstance(stream, av.VideoStream)
        stream.width, stream.height = AS_IS.shape[1::-1]
        stream.pix_fmt = "yuvj420p" if codec == "mjpeg" else "yuv420p"
        if codec != "mjpeg":
            stream.options = {"crf": "5"}
        if shape is not None:
            stream.codec_context.sample_aspect_ratio = shape
        if any(turn):
            stream.set_display_rotation(turn[0], hflip=turn[1] == "across", vflip=turn[1] == "down")
        for _ in range(3):
            container.mux(stream.encode(av.VideoFrame.from_ndarray(AS_IS, format="bgr24")))
        container.mux(stream.encode(None))
    return path


def shown(path: Path, images: ImagePolicy = IMAGES) -> tuple[SourceInfo, list[bytes]]:
    source = open_source(parse_source(str(path)), images, clock=SystemClock())
    sent = []
    while source.grab() is not None:
        sent.append(source.jpeg())
    source.close()
    return source.info, sent


def is_like(sent: bytes, expected: Image) -> bool:
    image = cv2.imdecode(np.frombuffer(sent, np.uint8), cv2.IMREAD_COLOR)
    return image is not None and image.shape == expected.shape and np.abs(image.astype(int) - expected).mean() < 6


def as_meant(degrees: int, mirror: str) -> Image:
    """What a player shows: turned to the left, then mirrored."""
    image = np.rot90(AS_IS, degrees // 90)
    return {"": image, "across": image[:, ::-1], "down": image[::-1]}[mirror]


@pytest.mark.parametrize("codec", ["libx264", "mjpeg"])
@pytest.mark.parametrize("degrees", [0, 90, 180, 270])
@pytest.mark.parametrize("mirror", ["", "across", "down"])
def test_a_recording_is_turned_and_mirrored_as_it_says(codec: str, degrees: int, mirror: str, tmp_path: Path) -> None:
    info, sent = shown(recording(tmp_path / "a.mov", codec, turn=(degrees, mirror)))

    assert len(sent) == 3
    assert all(is_like(each, as_meant(degrees, mirror)) for each in sent)
    assert info.passthrough is (codec == "mjpeg" and not (degrees or mirror))


@pytest.mark.parametrize(
    ("shape", "size"),
    [
        (Fraction(1), (80, 48)),
        (Fraction(2), (160, 48)),  # 960 x 1080 of 1920 x 1080
        (Fraction(12, 11), (87, 48)),  # PAL
        (Fraction(1, 2), (80, 96)),  # 2CIF
        (Fraction(100, 101), (80, 48)),
        (Fraction(1, 9), (80, 48)),
    ],
)
@pytest.mark.parametrize("name", ["a.mp4", "a.mkv", "a.h264"])
def test_oblong_pixels_are_made_square_by_stretching_the_shorter_side(
    shape: Fraction, size: tuple[int, int], name: str, tmp_path: Path
) -> None:
    _, sent = shown(recording(tmp_path / name, shape=shape))

    assert {jpeg_size(each) for each in sent} == {size}
    assert is_like(sent[0], np.asarray(cv2.resize(AS_IS, size)))


def test_no_picture_grows_beyond_the_policy_for_the_shape_of_its_pixels(tmp_path: Path) -> None:
    small = IMAGES.model_copy(update={"max_frame_megapixels": 1.9 * 80 * 48 / 1e6})

    _, sent = shown(recording(tmp_path / "a.mp4", shape=Fraction(2)), small)

    assert {jpeg_size(each) for each in sent} == {(80, 24)}


def test_a_turned_recording_with_oblong_pixels_is_stretched_before_it_is_turned(tmp_path: Path) -> None:
    _, sent = shown(recording(tmp_path / "a.mp4", turn=(90, ""), shape=Fraction(2)))

    assert {jpeg_size(each) for each in sent} == {(48, 160)}
    assert is_like(sent[0], np.rot90(cv2.resize(AS_IS, (160, 48))))
