"""What really happened in a street: written beside the video as JSON, read by scoring alone.

Sizes are the true distance between the eyes in pixels of the frame, as seen (a turned head's eyes are
nearer together). Frame indices count from 0; they are the sequence numbers of a camera that plays the
video once from its start.
"""

from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from lfr_core.common.errors import Refused

__all__ = ["FAIR_EYES_PX", "FaceTruth", "PassTruth", "StreetTruth", "load_truth", "make_pass_truth", "save_truth"]

FAIR_EYES_PX = 24.0
"""The size from which the system is meant to recognise people (docs/design.md#what-a-demonstration-has-to-show)."""
FAIR_VISIBLE = 0.5


class _Value(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class FaceTruth(_Value):
    """One face in one frame."""

    frame: int
    eye_px: float
    box: tuple[float, float, float, float]
    """x1, y1, x2, y2 of hairline to chin, ear to ear, in pixels of the frame; may reach past its border."""
    visible: float
    """Share of the face inside the picture and not hidden by somebody nearer, 0 to 1."""


class PassTruth(_Value):
    """One walk through the picture."""

    id: int
    camera: str
    person: str
    subject: str | None
    """The enrolled subject this is, or None."""
    photograph: str
    """Name of the photograph the head was cut from."""
    kind: str
    first_frame: int
    """First and last frame in which any of the face is in the picture."""
    last_frame: int
    max_eye_px: float
    """Largest size in a frame in which at least half of the face is visible."""
    fair_frames: int
    """Frames with eyes of at least FAIR_EYES_PX and at least half of the face visible."""
    fair: bool
    """At least a second of fair frames, facing the camera enough to be compared."""
    faces: tuple[FaceTruth, ...]


class StreetTruth(_Value):
    """All that happened before one camera."""

    schema_version: int = 1
    camera: str
    frames_per_second: int
    width: int
    height: int
    frames: int
    seed: int
    passes: tuple[PassTruth, ...]

    @property
    def mean_faces(self) -> float:
        """Faces of at least 18 px and half visible, per frame."""
        seen = sum(f.eye_px >= 18 and f.visible >= FAIR_VISIBLE for p in self.passes for f in p.faces)
        return seen / self.frames


def make_pass_truth(
    *, number: int, camera: str, person: str, subject: str | None, photograph: str, kind: str, frontal: bool,
    faces: list[FaceTruth], fair_frames_needed: int,
) -> PassTruth | None:  # fmt: skip
    """Sum a pass up from its frames; None if its face never was in the picture."""
    if not faces:
        return None
    good = [face for face in faces if face.visible >= FAIR_VISIBLE]
    fair = sum(face.eye_px >= FAIR_EYES_PX for face in good)
    return PassTruth(
        id=number, camera=camera, person=person, subject=subject, photograph=photograph, kind=kind,
        first_frame=faces[0].frame, last_frame=faces[-1].frame, max_eye_px=max((f.eye_px for f in good), default=0.0),
        fair_frames=fair, fair=frontal and fair >= fair_frames_needed, faces=tuple(faces),
    )  # fmt: skip


def save_truth(truth: StreetTruth, file: Path) -> None:
    """Write it as JSON."""
    file.write_text(truth.model_dump_json() + "\n", encoding="utf-8")


def load_truth(file: Path) -> StreetTruth:
    """Read it back. Raises Refused (`street.truth-unreadable`) when the file is absent or something else."""
    try:
        return StreetTruth.model_validate_json(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, ValidationError) as error:
        raise Refused(
            "street.truth-unreadable",
            f"{file} isn't a street's truth ({type(error).__name__}); render the street again",
        ) from error
