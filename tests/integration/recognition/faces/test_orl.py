"""Verification on the ORL photographs, where a checkout has them beside it: they are no part of the project.

Not marked `models`: LFR_REQUIRE=models must not demand photographs that nobody can install.
"""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from lfr_core.domain.policy import load_policy
from lfr_core.recognition.faces.engine import PackEngine
from lfr_core.recognition.faces.types import Floats
from tests.support.samples import cpu, require_pack

ORL = Path(__file__).resolve().parents[5] / "shared" / "data" / "orl_dev"


@pytest.mark.data
@pytest.mark.skipif(not ORL.is_dir(), reason="the ORL photographs are not part of the project")
@pytest.mark.slow
def test_verification_on_orl_is_what_the_pack_was_measured_to_give() -> None:
    engine = PackEngine(require_pack(), load_policy().faces, cpu, threads=1)
    templates: list[Floats] = []
    subjects: list[str] = []
    files = sorted(file for file in ORL.glob("s*/*") if file.is_file())
    for file in files:
        image = cv2.imread(str(file))
        if image is None:
            continue
        large = cv2.resize(image, None, fx=3, fy=3, interpolation=cv2.INTER_CUBIC)
        bordered = np.asarray(cv2.copyMakeBorder(large, 60, 60, 60, 60, cv2.BORDER_REPLICATE), np.uint8)
        found = engine.detect([bordered])[0]
        assert len(found) == 1, file
        templates.append(engine.embed([engine.describe(bordered, found[0]).aligned])[0])
        subjects.append(file.parent.name)
    similarity = np.stack(templates) @ np.stack(templates).T
    pairs = np.triu_indices(len(templates), k=1)
    same = np.array(subjects)[pairs[0]] == np.array(subjects)[pairs[1]]
    genuine, impostor = similarity[pairs][same], np.sort(similarity[pairs][~same])

    assert len(templates) == 200
    for rate, least in ((1e-3, 0.995), (1e-4, 0.985)):
        threshold = impostor[-int(rate * len(impostor)) - 1]
        assert float((genuine > threshold).mean()) >= least
