"""False alerts per pass: video of people who aren't listed, played through the tracks and the alert rule of the stream.

An alert needs several shots of a track that find the same entry, so a rate of photographs says little of passes, and
the public is told of passes. A track's level is the highest threshold at which it would still raise an alert: the k-th
highest similarity, k the agreeing shots, of the entry for which that is highest. Shots are chosen as at the
lowest threshold asked about, which looks longest: at higher ones there may be fewer alerts, never more.
"""

from __future__ import annotations

import csv
import io
import math
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import numpy as np

from lfr_core.common.errors import Refused
from lfr_core.common.files import read_text_bounded
from lfr_core.domain.frames import FrameHeader
from lfr_core.domain.identification import ThresholdGrid, bootstrap_quantiles
from lfr_core.domain.policy import Policy
from lfr_core.recognition.accuracy.evaluation import (
    AccuracyEvaluation,
    EvaluationBinding,
    Failures,
    ListSizeFigures,
    TailScores,
)
from lfr_core.recognition.accuracy.measuring import QUANTILES, rate_of
from lfr_core.recognition.accuracy.template_extraction import Templates
from lfr_core.recognition.agreement import Shot, Vote
from lfr_core.recognition.camera_tracks import CameraTracks
from lfr_core.recognition.faces.types import FaceEngine, Image

__all__ = ["Pass", "TrackLevel", "evaluate_passes", "follow_tracks", "read_truth"]

_CSV_BYTES = 16_000_000
_NS = 1_000_000_000
_GRID = ThresholdGrid()


@dataclass(frozen=True, slots=True)
class Pass:
    """Somebody walks by: who, and when, in seconds of the video."""

    subject: str
    from_s: float
    to_s: float


@dataclass(frozen=True, slots=True)
class TrackLevel:
    """A track that was compared, with those that went on when it broke.

    first_s, last_s: seconds of its shots. level: the highest threshold at which it raises an alert; -1: at none.
    """

    first_s: float
    last_s: float
    level: float


def read_truth(file: Path, listed: Sequence[str]) -> tuple[Pass, ...]:
    """Read who passes when: a CSV with `subject`, `from_s` and `to_s`, a line for each pass.

    Raises:
        Refused: `accuracy.truth`: it can't be read, a pass ends before it begins, or somebody in it is on the list.
    """
    try:
        text = read_text_bounded(file, _CSV_BYTES, encoding="utf-8-sig")
        rows = list(csv.DictReader(io.StringIO(text, newline=""), strict=True, skipinitialspace=True))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise Refused("accuracy.truth", f"{file} can't be read as a CSV in UTF-8: {error}") from error
    if rows and len(rows[0]) == 1 and any(mark in next(iter(rows[0])) for mark in ";\t"):
        raise Refused("accuracy.truth", f"{file} has semicolons or tabs between its columns: save it with commas")
    if not rows or not {"subject", "from_s", "to_s"} <= set(rows[0]):
        raise Refused("accuracy.truth", f"{file} needs the columns subject, from_s and to_s, and a line for each pass")
    found: list[Pass] = []
    for line, row in enumerate(rows, start=2):
        try:
            one = Pass((row["subject"] or "").strip(), float(row["from_s"]), float(row["to_s"]))
        except (TypeError, ValueError) as error:
            raise Refused("accuracy.truth", f"line {line} of {file}: from_s and to_s are seconds, as 12.5") from error
        if not one.subject or not 0 <= one.from_s < one.to_s < math.inf:
            raise Refused("accuracy.truth", f"line {line} of {file}: a pass has a subject and ends after it begins")
        if one.subject in listed:
            raise Refused(
                "accuracy.truth",
                f"line {line} of {file}: {one.subject} is on the list; false alerts are of people who aren't",
            )
        found.append(one)
    return tuple(found)


def follow_tracks(
    frames: Iterable[tuple[float, Image]], engine: FaceEngine, policy: Policy, templates: Templates, *, lowest: float
) -> tuple[TrackLevel, ...]:
    """Play frames through the stream's tracks and rule, against everybody's references.

    Args:
        frames: (seconds, H x W x 3 BGR), as often as a camera's frames are looked at.
        engine: finds and embeds faces.
        policy: tracking, quality gate, agreeing shots.
        templates: of the list.
        lowest: the lowest threshold that will be asked about.
    """
    tracks, agreeing = CameraTracks(policy), policy.alerts.agreeing_shots
    listed, owner = templates.vectors[templates.reference], templates.subject[templates.reference]
    scores: dict[int, dict[int, list[float]]] = defaultdict(lambda: defaultdict(list))
    times: dict[int, tuple[float, float]] = {}

    def compare(shots: Sequence[Shot]) -> None:
        if not shots:
            return
        found = engine.embed([shot.aligned.reveal() for shot in shots])
        for shot, template, row in zip(shots, found, found @ listed.T, strict=True):
            tracks.join(shot, template)
            person, at, best = tracks.person(shot.track), shot.captured_ns / _NS, int(row.argmax())
            times[person] = (times.get(person, (at, at))[0], at)
            entry, similarity = int(owner[best]), float(row[best])
            scores[person][entry].append(similarity)
            if similarity >= lowest:
                tracks.vote(str(entry), Vote(shot, similarity), agreeing_shots=agreeing)
            else:
                tracks.note_similarity(shot, similarity, threshold=lowest)
        tracks.settle([shot.track for shot in shots])

    for sequence, (at_s, image) in enumerate(frames):
        header = FrameHeader("laboratory", "video", "1", sequence, round(at_s * _NS), 0, 0)
        compare(tracks.track(header, image, engine.detect([image])[0], engine).shots)
    compare(tracks.end())
    return tuple(TrackLevel(*times[person], _level(scores[person], agreeing)) for person in sorted(times))


