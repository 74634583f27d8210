"""The drawn test face, with the real pack: found, good enough, itself after JPEG, and nobody else."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from lfr_core.domain.policy import load_policy
from lfr_core.recognition.faces import quality
from lfr_core.recognition.faces.engine import PackEngine
from lfr_core.recognition.faces.types import Floats, Image
from lfr_core.recognition.selftest.face import draw_face, live_probe_frame, live_probe_template
from tests.support.samples import cpu, require_image, require_pack, require_photos

pytestmark = pytest.mark.models

POLICY = load_policy()
SAME, NOBODY = 0.8, 0.35


@pytest.fixture(scope="module")
def engine() -> PackEngine:
    return PackEngine(require_pack(), POLICY.faces, cpu, 1)


@pytest.fixture(scope="module")
def template(engine: PackEngine) -> Floats:
    made = live_probe_template(engine)
    assert made is not None
    return made


def templates(engine: PackEngine, image: Image) -> list[Floats]:
    faces = [engine.describe(image, found) for found in engine.detect([image])[0]]
    return list(engine.embed([face.aligned for face in faces]))


def test_it_is_one_face_good_enough_to_be_compared_and_enrolled(engine: PackEngine) -> None:
    image = draw_face()
    (found,) = engine.detect([image])[0]
    seen = engine.describe(image, found).quality

    assert quality.find_fault(seen, POLICY.faces) is None
    assert quality.find_fault(seen, POLICY.faces, min_eye_distance_px=POLICY.faces.enrol_min_eye_distance_px) is None


def test_the_frame_that_is_sent_matches_what_is_enrolled(engine: PackEngine, template: Floats) -> None:
    image = cv2.imdecode(np.frombuffer(live_probe_frame(), np.uint8), cv2.IMREAD_COLOR)
    assert image is not None
    (probe,) = templates(engine, image.astype(np.uint8))

    assert float(probe @ template) >= SAME
    assert len(live_probe_frame()) < POLICY.images.max_frame_bytes


@pytest.mark.parametrize("jpeg_quality", [30, 60, 90])
def test_it_matches_itself_after_jpeg(engine: PackEngine, template: Floats, jpeg_quality: int) -> None:
    jpeg = cv2.imencode(".jpg", draw_face(), [cv2.IMWRITE_JPEG_QUALITY, jpeg_quality])[1]
    image = cv2.imdecode(jpeg, cv2.IMREAD_COLOR)
    assert image is not None
    (probe,) = templates(engine, image.astype(np.uint8))

    assert float(probe @ template) >= SAME


def test_it_is_like_nobody_in_the_sample_photographs(engine: PackEngine, template: Floats) -> None:
    people = [one for key in require_photos() for one in templates(engine, require_image(key))]

    assert len(people) >= 6
    assert max(float(one @ template) for one in people) < NOBODY
