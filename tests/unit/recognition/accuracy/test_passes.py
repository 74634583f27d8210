"""False alerts per pass: what a track has to show before it counts, and for whom."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from lfr_core.common.errors import Refused
from lfr_core.domain.policy import load_policy
from lfr_core.recognition.accuracy.evaluation import AccuracyEvaluation, EvaluationBinding
from lfr_core.recognition.accuracy.passes import Pass, TrackLevel, evaluate_passes, follow_tracks, read_truth
from lfr_core.recognition.accuracy.template_extraction import Templates
from lfr_core.recognition.faces.types import Detection, Face, Floats, Image, Quality

POLICY = load_policy()
BOUND = EvaluationBinding(contract_id="c", model_id="toy", quality_gate="g", agreeing_shots=2, most_shots=8)
BOX = np.array([100, 100, 200, 200], np.float32)


class OneFace:
    """Sees one face in every picture; its template lies at the angle that the picture's grey says, degrees."""

    contract_id = "c"

    def detect(self, images: list[Image]) -> list[list[Detection]]:
        return [[Detection(BOX, 0.9)] if image.any() else [] for image in images]

    def detect_large(self, images: list[Image]) -> list[list[Detection]]:
        return self.detect(images)

    def describe(self, image: Image, detection: Detection) -> Face:
        sharp = Quality(eye_distance_px=40, sharpness=0.8, yaw_degrees=0, exposure=1, cut_by_border=False)
        return Face(detection, np.zeros((68, 2), np.float32), np.zeros((5, 2), np.float32), image[:112, :112], sharp)

    def embed(self, aligned: list[Image]) -> Floats:
        angles = np.radians([float(face.mean()) for face in aligned])
        return np.stack([np.cos(angles), np.sin(angles)], axis=1).astype(np.float32)


def listed() -> Templates:
    """One person, at 90 degrees."""
    truth = np.ones(1, np.bool_)
    return Templates(
        ("ann",), np.array([[0, 1]], np.float32), np.zeros(1, np.int64), truth, truth, ("d",), enrolments=1
    )


def video(*angles: int) -> Iterator[tuple[float, Image]]:
    for number, angle in enumerate(angles):
        yield number / 6.25, np.full((300, 300, 3), angle, np.uint8)


def test_a_track_counts_from_its_second_best_shot_since_two_have_to_agree() -> None:
    spaced = (60, 1, 1, 1, 1, 1, 1, 50, 1, 1, 1, 1)
    (track,) = follow_tracks(video(*spaced), OneFace(), POLICY, listed(), lowest=0.45)

    assert track.level <= np.sin(np.radians(50)) + 1e-6  # not the 0.87 of the best shot alone
    (steady,) = follow_tracks(video(*([60] * 12)), OneFace(), POLICY, listed(), lowest=0.45)
    assert steady.level == pytest.approx(np.sin(np.radians(60)), abs=1e-5)
    assert not follow_tracks(video(0, 0), OneFace(), POLICY, listed(), lowest=0.45)


def measured(*levels: float, passes: int = 4, lowest: float = 0.4) -> AccuracyEvaluation:
    truth = [Pass(f"p{at}", 10.0 * at, 10.0 * at + 5) for at in range(passes)]
    tracks = [TrackLevel(10.0 * at, 10.0 * at + 5, level) for at, level in enumerate(levels)]
    return evaluate_passes(
        truth,
        tracks,
        listed(),
        bound_to=BOUND,
        lowest=lowest,
        threshold=lowest,
        dataset="d",
        made_at=datetime(2026, 11, 27, tzinfo=UTC),
        rng=np.random.default_rng(1),
    )


def test_passes_are_counted_by_threshold_and_need_no_factor() -> None:
    found = measured(0.6, -1.0, 0.45)
    false = dict(zip(found.thresholds, found.lists[0].false_matches, strict=True))

    assert (false[0.4], false[0.45], false[0.5], false[0.6], false[0.605]) == (2, 2, 1, 1, 0)
    assert (found.unit, found.per_pass, found.lists[0].searches) == ("pass", 1.0, 3)
    assert "1 more have no track of their own" in found.remarks[0]  # of four


def test_below_what_was_asked_about_nothing_counts_as_measured() -> None:
    found = measured(0.6, lowest=0.5)

    assert found.lists[0].false_matches[found.thresholds.index(0.495)] == 1


def counted_of(stated: list[Pass]) -> AccuracyEvaluation:
    """Return what is measured of these passes where two tracks were compared, from 0 s to 5 s and from 10 s to 12 s."""
    return evaluate_passes(
        stated,
        [TrackLevel(0.0, 5.0, -1.0), TrackLevel(10.0, 12.0, -1.0)],
        listed(),
        bound_to=BOUND,
        lowest=0.4,
        threshold=0.4,
        dataset="d",
        made_at=datetime(2026, 11, 27, tzinfo=UTC),
        rng=np.random.default_rng(1),
    )


def test_passes_of_another_video_are_refused() -> None:
    with pytest.raises(Refused, match="Nothing was measured") as refused:
        counted_of([Pass("a", 500.0, 510.0)])
    assert refused.value.rule == "accuracy.truth"


def test_passes_that_nobody_made_carry_no_claim() -> None:
    invented = [Pass(f"p{at}", 0.0, 5.0) for at in range(1_000)]

    assert counted_of(invented).lists[0].searches == 1


def test_of_people_who_pass_together_each_who_was_compared_counts() -> None:
    together = [Pass("a", 0.0, 6.0), Pass("b", 0.0, 12.0), Pass("never usable", 1.0, 12.0)]

    assert counted_of(together).lists[0].searches == 2


def test_a_video_without_a_face_measures_nothing() -> None:
    with pytest.raises(Refused, match="no face in the video"):
        measured()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("subject\nx\n", "columns"),
        ("subject;from_s;to_s\nx;1;2\n", "semicolons or tabs"),
        ("subject,from_s,to_s\nx,1,soon\n", "seconds"),
        ("subject,from_s,to_s\nx,5,2\n", "ends after it begins"),
        ("subject,from_s,to_s\n,1,2\n", "has a subject"),
        ("subject,from_s,to_s\nann,1,2\n", "ann is on the list"),
    ],
)
def test_truth_that_can_not_be_is_a_sentence(tmp_path: Path, text: str, words: str) -> None:
    (tmp_path / "truth.csv").write_text(text, encoding="utf-8")

    with pytest.raises(Refused, match=words) as refused:
        read_truth(tmp_path / "truth.csv", ("ann",))
    assert refused.value.rule == "accuracy.truth"
