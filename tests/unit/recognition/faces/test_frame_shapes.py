from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lfr_core.domain.policy import load_policy
from lfr_core.recognition.faces.frame_shapes import fine_input, merge, smallest_eye_distance_px
from lfr_core.recognition.faces.types import Detection

FACES = load_policy().faces


@pytest.mark.parametrize(
    ("size", "expected"),
    [
        ((1280, 720), None),
        ((640, 480), None),
        ((1280, 960), (512, 384)),
        ((720, 1280), (288, 512)),
        ((1920, 1080), (768, 448)),
        ((1080, 1920), (448, 768)),
        ((3840, 2160), (1536, 864)),
        ((2160, 3840), (864, 1536)),
    ],
)
def test_large_and_upright_frames_are_looked_at_again_shrunk_as_little_as_720p(
    size: tuple[int, int], expected: tuple[int, int] | None
) -> None:
    assert fine_input(*size, FACES) == expected


@given(st.integers(1, 8192), st.integers(1, 8192))
def test_a_face_of_24_px_is_found_in_frames_of_every_shape(width: int, height: int) -> None:
    assert smallest_eye_distance_px(width, height, FACES, parts=True) <= 24.0 * 1.001


def test_an_engine_that_looks_once_finds_larger_faces_alone() -> None:
    found = [smallest_eye_distance_px(*size, FACES, parts=False) for size in ((1280, 720), (1080, 1920), (3840, 2160))]

    assert [round(each) for each in found] == [24, 64, 72]


def box(x: float, score: float, side: float = 100) -> Detection:
    return Detection(np.array([x, 0, x + side, side], np.float32), score)


def test_a_face_that_both_looks_found_is_one_face() -> None:
    merged = merge([box(0, 0.9), box(300, 0.7)], [box(10, 0.8), box(600, 0.95)], 3840, 2160, FACES)

    assert [(float(each.box[0]), each.score) for each in merged] == [(600, 0.95), (0, 0.9), (300, 0.7)]
    assert merge([], [box(1, 0.5)], 3840, 2160, FACES)[0].score == 0.5


def test_a_large_face_is_left_to_the_first_look_and_has_no_faces_in_it() -> None:
    again = [box(10, 0.8, 900), box(300, 0.9, 60), box(2000, 0.7, 900), box(3000, 0.7, 60)]

    merged = merge([box(0, 0.9, 1000)], again, 3840, 2160, FACES)

    assert [float(each.box[0]) for each in merged] == [0.0, 3000.0]
