"""A canary's picture, with the real pack: one face that is compared at once, and is the drawn one's, at any size."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from lfr_core.domain.policy import load_policy
from lfr_core.recognition.faces import quality
from lfr_core.recognition.faces.engine import PackEngine
from lfr_core.recognition.faces.types import Image
from lfr_core.recognition.selftest.face import live_probe_template
from lfr_core.retention.erasure import forms
from lfr_core.retention.erasure.forms import canary_picture, image_forms, noise_jpeg
from tests.support.samples import cpu, require_pack

pytestmark = pytest.mark.models

POLICY = load_policy()
FOUND_AS = 0.8
"""Similarity: of real faces, none comes near (`tests/integration/deployments/monitoring/test_face.py`)."""


@pytest.fixture(scope="module")
def engine() -> PackEngine:
    return PackEngine(require_pack(), POLICY.faces, cpu, 1)


@pytest.mark.parametrize(("width", "height"), [(320, 240), (480, 640), (640, 360), (1280, 720), (1920, 1080)])
@pytest.mark.parametrize("seed", [1, 2])
def test_it_goes_through_detection_quality_and_embedding_as_the_drawn_face(
    engine: PackEngine, width: int, height: int, seed: int
) -> None:
    random = np.random.default_rng(seed)
    picture = canary_picture(random, noise_jpeg(random, width, height))
    image = np.asarray(cv2.imdecode(np.frombuffer(picture, np.uint8), cv2.IMREAD_COLOR), dtype=np.uint8)
    template = live_probe_template(engine)
    (found,) = engine.detect([image])[0]
    face = engine.describe(image, found)

    assert template is not None
    assert image.shape == (height, width, 3)
    assert quality.find_fault(face.quality, POLICY.faces) is None
    assert face.quality.sharpness >= quality.GOOD_SHARPNESS  # so that it is embedded with this very frame
    assert float(engine.embed([face.aligned])[0] @ template) >= FOUND_AS


def test_two_of_them_share_no_needle() -> None:
    random = np.random.default_rng(3)
    taken = noise_jpeg(random, 640, 360)
    first, second = (set(image_forms(canary_picture(random, taken))) for _ in range(2))

    assert not first & second


@pytest.mark.parametrize(("width", "height"), [(320, 240), (640, 360), (1280, 720), (1920, 1080)])
@pytest.mark.parametrize("quality", [40, 80, 95])
def test_it_has_exactly_as_many_bytes_as_the_picture_in_whose_place_it_goes(
    width: int, height: int, quality: int
) -> None:
    random = np.random.default_rng(4)
    taken = noise_jpeg(random, width, height, quality=quality)

    assert len(canary_picture(random, taken)) == len(taken)


def test_noise_is_made_whole_once_or_twice_so_that_no_frame_waits_for_it(monkeypatch: pytest.MonkeyPatch) -> None:
    random, whole = np.random.default_rng(5), []
    flat = noise_jpeg(random, 64, 48)
    flat = flat.replace(b"\x00\x30\x00\x40", b"\x08\x70\x0f\x00", 1)  # says 3840 x 2160, in 3 kB
    encode = forms._encode

    def count(pixels: Image, quality: int) -> bytes:
        whole.append(pixels.shape[:2] == (2160, 3840))
        return encode(pixels, quality)

    monkeypatch.setattr(forms, "_encode", count)
    canary_picture(random, flat)

    assert sum(whole) == 1
