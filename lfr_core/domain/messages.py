"""What travels after recognition: sightings, outcomes, dead letters. None has a field for a template.

Each message is a frozen pydantic model with a schema version; `encode()` gives the record's value and
`decode()` reads it back. A sighting's id is a uuid5 of what makes it unique, so that the same frame
processed twice gives the same id ("at least once, effects once").
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from enum import StrEnum
from typing import Annotated, Final, Literal, Self

from pydantic import Base64Bytes, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from lfr_core.common.errors import Poison
from lfr_core.domain.frames import PictureState
from lfr_core.domain.outcomes import FrameOutcome

__all__ = [
    "NOT_LISTED",
    "DeadLetter",
    "FrameResult",
    "LiveProbeFault",
    "LiveProbeResult",
    "OutcomeBatch",
    "Sighting",
    "StageTime",
    "merge_letters",
    "sighting_id",
]

_NAMESPACE = uuid.UUID("6f1c1f0e-6a3b-5b1e-9d2c-0c6f7a1e4b52")
NOT_LISTED: Final = "gallery.not-listed"
"""The code under which a frame is dead-lettered whose candidate isn't a row of the list as approved."""
Natural = Annotated[int, Field(ge=0)]
LONGEST_NAME = 200
"""Characters of a name in a dead letter: it may be anything that somebody sent."""


def _short(text: object) -> object:
    return text.replace("\x00", "\ufffd")[:LONGEST_NAME] if isinstance(text, str) else text


Short = Annotated[str, BeforeValidator(_short)]


def sighting_id(deployment: str, camera: str, session: str, sequence: int, face: int, entry: str) -> uuid.UUID:
    """Return the id of a sighting: uuid5 of deployment, camera, session, sequence, face index and entry."""
    return uuid.uuid5(_NAMESPACE, "\x1f".join((deployment, camera, session, str(sequence), str(face), entry)))


class _Message(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    schema_version: Literal[1] = 1

    def encode(self) -> bytes:
        """Return the record's value: compact JSON, UTF-8."""
        return self.model_dump_json().encode()

    @classmethod
    def decode(cls, value: bytes) -> Self:
        """Read a record's value back. Raises Poison when it isn't this message."""
        try:
            return cls.model_validate_json(value)
        except ValidationError as error:
            raise Poison(
                f"not a {cls.__name__}: {error.error_count()} faults, first {error.errors()[0]['msg']}"
            ) from error


class Sighting(_Message):
    """One shot of a track that agrees with enough others on an entry at or above the threshold."""

    id: uuid.UUID
    deployment: str
    camera: str
    session: str
    sequence: Natural
    captured_ns: Natural
    face: Natural
    """Index of the face in its frame."""
    track: str
    entry: str
    """The watchlist entry's id."""
    similarity: Annotated[float, Field(ge=-1.001, le=1.001)]
    threshold: float
    box: tuple[float, float, float, float]
    """x1, y1, x2, y2 in pixels of the frame."""
    eye_distance_px: float
    probe_sealed: Base64Bytes
    """The face and its surroundings, cut from the frame, as JPEG; sealed, so that no face lies on the broker."""
    key_id: str
    """The vault's key that it is sealed under: one a deployment and hour (see `lfr_core.custody.crops`)."""


class FrameResult(_Message):
    """One frame's outcome. `latency_ms`: capture to outcome, by wall clocks of camera and worker."""

    sequence: Natural
    not_sampled: Natural
    """Running count in the frame's header."""
    dropped: Natural
    """Running count in the frame's header."""
    outcome: FrameOutcome
    latency_ms: float = 0.0
    faces: Natural = 0
    tracks_started: Natural = 0
    tracks_compared: Natural = 0
    """Tracks that gave their first comparable template in this frame."""


class StageTime(_Message):
    """Time spent in one stage of the way of a frame, summed over a batch."""

    stage: str
    calls: Natural
    total_ms: Annotated[float, Field(ge=0.0)]


class OutcomeBatch(_Message):
    """Outcomes of one camera session's frames, in the order of their sequences.

    A STATUS or END record gives a batch without results whose `captured`, `not_sampled` and `dropped` are the
    camera's own counts.
    """

    deployment: str
    camera: str
    session: str
    results: tuple[FrameResult, ...] = ()
    captured: Natural | None = None
    not_sampled: Natural | None = None
    dropped: Natural | None = None
    ended: bool = False
    picture: PictureState = PictureState.SOUND
    """What is the matter with the camera's pictures, by its newest record here."""
    reported_ns: Natural
    """Wall time at the worker."""
    stages: tuple[StageTime, ...] = ()


class LiveProbeFault(StrEnum):
    """Why a live probe failed at a recogniser."""

    NONE = ""
    CLOSED = "closed"
    """The deployment isn't live, or its gate is shut."""
    OTHER_MODEL = "other-model"
    """The worker's model pack isn't the one that the list was enrolled with."""
    STALE = "stale"
    UNOPENABLE = "unopenable"
    """No payload, no key, or not authentic."""
    UNREADABLE = "unreadable"
    NO_FACE = "no-face"
    UNUSABLE = "unusable"
    """The face was found and isn't good enough to compare."""
    NO_MATCH = "no-match"
    """The best candidate isn't the test face at the deployment's threshold or above."""
    NO_PERSON = "no-person"
    """People of the list, drawn at random, aren't found in its gallery."""
    GALLERY_AWAY = "gallery-away"


class LiveProbeResult(_Message):
    """What became of a live probe at one recogniser. Counted in nothing that is counted of frames or faces."""

    id: uuid.UUID
    deployment: str
    part: Natural
    """Which of the live probe's frames."""
    sent_ns: Natural
    reported_ns: Natural
    """Wall time at the worker."""
    similarity: Annotated[float, Field(ge=-1.001, le=1.001)] = 0.0
    """Of the test face with its reference in the deployment's gallery; 0 where it wasn't compared."""
    fault: LiveProbeFault = LiveProbeFault.NONE
    nonce: Annotated[str, Field(max_length=100)] = ""
    """What the sealed frame held, hexadecimal: nobody knows it who hasn't opened the frame."""

    @property
    def ok(self) -> bool:
        """Whether the whole chain worked."""
        return self.fault is LiveProbeFault.NONE


class DeadLetter(_Message):
    """Records that could not be processed: where the last of them lies and why. Never the image.

    Texts are cut short, and hold nothing that a database can't: they come from what could not be read.
    """

    topic: Short
    partition: int
    offset: int
    camera: Short
    error: Short
    reason: Short
    at_ns: Natural
    count: Annotated[int, Field(ge=1, le=10_000)] = 1
    """Of how many records of one camera and one batch it tells."""


def merge_letters(letters: Iterable[DeadLetter]) -> list[DeadLetter]:
    """Merge letters of one batch about the same place and camera into one, with the last one's offset and reason.

    So that what a camera sends by the thousand costs one message a batch, and each record is counted all the same.
    """
    by_place: dict[tuple[str, int, str, str], DeadLetter] = {}
    for letter in letters:
        place = (letter.topic, letter.partition, letter.camera, letter.error)
        before = by_place.get(place)
        by_place[place] = letter if before is None else letter.model_copy(update={"count": before.count + letter.count})
    return [*by_place.values()]
