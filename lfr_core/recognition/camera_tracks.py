"""One camera session's faces: its tracks, which of their shots are compared, and their votes.

All of it lives in the memory of one worker; when the worker ends, so does what it held.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np

from lfr_core.common.biometric import Biometric
from lfr_core.common.errors import Poison
from lfr_core.domain.frames import FrameHeader
from lfr_core.domain.policy import Policy
from lfr_core.recognition.agreement import Agreement, Shot, Vote
from lfr_core.recognition.faces import quality
from lfr_core.recognition.faces.shots import ChosenShot, Offer, ShotChooser
from lfr_core.recognition.faces.tracker import Tracker
from lfr_core.recognition.faces.types import Detection, Face, FaceEngine, Floats, Image
from lfr_core.recognition.reassociation import Reassociation

__all__ = ["CameraLook", "CameraTracks", "cut_probe"]

PROBE_MARGIN: Final = 0.6  # of the box's size, on each side: hair, ears and shoulders help an operator compare
PROBE_MAX_PX: Final = 320  # longer side of what an operator is shown

FAR_BELOW: Final = 0.2
"""How far below the threshold a good shot is of somebody else."""
FAR_EYES_PX: Final = 20.0
"""Smaller faces are less like themselves (docs/facts.md#faces: from here on 98 to 100 % are recognised)."""


@dataclass(frozen=True, slots=True, eq=False)
class _Where:
    """What must be remembered of a face that is chosen looks later."""

    sequence: int
    captured_ns: int
    face: int
    probe: Biometric[Image]


@dataclass(frozen=True, slots=True, eq=False)
class CameraLook:
    """What one look gave."""

    shots: list[Shot]
    """To be embedded and compared now."""
    started: frozenset[int]
    """Tracks that began."""


class CameraTracks:
    """Follows the faces of one camera session, look by look."""

    def __init__(self, policy: Policy) -> None:
        self._policy = policy
        self._tracker = Tracker(policy.tracking)
        self._chooser: ShotChooser[_Where] = ShotChooser(policy.tracking, good_sharpness=quality.GOOD_SHARPNESS)
        self._agreement = Agreement()
        self._same = Reassociation()
        self._compared: set[int] = set()
        self._left_out: dict[int, bool] = {}
        """Tracks compared as the drawn test face alone, and whether their beginning left the counts too."""
        self.last_sequence = -1

    def track(self, header: FrameHeader, image: Image, found: list[Detection], engine: FaceEngine) -> CameraLook:
        """Take one look at the faces found in a frame.

        Args:
            header: the frame's; its sequence must be above `last_sequence`.
            image: shape (H, W, 3), BGR.
            found: the detector's boxes in that image.
            engine: describes the faces that could become shots, and no others.
        """
        self.last_sequence = header.sequence
        boxes: Floats = np.array([d.box for d in found], np.float32).reshape(-1, 4)
        update = self._tracker.update(boxes, header.captured_ns)
        self._same.see({assignment.track_id for assignment in update.assignments}, header.captured_ns)
        offers: list[Offer[_Where]] = []
        for assignment in update.assignments:
            if not self._chooser.wants(assignment.track_id):
                continue
            face = _describe(engine, image, found[assignment.detection_index])
            if face is None:
                continue
            probe = Biometric(cut_probe(image, face.detection.box))
            where = _Where(header.sequence, header.captured_ns, assignment.detection_index, probe)
            usable = quality.find_fault(face.quality, self._policy.faces) is None
            offers.append(Offer(assignment.track_id, face, usable, where))
        shots = [_shot(chosen) for chosen in self._chooser.choose(offers, ended=update.ended)]
        self._forget(set(update.ended) - {shot.track for shot in shots})  # a last shot is compared yet: `settle`
        for person in self._same.forget(header.captured_ns, self._tracker.live):
            self._agreement.forget(person)
        return CameraLook(shots, frozenset(each.track_id for each in update.assignments if each.started))

    def end(self) -> list[Shot]:
        """End every track; the shots that are still to be compared."""
        return [_shot(chosen) for chosen in self._chooser.end(self._tracker.end_all())]

    def is_first_comparison(self, track: int) -> bool:
        """Return whether this is the first time a shot of `track` is compared."""
        if track in self._compared:
            return False
        self._compared.add(track)
        return True

    def leave_out(self, track: int, *, begun: bool) -> None:
        """Note that a track's first comparison was the drawn test face's, which isn't counted; `begun`: nor its start.

        Whoever goes on in that track with another face is counted from then on: `count_anew`.
        """
        self._left_out[track] = begun

    def count_anew(self, track: int) -> bool | None:
        """Return, once and for a track that was left out, whether its beginning was too; None: it wasn't left out."""
        return self._left_out.pop(track, None)

    def join(self, shot: Shot, template: Floats) -> None:
        """Take a shot's template, shape (512,): its track may go on another that broke (`Reassociation`)."""
        self._same.join(shot.track, template)

    def person(self, track: int) -> int:
        """Return whose votes those of `track` are: its own number's, or that of the broken track that it goes on."""
        return self._same.person(track)

    def vote(self, entry: str, vote: Vote, *, agreeing_shots: int) -> list[Vote]:
        """Count a vote; the votes that may leave now (see `Agreement.add`)."""
        track = vote.shot.track
        person = self._same.person(track)
        leaving = self._agreement.add(entry, vote, agreeing_shots=agreeing_shots, person=person)
        if self._agreement.has_agreed(person):
            self._chooser.note_agreement(track)
        else:
            self._chooser.note_hit(track)
        return leaving

    def note_similarity(self, shot: Shot, similarity: float, *, threshold: float) -> None:
        """Take the similarity of the nearest on the list, -1 to 1, to a shot that isn't a vote.

        A good shot far below the threshold is of nobody who is looked for, so that the track is looked at less often.
        """
        good = shot.sharpness >= quality.GOOD_SHARPNESS and shot.eye_distance_px >= FAR_EYES_PX
        if similarity < threshold - FAR_BELOW:
            if good:
                self._chooser.note_unlike(shot.track)
        else:
            self._chooser.note_alike(shot.track)

    def settle(self, tracks: Iterable[int]) -> None:
        """Forget, after a batch's votes, which of `tracks` were compared, where they have ended."""
        self._forget(set(tracks) - set(self._tracker.live))

    def _forget(self, tracks: set[int]) -> None:
        self._compared -= tracks
        for track in tracks & self._left_out.keys():
            del self._left_out[track]


def cut_probe(image: Image, box: Floats) -> Image:
    """Cut out the face with its surroundings, for a person to compare: a copy, at most 320 px a side.

    Args:
        image: shape (H, W, 3).
        box: shape (4,), x1, y1, x2, y2 in pixels of the image; may reach past its border.
    """
    height, width = image.shape[:2]
    x1, y1, x2, y2 = (float(value) for value in box)
    margin = PROBE_MARGIN * max(x2 - x1, y2 - y1)
    left, top = max(0, int(x1 - margin)), max(0, int(y1 - margin))
    right, bottom = min(width, int(x2 + margin) + 1), min(height, int(y2 + margin) + 1)
    cut = image[top:bottom, left:right]
    scale = PROBE_MAX_PX / max(cut.shape[:2])
    if scale >= 1.0:
        return cut.copy()
    size = (max(1, round(cut.shape[1] * scale)), max(1, round(cut.shape[0] * scale)))
    shrunk: Image = cv2.resize(cut, size, interpolation=cv2.INTER_AREA)
    return shrunk


def _describe(engine: FaceEngine, image: Image, detection: Detection) -> Face | None:
    """Describe the face, or return None when its landmarks make no face (a box at the very border)."""
    try:
        return engine.describe(image, detection)
    except Poison:
        return None


def _shot(chosen: ChosenShot[_Where]) -> Shot:
    return Shot(
        sequence=chosen.context.sequence,
        captured_ns=chosen.context.captured_ns,
        face=chosen.context.face,
        track=chosen.track_id,
        aligned=Biometric(chosen.face.aligned),
        probe=chosen.context.probe,
        box=chosen.face.detection.box,
        eye_distance_px=chosen.face.quality.eye_distance_px,
        sharpness=chosen.face.quality.sharpness,
    )
