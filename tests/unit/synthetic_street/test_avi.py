"""The AVI is read back frame by frame, byte by byte."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from apps.synthetic_street import avi
from apps.synthetic_street.avi import MjpegAvi


def jpegs(count: int) -> list[bytes]:
    images = [np.full((48, 64, 3), 20 * n, np.uint8) for n in range(count)]
    return [cv2.imencode(".jpg", image)[1].tobytes() for image in images]


def test_every_jpeg_comes_out_as_it_went_in(tmp_path: Path) -> None:
    file, written = tmp_path / "a.avi", jpegs(7)
    with MjpegAvi(file, (64, 48), 25) as video:
        for jpeg in written:
            video.write(jpeg)

    reader = cv2.VideoCapture(str(file), cv2.CAP_FFMPEG)
    assert (reader.get(cv2.CAP_PROP_FRAME_COUNT), reader.get(cv2.CAP_PROP_FPS)) == (7, 25)
    reader.set(cv2.CAP_PROP_FORMAT, -1)
    read = [reader.read()[1].tobytes() for _ in range(7)]
    assert [r[: len(w)] for r, w in zip(read, written, strict=True)] == written
    assert not reader.read()[0]


def test_a_file_too_large_for_the_format_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(avi, "LARGEST_BYTES", 2_000)
    with MjpegAvi(tmp_path / "a.avi", (64, 48), 25) as video:
        video.write(jpegs(1)[0])
        with pytest.raises(ValueError, match="shorter street"):
            video.write(b"j" * 2_000)
