"""Letterbox, suppression, crops and alignment: pure functions over arrays."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from lfr_core.common.errors import Fatal, Poison
from lfr_core.recognition.faces import alignment, detector, embedding, landmarks
from lfr_core.recognition.faces.types import Detection, Floats, Image


class Fixed:
    """A network that gives what it is told and keeps what it was asked."""

    def __init__(self, *outputs: Floats) -> None:
        self.outputs = list(outputs)
        self.asked: list[Floats] = []

    def run(self, x: Floats) -> list[Floats]:
        self.asked.append(x)
        return self.outputs


def floats(values: object) -> Floats:
    return np.array(values, np.float32)


def grey(rows: int, columns: int) -> Image:
    return np.full((rows, columns, 3), 90, np.uint8)


@given(columns=st.integers(1, 900), rows=st.integers(1, 900))
def test_a_letterbox_keeps_the_aspect_and_fits(columns: int, rows: int) -> None:
    box = detector.letterbox(grey(rows, columns), 512, 288)

    assert box.canvas.shape == (288, 512, 3)
    assert box.scale == min(512 / columns, 288 / rows)


def test_a_margin_leaves_room_on_every_side_and_boxes_come_back_in_the_images_pixels() -> None:
    image = grey(100, 50)
    box = detector.letterbox(image, 512, 288, margin=0.1)
    scale = 288 / 120
    rows, columns = np.nonzero(box.canvas[:, :, 0] == 90)

    assert box.scale == pytest.approx(scale)
    assert (rows.min(), rows.max(), columns.min(), columns.max()) == (24, 24 + 239, 24, 24 + 119)
    corners = [24 / 512, 24 / 288, (24 + 50 * scale) / 512, (24 + 100 * scale) / 288]
    network = Fixed(np.array([[[0.1, 0.9]]], np.float32), np.array([[corners]], np.float32))
    ((found,),) = detector.detect(network, [image], width=512, height=288, min_score=0.65, max_iou=0.4, margin=0.1)
    np.testing.assert_allclose(found.box, [0, 0, 50, 100], atol=1e-4)


def test_boxes_come_back_in_the_pixels_of_each_image_of_a_batch() -> None:
    boxes = np.array([[[0.25, 0.25, 0.5, 0.5]], [[0.25, 0.25, 0.5, 0.5]]], np.float32)
    scores = np.array([[[0.1, 0.9]], [[0.1, 0.9]]], np.float32)
    network = Fixed(scores, boxes)
    found = detector.detect(
        network, [grey(576, 1024), grey(288, 256)], width=512, height=288, min_score=0.65, max_iou=0.4
    )

    assert network.asked[0].shape == (2, 3, 288, 512)
    np.testing.assert_allclose(found[0][0].box, [256, 144, 512, 288], rtol=1e-6)
    np.testing.assert_allclose(found[1][0].box, [128, 72, 256, 144], rtol=1e-6)


def test_the_detector_is_given_rgb_less_127_by_128() -> None:
    network = Fixed(np.zeros((1, 1, 2), np.float32), np.zeros((1, 1, 4), np.float32))
    image = np.zeros((288, 512, 3), np.uint8)
    image[:, :, 2] = 255  # red, in BGR
    detector.detect(network, [image], width=512, height=288, min_score=0.65, max_iou=0.4)

    np.testing.assert_array_equal(network.asked[0][0, :, 0, 0], floats([1.0, -127 / 128, -127 / 128]))


def test_no_image_is_no_run() -> None:
    network = Fixed()

    assert detector.detect(network, [], width=512, height=288, min_score=0.65, max_iou=0.4) == []
    assert network.asked == []


def test_scores_that_are_not_numbers_stop_the_process() -> None:
    network = Fixed(np.full((1, 1, 2), np.nan, np.float32), np.zeros((1, 1, 4), np.float32))

    with pytest.raises(Fatal, match="lfr models verify"):
        detector.detect(network, [grey(10, 10)], width=512, height=288, min_score=0.65, max_iou=0.4)


@pytest.mark.parametrize(
    "image", [np.zeros((0, 5, 3), np.uint8), np.zeros((5, 5), np.uint8), np.zeros((5, 5, 3), np.float32)]
)
def test_what_is_no_image_is_poison(image: Image) -> None:
    with pytest.raises(Poison, match="H x W x 3"):
        detector.letterbox(image, 512, 288)


boxes_strategy = hnp.arrays(
    np.float32, st.tuples(st.integers(0, 30), st.just(4)), elements=st.integers(0, 100).map(float)
).map(lambda a: np.concatenate([a[:, :2], a[:, :2] + 1 + a[:, 2:]], axis=1))


@given(boxes=boxes_strategy, seed=st.integers(0, 9))
def test_suppression_equals_the_plain_loop(boxes: Floats, seed: int) -> None:
    scores = np.random.default_rng(seed).permutation(len(boxes)).astype(np.float32)

    def iou(a: Floats, b: Floats) -> float:
        w = max(0.0, min(a[2], b[2]) - max(a[0], b[0]))
        h = max(0.0, min(a[3], b[3]) - max(a[1], b[1]))
        return float(w * h / ((a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - w * h))

    expected: list[int] = []
    for index in sorted(range(len(boxes)), key=lambda i: -scores[i]):
        if all(iou(boxes[index], boxes[kept]) <= 0.4 + 1e-6 for kept in expected):
            expected.append(index)

    assert detector.non_maximum_suppression(boxes, scores, 0.4) == expected


def test_a_face_s_box_is_the_mean_of_those_it_suppressed_and_of_no_others() -> None:
    boxes = floats([[0, 0, 100, 100], [10, 0, 110, 100], [300, 0, 400, 100], [70, 0, 170, 100]])
    scores = floats([0.9, 0.9, 0.8, 0.7])

    np.testing.assert_allclose(detector.average_boxes(boxes, scores, [0, 2]), [[5, 0, 105, 100], [300, 0, 400, 100]])
    assert detector.average_boxes(boxes, scores, []).shape == (0, 4)


def test_landmarks_come_back_in_the_image_from_a_square_crop() -> None:
    network = Fixed(np.full((1, 136), 0.5, np.float32))
    box = Detection(np.array([40, 20, 80, 80], np.float32), 1.0)  # 40 wide, 60 high: the crop is 60 x 60 at 30, 20
    points = landmarks.find(network, grey(100, 200), [box])

    assert network.asked[0].shape == (1, 1, 64, 64)
    np.testing.assert_allclose(points, np.full((1, 68, 2), [60, 50], np.float32))


def test_a_box_past_the_border_is_cropped_with_the_border_repeated() -> None:
    network = Fixed(np.zeros((1, 136), np.float32))
    landmarks.find(network, grey(100, 200), [Detection(np.array([-20, -20, 30, 40], np.float32), 1.0)])

    np.testing.assert_allclose(network.asked[0], 90 / 256)


@pytest.mark.parametrize("box", [[300, 10, 340, 60], [10, 10, 20, 10], [np.nan, 0, 10, 10]])
def test_a_box_outside_the_image_is_poison(box: list[float]) -> None:
    with pytest.raises(Poison, match="face box"):
        landmarks.find(Fixed(), grey(100, 200), [Detection(np.array(box, np.float32), 1.0)])


def test_landmarks_that_are_not_numbers_stop_the_process() -> None:
    with pytest.raises(Fatal, match="lfr models verify"):
        landmarks.find(
            Fixed(np.full((1, 136), np.inf, np.float32)),
            grey(100, 100),
            [Detection(np.array([10, 10, 60, 60], np.float32), 1.0)],
        )


def test_the_five_points_are_the_documented_means() -> None:
    points = np.arange(136, dtype=np.float32).reshape(68, 2)
    expected = [[78, 79], [90, 91], [60, 61], [108, 109], [118, 119]]

    np.testing.assert_array_equal(landmarks.five_points(points), floats(expected))
    np.testing.assert_array_equal(landmarks.five_points(points[:5]), points[:5])
    with pytest.raises(ValueError, match="68 or 5"):
        landmarks.five_points(points[:7])


@given(scale=st.floats(0.05, 20), turn=st.floats(-3.1, 3.1), x=st.floats(-2000, 2000), y=st.floats(-2000, 2000))
def test_the_transform_undoes_any_turn_scale_and_shift(scale: float, turn: float, x: float, y: float) -> None:
    c, s = scale * np.cos(turn), scale * np.sin(turn)
    template = alignment.FIVE_POINT_TEMPLATE.astype(np.float64)
    seen = (template @ np.array([[c, s], [-s, c]]) + [x, y]).astype(np.float64)
    matrix = alignment.similarity_transform(seen, alignment.FIVE_POINT_TEMPLATE)

    np.testing.assert_allclose(seen @ matrix[:, :2].T + matrix[:, 2], template, atol=1e-3)


def test_the_transform_never_mirrors_a_face() -> None:
    mirrored = alignment.FIVE_POINT_TEMPLATE * floats([-1, 1])
    matrix = alignment.similarity_transform(mirrored, alignment.FIVE_POINT_TEMPLATE)

    assert np.linalg.det(matrix[:, :2]) > 0


@pytest.mark.parametrize("points", [np.zeros((5, 2)), np.full((5, 2), np.nan), np.full((5, 2), np.inf)])
def test_points_that_coincide_or_are_no_numbers_are_poison(points: Floats) -> None:
    with pytest.raises(Poison, match="points"):
        alignment.align(grey(50, 50), points.astype(np.float32))


@pytest.mark.parametrize("size", [1.0, 1.6, 2.5, 6.0])
def test_alignment_puts_the_face_where_the_template_has_it_at_any_size(size: float) -> None:
    face = cv2.GaussianBlur(np.random.default_rng(5).integers(0, 256, (112, 112, 3), np.uint8), (0, 0), 6.0)
    face = cv2.normalize(face, None, 0, 255, cv2.NORM_MINMAX)
    side = round(112 * size)
    image = np.zeros((side + 150, side + 90, 3), np.uint8)
    image[100 : 100 + side, 60 : 60 + side] = cv2.resize(face, (side, side), interpolation=cv2.INTER_CUBIC)
    points = (alignment.FIVE_POINT_TEMPLATE + 0.5) * np.float32(side / 112) - 0.5 + floats([60, 100])
    out = alignment.align(image, points).astype(int)

    assert np.abs(out - face)[4:-4, 4:-4].mean() < 2.5


def test_a_large_face_is_shrunk_without_aliasing() -> None:
    image = np.zeros((1200, 1200, 3), np.uint8)
    image[:, ::2] = 255  # stripes of one pixel: grey when seen from far
    points = alignment.FIVE_POINT_TEMPLATE * 9 + 50
    out = alignment.align(image, points)[8:-8, 8:-8]

    assert out.std() < 12
    assert abs(float(out.mean()) - 127.5) < 6


def test_a_template_is_a_unit_vector_whatever_the_batch() -> None:
    class Ramp:
        def run(self, x: Floats) -> list[Floats]:
            return [np.stack([np.arange(512, dtype=np.float32) + face.mean() for face in x])]

    faces = [np.full((112, 112, 3), value, np.uint8) for value in (0, 60, 250)]
    alone = embedding.embed(Ramp(), faces, batch=1)

    assert alone.shape == (3, 512)
    np.testing.assert_allclose(np.linalg.norm(alone, axis=1), 1.0, atol=1e-6)
    np.testing.assert_array_equal(embedding.embed(Ramp(), faces, batch=2), alone)
    assert embedding.embed(Ramp(), []).shape == (0, 512)


@pytest.mark.parametrize("value", [np.nan, np.inf, 0.0])
def test_a_template_that_is_no_direction_stops_the_process(value: float) -> None:
    with pytest.raises(Fatal, match="direction"):
        embedding.embed(Fixed(np.full((1, 512), value, np.float32)), [grey(112, 112)])


def test_three_faces_in_one_row_are_noticed() -> None:
    with pytest.raises(Fatal, match="for 3 faces"):
        embedding.embed(Fixed(np.ones((1, 1536), np.float32)), [grey(112, 112)] * 3, batch=3)


def test_an_aligned_face_of_another_size_is_refused() -> None:
    with pytest.raises(ValueError, match="112 x 112"):
        embedding.embed(Fixed(), [grey(100, 112)])
