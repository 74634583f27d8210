"""A street through recognition alone (no broker, no records), each look held against the street's truth.

Everything is the stream's own: the camera's pacing, `CameraTracks`, the alert rule; the gallery is the exact one. As
nothing waits for a broker, every run of one street is the same.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

import numpy as np

from apps.demo.score import AlertSpan
from apps.synthetic_street.render import Street
from apps.synthetic_street.truth import FAIR_EYES_PX, FAIR_VISIBLE, FaceTruth, PassTruth, StreetTruth, load_truth
from lfr_core.common.clock import SystemClock
from lfr_core.domain.frames import FrameHeader
from lfr_core.domain.policy import Policy
from lfr_core.recognition.agreement import Shot, Vote
from lfr_core.recognition.camera_tracks import CameraTracks
from lfr_core.recognition.faces import quality
from lfr_core.recognition.faces.decode import decode_frame
from lfr_core.recognition.faces.types import Detection, Face, FaceEngine, Floats, Image
from lfr_core.recognition.gallery.port import Candidate, Gallery
from streams.camera.open_source import open_source
from streams.camera.sampler import Pacer
from streams.camera.urls import parse_source

__all__ = ["GALLERY", "Compared", "Missed", "PassSeen", "StreetSeen", "look_at_street"]

GALLERY = "recall"
_FACE_OF_BOX = 0.6
"""How far a box's middle may lie from a face's, in widths of the face."""


class Missed(StrEnum):
    """Why a pass gave no alert: the first of these that is so."""

    NEVER_DETECTED = "never detected"
    NEVER_USABLE = "never usable"
    SWAPPED = "track swapped"
    BROKEN = "track broken"
    FEW_SHOTS = "fewer than two shots"
    SCORE_BELOW = "score below"


@dataclass(frozen=True, slots=True)
class Compared:
    """One shot that was compared."""

    sequence: int
    track: int
    entry: str
    similarity: float
    truth: int | None
    """The pass whose face it is; None for a box that is of none."""


@dataclass(slots=True)
class PassSeen:
    """What became of one fair pass of somebody enrolled."""

    truth: PassTruth
    detected: int = 0
    """Looks in which it was found, of those in which it was fair to expect it."""
    usable: int = 0
    """Looks in which it was described and usable."""
    sharpest: float = 0.0
    shots: list[Compared] = field(default_factory=list)
    swapped: bool = False
    """A track that gave one of its shots also gave one of somebody else."""

    def missed_because(self, policy: Policy) -> Missed:
        """Why no alert came of it."""
        mine = [shot for shot in self.shots if shot.entry == self.truth.subject]
        over = [shot for shot in mine if shot.similarity >= policy.alerts.threshold]
        if not self.detected:
            return Missed.NEVER_DETECTED
        if not self.usable:
            return Missed.NEVER_USABLE
        if self.swapped and len(over) < policy.alerts.agreeing_shots:
            return Missed.SWAPPED
        if len(over) >= policy.alerts.agreeing_shots:
            return Missed.BROKEN
        return Missed.FEW_SHOTS if len(self.shots) < policy.alerts.agreeing_shots else Missed.SCORE_BELOW


@dataclass(slots=True)
class StreetSeen:
    """What one street gave."""

    truth: StreetTruth
    looks: int = 0
    found: int = 0
    """Faces detected, in all looks."""
    described: int = 0
    embedded: int = 0
    passes: list[PassSeen] = field(default_factory=list)
    alerts: list[AlertSpan] = field(default_factory=list)
    strangers: list[float] = field(default_factory=list)
    """Highest similarity of each pass of somebody who isn't enrolled."""

    def judge(self, passes: Iterable[PassSeen], alerts: list[AlertSpan]) -> None:
        """Keep the fair passes of who is listed, the strangers' best and the alerts, once all has been seen."""
        for one in passes:
            if one.truth.subject is None:
                self.strangers.append(max((shot.similarity for shot in one.shots), default=0.0))
            elif one.truth.fair:
                self.passes.append(one)
        self.alerts = alerts


class _WatchedEngine:
    """The engine, which remembers how good each described face was."""

    def __init__(self, inner: FaceEngine) -> None:
        self._inner = inner
        self.described: list[Face] = []

    @property
    def contract_id(self) -> str:
        return self._inner.contract_id

    def detect(self, images: list[Image]) -> list[list[Detection]]:
        return self._inner.detect(images)

    def detect_large(self, images: list[Image]) -> list[list[Detection]]:
        return self._inner.detect_large(images)

    def describe(self, image: Image, detection: Detection) -> Face:
        face = self._inner.describe(image, detection)
        self.described.append(face)
        return face

    def embed(self, aligned: list[Image]) -> Floats:
        return self._inner.embed(aligned)


