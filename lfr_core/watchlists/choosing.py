"""A person says which of several faces in a photograph is the subject's; nothing chooses by itself."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
from sqlalchemy import Engine

from lfr_core.common.clock import Clock, utc_from_ns
from lfr_core.common.errors import Refused
from lfr_core.custody.audit.port import AuditEvent, Trail, Verb
from lfr_core.custody.people.lookup import acting
from lfr_core.custody.people.roles import AuthenticatedPerson, Role, principal_of
from lfr_core.domain.policy import Policy
from lfr_core.domain.working_days import LONDON
from lfr_core.recognition.faces.types import Face, FaceEngine, Image
from lfr_core.storage.engine import reading, writing
from lfr_core.watchlists.face_choices import FaceChoice, keep_choice
from lfr_core.watchlists.photographs import Unusable, faces_of

__all__ = ["FaceChooser", "ShownFaces", "find_faces"]

_MAY = (Role.PLANNER, Role.OPERATOR, Role.AUTHORISING_OFFICER)
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


class FaceChooser:
    """Keeps beside a list which face of a photograph is the subject's, and on the trail who said so."""

    def __init__(self, engine: Engine, trail: Trail, clock: Clock) -> None:
        self._engine = engine
        self._trail = trail
        self._clock = clock

    def check(self, *, by: AuthenticatedPerson) -> None:
        """See that somebody may say whose a face is. Raises as `acting`."""
        with reading(self._engine) as session:
            acting(session, by, _MAY)

    def choose(
        self, folder: Path, shown: ShownFaces, number: int, *, by: AuthenticatedPerson, deployment: str = ""
    ) -> None:
        """Keep that face `number`, from the left, is the subject's; for that very file.

        Raises:
            Refused: `watchlist.no-such-face`, and as `acting`.
            Poison: the earlier choices can't be read.
            Retryable: the records or the vault are away.
            Fatal: the folder can't be written.
        """
        if not 1 <= number <= len(shown.faces):
            raise Refused(
                "watchlist.no-such-face", f"{shown.photograph} has {len(shown.faces)} faces: give a number from 1 on"
            )
        face, day = shown.faces[number - 1].detection, utc_from_ns(self._clock.time_ns()).astimezone(LONDON).date()
        who = principal_of(by)
        self._trail.prepare(who)
        with writing(self._engine) as session:
            name = acting(session, by, _MAY).name
            facts = {"face": number, "faces": len(shown.faces)}
            event = AuditEvent(
                Verb.DECIDE, who, deployment, f"photograph:{shown.sha256[:32]}", "watchlist.face-chosen", facts
            )
            self._trail.append(session, event)
        # only now: a choice that is on no trail would be taken all the same
        keep_choice(
            folder, shown.sha256, FaceChoice.of(shown.photograph, face, shown.image, by=name, on=day.isoformat())
        )
