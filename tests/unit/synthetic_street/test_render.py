"""Rendered frames and their truth, on the sample photographs."""

from __future__ import annotations

from itertools import islice
from pathlib import Path

import cv2
import numpy as np
import pytest

from apps.synthetic_street.figure import LEVELS_PX, level_for
from apps.synthetic_street.people import StreetPerson, read_people, sample_people, walkers
from apps.synthetic_street.plan import street_plan
from apps.synthetic_street.render import StreetSpec, frames_of, render_street
from apps.synthetic_street.truth import FAIR_EYES_PX, load_truth
from lfr_core.common.errors import Refused
from tests.support.samples import require_photos

SPEC = StreetSpec("north", seconds=2.0, faces_per_frame=1.5, seed=4)


@pytest.fixture
def people() -> list[StreetPerson]:
    return sample_people(require_photos())


@pytest.mark.models
@pytest.mark.slow
def test_the_same_seed_gives_the_same_pixels(people: list[StreetPerson]) -> None:
    first, again = (list(islice(frames_of(SPEC, people), 3)) for _ in range(2))

    assert all(np.array_equal(a, b) for a, b in zip(first, again, strict=True))
    assert not np.array_equal(first[0], first[1])


@pytest.mark.models
def test_a_street_is_rendered_once_with_the_truth_of_what_its_plan_says(
    people: list[StreetPerson], tmp_path: Path
) -> None:
    calls: list[tuple[str, int, int]] = []
    street = render_street(tmp_path, SPEC, people, lambda *call: calls.append(call))
    truth = load_truth(street.truth)
    plan = street_plan(seed=4, camera="north", seconds=2.0, faces_per_frame=1.5, people=walkers(people))

    assert int(cv2.VideoCapture(str(street.video)).get(cv2.CAP_PROP_FRAME_COUNT)) == 50 == truth.frames
    assert calls[-1] == ("north", 50, 50)
    for one in truth.passes:
        planned = next(p for p in plan if p.id == one.id)
        foreshortened = next(h for p in people if p.name == one.person for h in p.heads).foreshortened
        for face in one.faces:
            eyes = planned.eyes(face.frame / 25)
            assert eyes is not None
            assert face.eye_px == pytest.approx(eyes[2] * foreshortened, abs=0.01)
            assert 0 <= face.visible <= 1
        fair = [f for f in one.faces if f.eye_px >= FAIR_EYES_PX and f.visible >= 0.5]
        assert one.fair_frames == len(fair)
    calls.clear()
    assert render_street(tmp_path, SPEC, people, lambda *call: calls.append(call)) == street
    assert not calls, "rendered again"
    assert sorted(p.suffix for p in (tmp_path / "streets").iterdir()) == [".avi", ".json"]


@pytest.mark.models
def test_the_enrolled_photograph_is_never_shown(people: list[StreetPerson]) -> None:
    (obama,) = (p for p in people if p.subject)

    assert obama.subject == "obama"
    assert {head.photograph.stem for head in obama.heads} == {"obama2", "obama3"}


def test_a_missing_photograph_is_named_with_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(Refused, match=r"obama2.*lfr models install"):
        sample_people({"obama": tmp_path / "obama.jpg"})


def test_an_empty_folder_of_people_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Refused, match="one folder a person"):
        read_people(tmp_path, lambda _: None)


def test_an_enrolled_person_of_a_folder_keeps_the_first_photograph_for_the_watchlist(tmp_path: Path) -> None:
    for name in ("ann", "ben"):
        (tmp_path / name).mkdir()
        for number in (1, 2, 3):
            cv2.imwrite(str(tmp_path / name / f"{number}.png"), np.full((112, 92, 3), 90 + number, np.uint8))

    ann, ben = read_people(tmp_path, lambda _: ((30.0, 50.0), (62.0, 50.0)), enrolled=1)

    assert (ann.subject, [h.photograph.stem for h in ann.heads]) == ("ann", ["2", "3"])
    assert (ben.subject, [h.photograph.stem for h in ben.heads]) == (None, ["1", "2", "3"])


def test_figures_are_shrunk_never_enlarged() -> None:
    for eye in range(18, LEVELS_PX[0] + 1):
        assert eye <= level_for(eye) <= max(1.4 * eye, LEVELS_PX[-1])


def test_a_broken_truth_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "t.json").write_text("{}")

    with pytest.raises(Refused, match="render the street again"):
        load_truth(tmp_path / "t.json")
