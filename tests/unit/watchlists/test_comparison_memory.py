"""What comparing each photograph of a list with all others takes."""

from __future__ import annotations

import tracemalloc
from datetime import date

import numpy as np

from lfr_core.domain.watchlists import Category, EntryRow
from lfr_core.recognition.faces.types import Floats, Quality
from lfr_core.watchlists.enrol import _nearest_others
from lfr_core.watchlists.photographs import Photograph

MANY = 3_000


def test_a_long_list_is_compared_in_blocks_that_stay_small() -> None:
    drawn = np.random.default_rng(7).standard_normal((MANY, 512)).astype(np.float32)
    drawn /= np.linalg.norm(drawn, axis=1, keepdims=True)
    drawn[17] = drawn[2_001]
    looked = [(row(i), photograph(template)) for i, template in enumerate(drawn)]

    tracemalloc.start()
    nearest = _nearest_others(looked)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert (nearest[17].other_subject, nearest[2_001].other_subject) == ("S-2001", "S-17")
    assert most < drawn.nbytes + 8_000_000, f"{most / 1e6:.0f} MB, of them templates {drawn.nbytes / 1e6:.0f}"


def row(number: int) -> EntryRow:
    return EntryRow(
        line=number + 2,
        subject=f"S-{number}",
        category=Category.WANTED_BY_FORCE,
        legal_reference="",
        approved_by="",
        expires_on=date(2027, 1, 1),
        photograph=f"{number}.jpg",
    )


def photograph(template: Floats) -> Photograph:
    seen = Quality(eye_distance_px=100.0, sharpness=1.0, yaw_degrees=0.0, exposure=1.0, cut_by_border=False)
    return Photograph("", template, bytes, seen)
