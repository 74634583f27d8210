"""A choice of a face that is on no trail isn't kept."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from lfr_core.common.errors import Refused
from lfr_core.custody.people.roles import Role
from lfr_core.storage.engine import open_engine
from lfr_core.watchlists.choosing import FaceChooser, ShownFaces
from lfr_core.watchlists.face_choices import read_choices
from tests.support.people import add_people, authenticated
from tests.support.records import ManualClock
from tests.support.vaults import MemoryTrail, vault_of


def test_where_the_trail_can_not_be_written_no_choice_is_kept_and_else_both_say_the_same(
    sqlite_url: str, tmp_path: Path
) -> None:
    engine, clock = open_engine(sqlite_url), ManualClock()
    add_people(engine, ("Pat", Role.PLANNER), clock=clock)
    faces = [SimpleNamespace(detection=SimpleNamespace(box=np.array([0.0, 0.0, 10.0, 10.0])))]
    shown = ShownFaces("two.jpg", "ab" * 32, np.zeros((20, 40, 3), np.uint8), faces)  # type: ignore[arg-type]
    full, trail = MemoryTrail(vault_of(engine), full=True), MemoryTrail(vault_of(engine))

    with pytest.raises(Refused):
        FaceChooser(engine, full, clock).choose(tmp_path, shown, 1, by=authenticated("Pat"))
    before = read_choices(tmp_path)
    FaceChooser(engine, trail, clock).choose(tmp_path, shown, 1, by=authenticated("Pat"), deployment="dep")
    engine.dispose()

    assert before == {}
    assert read_choices(tmp_path)["ab" * 32].chosen_by == "Pat"
    assert [(each.rule, each.deployment) for each in trail.events] == [("watchlist.face-chosen", "dep")]
