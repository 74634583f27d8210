"""Faces of 24 px between the eyes are found in frames of every shape, as in 1280 x 720."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from lfr_core.domain.policy import load_policy
from lfr_core.recognition.faces.decode import decode
from lfr_core.recognition.faces.engine import PackEngine
from lfr_core.recognition.faces.types import Image
from tests.support.samples import cpu, require_pack, require_photos

pytestmark = pytest.mark.models

POLICY = load_policy()
EYES_PX = 24
FACES = 6


@pytest.fixture(scope="module")
def engine() -> PackEngine:
    return PackEngine(require_pack(), POLICY.faces, cpu, threads=1)


@pytest.fixture(scope="module")
def photos() -> dict[str, bytes]:
    return {name: path.read_bytes() for name, path in require_photos().items()}


@pytest.fixture(scope="module")
def small_faces(engine: PackEngine, photos: dict[str, bytes]) -> list[Image]:
    """Faces with their surroundings, cut out and shrunk."""
    cut = []
    for name in ("obama", "biden", "obama2", "obama3"):
        image = decode(photos[name], POLICY.images)
        (detection, *_) = engine.detect_large([image])[0]
        eyes_px = engine.describe(image, detection).quality.eye_distance_px
        x1, y1, x2, y2 = detection.box
        x, y, side = (x1 + x2) / 2, (y1 + y2) / 2, 1.1 * max(x2 - x1, y2 - y1)
        rows, columns = slice(max(0, int(y - side)), int(y + side)), slice(max(0, int(x - side)), int(x + side))
        scale = EYES_PX / eyes_px
        cut.append(np.asarray(cv2.resize(image[rows, columns], None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)))
    return [each.astype(np.uint8) for each in cut]


@pytest.mark.parametrize(
    "size",
    [
        (1280, 720),
        (720, 1280),
        (1080, 1920),
        *(pytest.param(size, marks=pytest.mark.slow) for size in ((3840, 2160), (2160, 3840))),
    ],
    ids=lambda size: f"{size[0]}x{size[1]}",
)
def test_faces_of_24_px_are_found_in_frames_of_every_shape(
    engine: PackEngine, small_faces: list[Image], size: tuple[int, int]
) -> None:
    rng = np.random.default_rng(1)
    found = 0
    for number in range(FACES):
        face = small_faces[number % len(small_faces)]
        frame = rng.integers(122, 134, (size[1], size[0], 3), dtype=np.uint8)
        x, y = (int(rng.integers(0, whole - part)) for whole, part in zip(size, face.shape[1::-1], strict=True))
        frame[y : y + face.shape[0], x : x + face.shape[1]] = face
        boxes = [each.box for each in engine.detect([frame])[0]]
        centres = [((box[0] + box[2]) / 2 - x, (box[1] + box[3]) / 2 - y) for box in boxes]
        found += any(0 <= cx <= face.shape[1] and 0 <= cy <= face.shape[0] for cx, cy in centres)

    assert found == FACES


@pytest.mark.parametrize("name", ["astronaut", "obama2"])
def test_a_face_that_fills_a_4k_frame_is_found_once(engine: PackEngine, photos: dict[str, bytes], name: str) -> None:
    image = decode(photos[name], POLICY.images)
    frame = np.asarray(cv2.resize(image, (2160, 2160 * image.shape[0] // image.shape[1])), np.uint8)

    assert len(engine.detect([frame])[0]) == 1
