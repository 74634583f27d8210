"""A camera's still shows where it looks, and nobody: every face is covered, or nothing is shown."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from lfr_core.common.errors import Refused
from lfr_core.domain.policy import load_policy
from lfr_core.recognition.faces.decode import decode
from lfr_core.recognition.faces.engine import PackEngine
from lfr_core.recognition.faces.masking import STILL_WIDTH_PX, cover_faces, mask_picture
from lfr_core.recognition.faces.types import Detection, Image
from tests.support.samples import cpu, require_image, require_pack

pytestmark = pytest.mark.models


def test_no_face_is_found_in_a_still_of_a_picture_full_of_faces() -> None:
    engine = PackEngine(require_pack(), load_policy().faces, cpu, 1)
    for photo in ("t1", "obama", "biden"):
        picture = require_image(photo)
        assert engine.detect([picture])[0]

        still = decode(mask_picture(picture, engine), load_policy().images)

        assert engine.detect([still])[0] == []
        small = cv2.resize(still, (STILL_WIDTH_PX, round(still.shape[0] * STILL_WIDTH_PX / still.shape[1])))
        assert cv2.absdiff(cv2.resize(small, still.shape[1::-1], interpolation=cv2.INTER_NEAREST), still).mean() < 6


def test_where_a_face_is_still_found_nothing_is_shown() -> None:
    class Everywhere:
        contract_id = ""

        def detect(self, images: list[Image]) -> list[list[Detection]]:
            return [[Detection(np.array([1.0, 1.0, 5.0, 5.0], np.float32), 0.9)] for _ in images]

    with pytest.raises(Refused) as refused:
        mask_picture(np.zeros((90, 160, 3), np.uint8), Everywhere())  # type: ignore[arg-type]  # only detects

    assert refused.value.rule == "camera.still-refused"


@pytest.mark.parametrize("turns", range(4))
def test_no_face_is_found_in_a_plan_made_of_a_photograph_however_it_lies_and_the_rest_stays_as_sharp(
    turns: int,
) -> None:
    engine = PackEngine(require_pack(), load_policy().faces, cpu, 1)
    for photo in ("t1", "obama"):
        upright = require_image(photo)
        picture = np.ascontiguousarray(np.rot90(upright, turns))

        covered = cover_faces(picture, engine)

        back = np.ascontiguousarray(np.rot90(covered, -turns))
        assert engine.detect([back])[0] == []
        assert engine.detect_large([back])[0] == []
        assert (covered == picture).all(axis=2).mean() > 0.4
