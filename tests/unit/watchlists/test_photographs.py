"""A photograph's file is found in its folder alone, and its crop looks as it did when it was shrunk in one step."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from lfr_core.domain.watchlists import RefusalReason
from lfr_core.recognition.faces.types import Image
from lfr_core.watchlists.photographs import CROP_SIZE_PX, Unusable, _sized, read_photograph


@pytest.mark.parametrize("name", ["a.jpg", "A.JPG", "sub/b.jpg", "sub\\b.jpg", "./a.jpg", "link.jpg"])
def test_a_photograph_is_read_wherever_it_lies_in_the_folder(tmp_path: Path, name: str) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "a.jpg").write_bytes(b"whole")
    (tmp_path / "sub/b.jpg").write_bytes(b"whole")
    (tmp_path / "link.jpg").symlink_to("sub/b.jpg")

    assert read_photograph(tmp_path, name) == b"whole"


@pytest.mark.parametrize(
    "name", ["out.jpg", "..", "../secret.jpg", "..\\secret.jpg", "C:\\a.jpg", "C:a.jpg", "a\0.jpg", "round.jpg"]
)
def test_a_photograph_that_lies_outside_is_refused_as_such(tmp_path: Path, name: str) -> None:
    folder = tmp_path / "list"
    folder.mkdir()
    (tmp_path / "secret.jpg").write_bytes(b"another's")
    (folder / "out.jpg").symlink_to("../secret.jpg")
    (folder / "round.jpg").symlink_to("round.jpg")
    for odd in ("C:\\a.jpg", "C:a.jpg"):  # of a list made on Windows: such a file here is none that it meant
        (folder / odd).write_bytes(b"another's")

    with pytest.raises(Unusable) as refused:
        read_photograph(folder, name)
    assert refused.value.reason is RefusalReason.OUTSIDE_FOLDER


def test_a_photograph_that_is_none_is_refused_as_missing(tmp_path: Path) -> None:
    (tmp_path / "folder.jpg").mkdir()

    for name in ("nobody.jpg", "folder.jpg", "folder.jpg/a.jpg"):
        with pytest.raises(Unusable) as refused:
            read_photograph(tmp_path, name)
        assert refused.value.reason is RefusalReason.FILE_MISSING


def picture(side: int) -> Image:
    """Draw soft shapes with edges among them, as a face has."""
    rng = np.random.default_rng(17)
    coarse = rng.integers(0, 255, (24, 24, 3), np.uint8)
    drawn = cv2.resize(coarse, (side, side), interpolation=cv2.INTER_CUBIC)
    cv2.circle(drawn, (side // 2, side // 2), side // 3, (20, 40, 60), max(side // 60, 1), cv2.LINE_AA)
    return np.asarray(drawn, np.uint8)


@pytest.mark.parametrize("side", [2, 120, 255, 256, 257, 300, 400, 511, 512, 700, 769, 1_000, 2_399])
def test_a_crop_is_what_shrinking_by_area_in_one_step_gives(side: int) -> None:
    square = picture(side)
    how = cv2.INTER_AREA if side > CROP_SIZE_PX else cv2.INTER_CUBIC
    expected = cv2.resize(square, (CROP_SIZE_PX, CROP_SIZE_PX), interpolation=how)

    sized = _sized(square)

    assert sized.shape == (CROP_SIZE_PX, CROP_SIZE_PX, 3)
    assert cv2.PSNR(sized, np.asarray(expected, np.uint8)) > 32  # the JPEG that it becomes is at 39 of it
