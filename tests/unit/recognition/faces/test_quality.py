"""What quality measures, on drawn faces; bench/quality.py measures it on real ones."""

from __future__ import annotations

import math
from dataclasses import replace

import cv2
import numpy as np
import pytest

from lfr_core.domain.policy import load_policy
from lfr_core.recognition.faces import alignment, quality
from lfr_core.recognition.faces.types import Detection, Floats, Image, Quality

POLICY = load_policy().faces
FINE = Quality(eye_distance_px=40, sharpness=0.6, yaw_degrees=0, exposure=1.0, cut_by_border=False)


def texture(blur_px: float = 0.0, angle: float = 0.0) -> Image:
    """Detail at all scales, as a face has (amplitude falls with frequency), under motion blur of `blur_px`."""
    rng = np.random.default_rng(11)
    image = sum(
        cv2.GaussianBlur(rng.normal(0, 1, (112, 112)).astype(np.float32), (0, 0), sigma) * sigma * weight
        for sigma, weight in ((1.0, 12), (2.0, 14), (4.0, 16), (8.0, 18))
    )
    if blur_px:
        steps = np.linspace(-blur_px / 2, blur_px / 2, 41)
        image = np.mean(
            [
                cv2.warpAffine(
                    image,
                    np.array([[1, 0, s * math.cos(angle)], [0, 1, s * math.sin(angle)]]),
                    (112, 112),
                    borderMode=cv2.BORDER_REFLECT,
                )
                for s in steps
            ],
            axis=0,
        )
    grey = np.clip(128 + np.asarray(image)[:, :, None], 0, 255).astype(np.uint8)
    return np.asarray(grey.repeat(3, axis=2), np.uint8)


@pytest.mark.parametrize("angle", [0.0, math.pi / 4, math.pi / 2, 3 * math.pi / 4])
def test_motion_blur_lowers_sharpness_in_whatever_direction_it_goes(angle: float) -> None:
    measured = [quality.sharpness(texture(blur, angle)) for blur in (0, 4, 9, 17)]

    assert measured == sorted(measured, reverse=True)
    assert measured[2] < 0.7 * measured[0]


@pytest.mark.parametrize("brightness", [0.4, 0.7])
def test_sharpness_does_not_depend_on_light(brightness: float) -> None:
    bright = texture()
    dark = (bright * brightness).astype(np.uint8)

    assert quality.sharpness(dark) == pytest.approx(quality.sharpness(bright), rel=0.08)


@pytest.mark.parametrize("value", [0, 128, 255])
def test_a_flat_patch_has_no_sharpness(value: int) -> None:
    assert quality.sharpness(np.full((112, 112, 3), value, np.uint8)) == 0.0


def test_exposure_counts_what_is_crushed_or_blown_and_not_what_is_dark() -> None:
    assert quality.exposure(np.full((112, 112, 3), 12, np.uint8)) == 1.0
    assert quality.exposure(np.zeros((112, 112, 3), np.uint8)) == 0.0
    assert quality.exposure(np.full((112, 112, 3), 255, np.uint8)) == 0.0
    half = np.full((112, 112, 3), 120, np.uint8)
    half[:, 56:] = 255
    assert quality.exposure(half) == pytest.approx(0.5)


def head(yaw: float, roll: float = 0.0, scale: float = 1.0) -> Floats:
    """Five points of a plain head (eyes 1 apart, nose 0.45 before them) turned by `yaw`, tilted by `roll` degrees."""
    solid = np.array([[-0.5, 0, 0], [0.5, 0, 0], [0, 0.57, 0.45], [-0.4, 1.15, 0], [0.4, 1.15, 0]])
    y, r = math.radians(yaw), math.radians(roll)
    x = solid[:, 0] * math.cos(y) + solid[:, 2] * math.sin(y)
    flat = np.column_stack([x, solid[:, 1]]) * 40 * scale
    turn = np.array([[math.cos(r), -math.sin(r)], [math.sin(r), math.cos(r)]])
    return np.asarray(flat @ turn.T + 300, np.float32)


@pytest.mark.parametrize("yaw", [-60, -30, 0, 15, 45, 70])
@pytest.mark.parametrize("roll", [-25, 0, 40])
def test_yaw_is_that_of_the_head_whatever_its_tilt_and_size(yaw: float, roll: float) -> None:
    assert quality.yaw_degrees(head(yaw, roll)) == pytest.approx(yaw, abs=0.5)
    assert quality.yaw_degrees(head(yaw, roll, scale=3)) == pytest.approx(yaw, abs=0.5)


@pytest.mark.parametrize(
    ("box", "expected"),
    [
        ([10, 10, 60, 80], False),
        ([-5, 10, 45, 80], False),  # within a tenth of the height
        ([-9, 10, 45, 80], True),
        ([160, 10, 210, 80], True),
        ([10, -9, 60, 61], True),
        ([10, 40, 60, 110], True),
    ],
)
def test_a_face_is_cut_when_its_box_reaches_past_the_border(box: list[float], expected: bool) -> None:  # noqa: FBT001  a table's column
    image = np.zeros((100, 200, 3), np.uint8)

    assert quality.cut_by_border(image, Detection(np.array(box, np.float32), 1.0)) is expected


def test_assess_takes_five_points_or_sixty_eight() -> None:
    image = np.zeros((400, 400, 3), np.uint8)
    box = Detection(np.array([250, 250, 350, 380], np.float32), 1.0)
    five = quality.assess(image, box, alignment.FIVE_POINT_TEMPLATE * 2 + 250, texture())

    assert five.eye_distance_px == pytest.approx(2 * alignment.TEMPLATE_EYE_DISTANCE_PX)
    assert abs(five.yaw_degrees) < 5
    with pytest.raises(ValueError, match="68 or 5"):
        quality.assess(image, box, np.zeros((0, 2), np.float32), texture())


@pytest.mark.parametrize(
    ("shot", "reason"),
    [
        (FINE, None),
        (replace(FINE, eye_distance_px=POLICY.min_eye_distance_px - 0.1), "too_small"),
        (replace(FINE, cut_by_border=True), "cut"),
        (replace(FINE, yaw_degrees=-POLICY.max_yaw_degrees - 1), "pose"),
        (replace(FINE, exposure=quality.MIN_EXPOSURE - 0.01), "exposure"),
        (replace(FINE, sharpness=POLICY.min_sharpness - 0.01), "too_blurred"),
    ],
)
def test_a_shot_is_usable_or_says_why_not(shot: Quality, reason: str | None) -> None:
    assert quality.find_fault(shot, POLICY) == reason


@pytest.mark.parametrize("field", ["eye_distance_px", "sharpness", "yaw_degrees", "exposure"])
def test_a_figure_that_is_no_number_is_never_usable(field: str) -> None:
    shot = replace(FINE, **{field: math.nan})  # type: ignore[arg-type]  # a field by name

    assert quality.find_fault(shot, POLICY) is not None


def test_references_may_be_asked_to_be_larger_than_probes() -> None:
    shot = replace(FINE, eye_distance_px=22)

    assert quality.find_fault(shot, POLICY) is None
    assert quality.find_fault(shot, POLICY, min_eye_distance_px=POLICY.enrol_min_eye_distance_px) == "too_small"