def evaluate_passes(
    truth: Sequence[Pass],
    levels: Sequence[TrackLevel],
    templates: Templates,
    *,
    bound_to: EvaluationBinding,
    lowest: float,
    threshold: float,
    dataset: str,
    made_at: datetime,
    rng: np.random.Generator,
) -> AccuracyEvaluation:
    """Make the figures: passes that raise a false alert, by threshold from `lowest` on, of those in `truth`.

    Each track that alerts counts as a pass of its own, also where a pass broke into two tracks: never fewer than
    there were. Below `lowest` nothing was measured, and every pass counts as wrong. A pass of whom nobody was compared
    isn't one that raised no alert: it doesn't count, so that there are never more passes than tracks.

    Raises:
        Refused: `accuracy.truth`: no face at all was compared in the video, or during none of the passes; or more
            tracks alert than there are passes.
    """
    if not levels:
        raise Refused("accuracy.truth", "no face in the video was good enough to be compared: nothing was measured")
    stated, truth = len(truth), _seen(truth, levels)
    people = len(set(templates.subject[templates.reference].tolist()))
    figures = _count_passes(truth, levels, people, lowest, rng)
    nothing = Failures(rate=rate_of(0, 0), reasons={})
    return AccuracyEvaluation(
        unit="pass",
        made_at=made_at,
        bound_to=bound_to,
        dataset=dataset,
        subjects=len({one.subject for one in truth}),
        listed=people,
        photographs=len(levels),
        rotations=1,
        enrolment=Failures(
            rate=rate_of(sum(templates.not_enrolled.values()), templates.enrolments),
            reasons=dict(templates.not_enrolled),
        ),
        acquisition=nothing,
        not_listable=rate_of(len(templates.subjects) - people, len(templates.subjects)),
        threshold=threshold,
        thresholds=_GRID.thresholds.tolist(),
        lists=[figures],
        at_rates=[],
        impostor_histogram=[0] * (_GRID.count + 1),
        genuine_histogram=[0] * (_GRID.count + 1),
        tail=TailScores(scores=[], comparisons=0),
        groups=[],
        remarks=[
            f"{len(levels):,} tracks were compared in {len(truth):,} passes."
            + (
                f" {stated - len(truth):,} more have no track of their own and don't count."
                if stated > len(truth)
                else ""
            )
        ],
    )


def _seen(truth: Sequence[Pass], levels: Sequence[TrackLevel]) -> list[Pass]:
    """Return the passes that have a track of their own, those that share most time first; never more than tracks.

    Raises Refused `accuracy.truth` where none has.
    """
    both = [
        (shared, one, track)
        for one, stated in enumerate(truth)
        for track, level in enumerate(levels)
        if (shared := _shared_s(stated, level)) >= 0
    ]
    passes, tracks = set[int](), set[int]()
    for _, one, track in sorted(both, key=lambda each: -each[0]):
        if one not in passes and track not in tracks:
            passes.add(one)
            tracks.add(track)
    if not passes:
        raise Refused(
            "accuracy.truth",
            f"{len(truth):,} passes are stated and {len(levels):,} tracks were compared, none of them during a pass: "
            "the times aren't this video's. Nothing was measured",
        )
    return [truth[one] for one in sorted(passes)]


def _count_passes(
    truth: Sequence[Pass], levels: Sequence[TrackLevel], people: int, lowest: float, rng: np.random.Generator
) -> ListSizeFigures:
    grid, subjects = _GRID, sorted({one.subject for one in truth})
    events = np.zeros((len(subjects), grid.count))
    for one in levels:
        events[subjects.index(_subject_of(one, truth)), : int(grid.reached(np.array([one.level]))[0])] += 1
    first = min(grid.count - 1, int(np.searchsorted(grid.thresholds, lowest - 1e-9)))
    false = np.minimum(events.sum(axis=0).astype(int), len(truth))
    false[:first] = len(truth)
    searches = np.array([sum(each.subject == name for each in truth) for name in subjects], dtype=np.float64)
    drawn = np.minimum(bootstrap_quantiles(events, searches, QUANTILES, rng), 1.0)
    return ListSizeFigures(
        people=people,
        searches=len(truth),
        fpir=[round(float(k) / len(truth), 9) for k in false],
        false_matches=false.tolist(),
        bootstrap={f"{q:g}": np.round(row, 9).tolist() for q, row in zip(QUANTILES, drawn, strict=True)}
        if np.isfinite(drawn).all()
        else {},
        scaled=[round(float(k) / len(truth), 9) for k in false],
        tpir=None,
        tpir_bootstrap={},
        mated_searches=0,
    )


def _level(by_entry: dict[int, list[float]], agreeing: int) -> float:
    enough = [sorted(each)[-agreeing] for each in by_entry.values() if len(each) >= agreeing]
    return max(enough, default=-1.0)


def _subject_of(track: TrackLevel, truth: Sequence[Pass]) -> str:
    """Return whose pass overlaps the track longest; the first one's where none does."""
    return max(truth, key=lambda one: _shared_s(one, track)).subject


def _shared_s(one: Pass, track: TrackLevel) -> float:
    """Return how long a pass and a track overlap; below 0 where they don't."""
    return min(one.to_s, track.last_s) - max(one.from_s, track.first_s)