def look_at_street(
    street: Street,
    engine: FaceEngine,
    gallery: Gallery,
    policy: Policy,
    *,
    looks_per_second: float,
    most: int = 1_000_000,
) -> StreetSeen:
    """Look at a street `looks_per_second` times a second, as a camera and a worker that keep up would; `most` times."""
    seen = StreetSeen(load_truth(street.truth))
    faces: dict[int, list[tuple[PassTruth, FaceTruth]]] = defaultdict(list)
    for one in seen.truth.passes:
        for face in one.faces:
            faces[face.frame].append((one, face))
    by_id = {one.id: PassSeen(one) for one in seen.truth.passes}
    watched, tracks = _WatchedEngine(engine), CameraTracks(policy)
    compared: list[Compared] = []
    votes: list[tuple[str, Vote]] = []

    def compare(shots: Sequence[Shot]) -> None:
        templates = engine.embed([shot.aligned.reveal() for shot in shots])
        seen.embedded += len(shots)
        found = gallery.search(GALLERY, engine.contract_id, templates) if shots else []
        for shot, template, candidates in zip(shots, templates, found, strict=True):
            tracks.join(shot, template)
            best = candidates[0]
            compared.append(_compared(shot, best, faces[shot.sequence]))
            if best.similarity >= policy.alerts.threshold:
                vote = Vote(shot, best.similarity)
                leaving = tracks.vote(best.entry, vote, agreeing_shots=policy.alerts.agreeing_shots)
                votes.extend((best.entry, one) for one in leaving)
            else:
                tracks.note_similarity(shot, best.similarity, threshold=policy.alerts.threshold)
        tracks.settle([shot.track for shot in shots])

    source, pacer = open_source(parse_source(str(street.video)), policy.images, clock=SystemClock()), Pacer()
    sequence = -1
    while seen.looks < most and (grab := source.grab()) is not None:
        sequence += 1
        at_s = grab.media_s or 0.0
        wanted, pacer = pacer.take(at_s, looks_per_second)
        if not wanted:
            continue
        seen.looks += 1
        image = decode_frame(source.jpeg(), policy.images)
        found = watched.detect([image])[0]
        watched.described.clear()
        at_ns = round(sequence / seen.truth.frames_per_second * 1e9)
        header = FrameHeader("recall", street.camera, "recall", sequence, at_ns, 0, 0)
        compare(tracks.track(header, image, found, watched).shots)
        seen.found += len(found)
        seen.described += len(watched.described)
        _count(by_id, faces[sequence], found, watched.described, policy)
    compare(tracks.end())
    source.close()
    _add_shots(by_id, compared)
    seen.judge(by_id.values(), _alerts(votes, street.camera))
    return seen


def _compared(shot: Shot, best: Candidate, faces: Sequence[tuple[PassTruth, FaceTruth]]) -> Compared:
    owner = _owner(shot.box, faces)
    return Compared(shot.sequence, shot.track, best.entry, best.similarity, owner.id if owner else None)


def _owner(box: Floats, faces: Sequence[tuple[PassTruth, FaceTruth]]) -> PassTruth | None:
    """Whose face this box is, by the nearest middle."""
    x, y = (float(box[0]) + float(box[2])) / 2, (float(box[1]) + float(box[3])) / 2
    near: list[tuple[float, PassTruth]] = []
    for one, face in faces:
        x1, y1, x2, y2 = face.box
        off = float(np.hypot((x1 + x2) / 2 - x, (y1 + y2) / 2 - y)) / (x2 - x1)
        if off < _FACE_OF_BOX and face.visible > 0:
            near.append((off / max(face.visible, 0.05), one))
    return min(near, key=lambda each: each[0])[1] if near else None


def _count(
    by_id: Mapping[int, PassSeen],
    faces: Sequence[tuple[PassTruth, FaceTruth]],
    found: Sequence[Detection],
    described: Sequence[Face],
    policy: Policy,
) -> None:
    """Note which of a frame's faces were found, and how good they were."""
    fair = {one.id for one, face in faces if face.eye_px >= FAIR_EYES_PX and face.visible >= FAIR_VISIBLE}
    owners = (_owner(each.box, faces) for each in found)
    for one in {owner.id for owner in owners if owner is not None} & fair:
        by_id[one].detected += 1
    for face in described:
        owner = _owner(face.detection.box, faces)
        if owner is not None and quality.find_fault(face.quality, policy.faces) is None:
            by_id[owner.id].usable += 1
            by_id[owner.id].sharpest = max(by_id[owner.id].sharpest, face.quality.sharpness)


def _add_shots(by_id: Mapping[int, PassSeen], compared: Sequence[Compared]) -> None:
    owners: dict[int, set[int]] = defaultdict(set)
    for shot in compared:
        if shot.truth is not None:
            owners[shot.track].add(shot.truth)
            by_id[shot.truth].shots.append(shot)
    for shot in compared:
        if shot.truth is not None and len(owners[shot.track]) > 1:
            by_id[shot.truth].swapped = True


def _alerts(votes: Sequence[tuple[str, Vote]], camera: str) -> list[AlertSpan]:
    """Return a span for each track and entry that agreed."""
    spans: dict[tuple[str, int], AlertSpan] = {}
    for entry, vote in votes:
        key, at = (entry, vote.shot.track), vote.shot.sequence
        old = spans.get(key, AlertSpan(entry, camera, at, at, vote.similarity))
        spans[key] = AlertSpan(
            entry, camera, min(at, old.first_sequence), max(at, old.last_sequence), max(vote.similarity, old.similarity)
        )
    return list(spans.values())
