from __future__ import annotations

import base64
import json
from collections.abc import Callable

import cv2
import numpy as np
import pytest

from lfr_core.recognition.faces.types import Floats
from lfr_core.retention.erasure.forms import image_forms, noise_jpeg, random_template, sealed_forms, vector_forms
from lfr_core.retention.erasure.search import MIN_NEEDLE_BYTES

JPEG = noise_jpeg(np.random.default_rng(1), 112, 112)
OTHER = noise_jpeg(np.random.default_rng(2), 112, 112)
VECTOR = random_template(np.random.default_rng(3))


def pixels(jpeg: bytes) -> np.ndarray:
    return np.asarray(cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR))


IMAGE_FORMS: dict[str, Callable[[bytes], bytes]] = {
    "jpeg": lambda jpeg: jpeg,
    "a part of the jpeg": lambda jpeg: jpeg[len(jpeg) // 2 :],
    "base64": base64.b64encode,
    "base64, one byte in": lambda jpeg: base64.b64encode(b"1" + jpeg),
    "base64, two bytes in": lambda jpeg: base64.b64encode(b"22" + jpeg),
    "urlsafe base64": base64.urlsafe_b64encode,
    "hexadecimal": lambda jpeg: jpeg.hex().encode(),
    "HEXADECIMAL": lambda jpeg: jpeg.hex().upper().encode(),
    "BGR pixels": lambda jpeg: pixels(jpeg).tobytes(),
    "RGB pixels": lambda jpeg: pixels(jpeg)[:, :, ::-1].tobytes(),
    "grey pixels": lambda jpeg: cv2.cvtColor(pixels(jpeg), cv2.COLOR_BGR2GRAY).tobytes(),
}


@pytest.mark.parametrize("form", IMAGE_FORMS)
def test_an_image_is_found_in_every_form_and_no_other_image_is_taken_for_it(form: str) -> None:
    needles = image_forms(JPEG)

    assert any(needle in IMAGE_FORMS[form](JPEG) for needle in needles)
    assert not any(needle in IMAGE_FORMS[form](OTHER) for needle in needles)
    assert min(map(len, needles)) >= MIN_NEEDLE_BYTES


VECTOR_FORMS: dict[str, Callable[[Floats], bytes]] = {
    "float32": lambda vector: vector.tobytes(),
    "float64": lambda vector: vector.astype(np.float64).tobytes(),
    "a page of it": lambda vector: vector[256:].tobytes(),
    "json": lambda vector: json.dumps([float(value) for value in vector]).encode(),
    "compact json": lambda vector: json.dumps([float(value) for value in vector], separators=(",", ":")).encode(),
    "numpy's text": lambda vector: ", ".join(str(value) for value in vector).encode(),
}


@pytest.mark.parametrize("form", VECTOR_FORMS)
def test_a_vector_is_found_in_every_form_and_no_other_vector_is_taken_for_it(form: str) -> None:
    needles = vector_forms(VECTOR)
    other = random_template(np.random.default_rng(4))

    assert any(needle in VECTOR_FORMS[form](VECTOR) for needle in needles)
    assert not any(needle in VECTOR_FORMS[form](other) for needle in needles)
    assert min(map(len, needles)) >= MIN_NEEDLE_BYTES


def test_a_random_template_resembles_nobody() -> None:
    rng = np.random.default_rng(5)
    faces = np.stack([random_template(rng) for _ in range(2_000)])

    assert float(np.abs(faces[1:] @ faces[0]).max()) < 0.25  # the policy's threshold is 0.45


def test_a_stored_form_too_short_to_be_distinguished_is_refused() -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        sealed_forms(bytes(31))
