"""A person says which of several faces in a photograph is the subject's; nothing chooses by itself."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import cv2

from lfr_core.common.errors import Refused
from lfr_core.domain.policy import Policy
from lfr_core.recognition.faces.types import Face, FaceEngine, Image
from lfr_core.watchlists.face_choices import FaceChoice, keep_choice
from lfr_core.watchlists.photographs import Unusable, faces_of

__all__ = ["ShownFaces", "choose_face", "find_faces"]

_COLOUR = (0, 220, 255)
"""BGR: yellow, which no skin and few clothes have."""


@dataclass(frozen=True, slots=True)
class ShownFaces:
    """A photograph with its faces, from left to right."""

    photograph: str
    sha256: str
    image: Image
    faces: Sequence[Face]

    def numbered_jpeg(self) -> bytes:
        """Return the photograph with a box and a number, from 1 on, around each face."""
        drawn = self.image.copy()
        thick = max(1, round(max(self.image.shape[:2]) / 400))
        for number, face in enumerate(self.faces, start=1):
            x1, y1, x2, y2 = (round(float(value)) for value in face.detection.box)
            cv2.rectangle(drawn, (x1, y1), (x2, y2), _COLOUR, thick)
            cv2.putText(drawn, str(number), (x1, max(y1 - 4, 20)), cv2.FONT_HERSHEY_SIMPLEX, thick, _COLOUR, thick)
        return cv2.imencode(".jpg", drawn)[1].tobytes()


def find_faces(folder: Path, photograph: str, engine: FaceEngine, policy: Policy) -> ShownFaces:
    """Find the faces of a photograph in a list's folder, small ones left out. Raises Refused `watchlist.photograph`."""
    try:
        return ShownFaces(photograph, *faces_of(folder, photograph, engine, policy))
    except Unusable as error:
        raise Refused("watchlist.photograph", f"{photograph}: {error}") from error


def choose_face(folder: Path, shown: ShownFaces, number: int, *, by: str, on: date) -> None:
    """Keep beside the list that face `number` is the subject's, and who said so on which day.

    Raises:
        Refused: `watchlist.no-such-face`.
        Poison: the choices of before can't be read.
        Fatal: the folder can't be written.
    """
    if not 1 <= number <= len(shown.faces):
        raise Refused(
            "watchlist.no-such-face", f"{shown.photograph} has {len(shown.faces)} faces: give a number from 1 on"
        )
    face = shown.faces[number - 1].detection
    keep_choice(folder, shown.sha256, FaceChoice.of(shown.photograph, face, shown.image, by=by, on=on.isoformat()))
