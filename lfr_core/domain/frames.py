"""A frame on its way from camera to worker: its header, and the codec that its payload sits behind.

The header travels as Kafka record headers, the payload as the record's value. Nothing here opens an
image. A camera seals under an epoch's key and a worker opens (`lfr_core.custody.vault.frames`); neither knows how.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from lfr_core.common.errors import Poison

__all__ = [
    "SCHEMA_VERSION",
    "UNSEALED",
    "FrameHeader",
    "FrameKind",
    "FrameOpener",
    "FrameSealer",
    "PictureState",
    "UnknownSchema",
]

SCHEMA_VERSION = 1
UNSEALED = "none"
"""Key id of a record without a payload: STATUS and END. No frame may have it."""
_LONGEST_NAME = 200
"""Characters; the vault takes no longer ones."""


class UnknownSchema(Poison):
    """A frame of a schema version this worker doesn't read.

    `header` is what could be read by this version's rules, so that the frame is still counted on its
    camera; None when not even that.
    """

    def __init__(self, message: str, header: FrameHeader | None) -> None:
        super().__init__(message)
        self.header = header


class FrameKind(StrEnum):
    """What a record on the frames topic is."""

    FRAME = "frame"
    """A JPEG image."""
    STATUS = "status"
    """No image: the camera's counters while it has nothing to send (payload empty)."""
    END = "end"
    """No image: the camera's last word in this session (payload empty)."""
    LIVE_PROBE = "proof"
    """The drawn test face, sealed like a frame, to show that the whole chain works: of nobody, and counted nowhere.
    `session` is the live probe's id, `sequence` its part. Without a payload it only asks who is there."""


class PictureState(StrEnum):
    """What the matter is with a live camera's pictures, as the camera process sees it, the worst first."""

    NO_KEY_FRAME = "no-key-frame"
    """It sends, and there has been no whole picture yet: those between are made of the ones before."""
    DAMAGED = "damaged"
    """Parts were lost on the way or don't decode: nothing is looked at before the next whole picture."""
    BEHIND = "behind"
    """Pictures are older than the policy allows when they can be read."""
    DARK = "dark"
    """Dark, covered or blinded: there is nothing to see."""
    STILL = "still"
    """The same picture again and again, though the camera sends."""
    MOVED = "moved"
    """It shows another place than when it was started."""
    SOUND = "sound"


@dataclass(frozen=True, slots=True)
class FrameHeader:
    """Who took the frame, when, and what the camera had skipped by then.

    `sequence` is given at capture and starts at 0 in each session; a STATUS or END record carries the
    number of frames captured so far (the next sequence). `not_sampled` and `dropped` are the camera's
    running counts in this session of frames *before* this one that were never sent: nobody would have
    looked at them, or newer ones pushed them out.
    """

    deployment: str
    camera: str
    session: str
    """One run of the camera process; sequences of different sessions are unrelated."""
    sequence: int
    captured_ns: int
    """When the frame was captured, nanoseconds since the epoch: wall time, or a recording's own time counted
    from its start when it is read faster than it was taken. Tracks and alerts reckon with this."""
    not_sampled: int
    dropped: int
    kind: FrameKind = FrameKind.FRAME
    key_id: str = UNSEALED
    """Which epoch's key the payload is sealed under."""
    taken_ns: int = 0
    """Wall time at which the camera process had the frame: latency is reckoned from here. 0: `captured_ns`."""
    picture: PictureState = PictureState.SOUND
    """What is the matter with the camera's pictures at this moment."""
    schema_version: int = SCHEMA_VERSION

    @property
    def latency_from_ns(self) -> int:
        """Wall time from which this frame's latency counts."""
        return self.taken_ns or self.captured_ns

    def to_headers(self) -> list[tuple[str, bytes]]:
        """Return the header as Kafka record headers: text values in ASCII-safe UTF-8."""
        values: dict[str, str] = {
            "schema": str(self.schema_version),
            "kind": self.kind.value,
            "deployment": self.deployment,
            "camera": self.camera,
            "session": self.session,
            "sequence": str(self.sequence),
            "captured_ns": str(self.captured_ns),
            "taken_ns": str(self.taken_ns),
            "not_sampled": str(self.not_sampled),
            "dropped": str(self.dropped),
            "key": self.key_id,
            "picture": self.picture.value,
        }
        return [(name, text.encode()) for name, text in values.items()]

    @classmethod
    def from_headers(cls, headers: Mapping[str, bytes | None] | Iterable[tuple[str, bytes | None]]) -> FrameHeader:
        """Read record headers back.

        Raises:
            Poison: a header is missing or not a number.
            UnknownSchema: a Poison; the schema version is not this one.
        """
        pairs = headers.items() if isinstance(headers, Mapping) else headers
        try:
            text = {name: (value or b"").decode() for name, value in pairs}
            version = int(text["schema"])
        except (KeyError, ValueError, UnicodeDecodeError) as error:
            raise Poison(f"a frame's schema version can't be read: {error!r}") from error
        if version == SCHEMA_VERSION:
            return cls._read(text)
        try:
            header = cls._read(text)
        except Poison:
            header = None
        raise UnknownSchema(
            f"frame schema version {version} is unknown; this worker reads version {SCHEMA_VERSION}: "
            "upgrade the older of camera and worker",
            header,
        )

    @classmethod
    def _read(cls, text: Mapping[str, str]) -> FrameHeader:
        try:
            header = cls(
                deployment=text["deployment"],
                camera=text["camera"],
                session=text["session"],
                sequence=int(text["sequence"]),
                captured_ns=int(text["captured_ns"]),
                taken_ns=int(text["taken_ns"]),
                not_sampled=int(text["not_sampled"]),
                dropped=int(text["dropped"]),
                kind=FrameKind(text["kind"]),
                key_id=text["key"],
                picture=PictureState(text["picture"]),
                schema_version=int(text["schema"]),
            )
        except (KeyError, ValueError) as error:
            raise Poison(f"a frame's headers can't be read: {error!r}") from error
        if min(header.sequence, header.captured_ns, header.taken_ns, header.not_sampled, header.dropped) < 0:
            raise Poison("a frame's headers hold a negative count")
        if not (header.deployment and header.camera and header.session):
            raise Poison("a frame's headers lack the deployment, the camera or the session")
        if max(map(len, (header.deployment, header.camera, header.session, header.key_id))) > _LONGEST_NAME:
            raise Poison(f"a frame's headers hold a name of more than {_LONGEST_NAME} characters")
        return header


class FrameSealer(Protocol):
    """Seals one deployment's frames at a camera."""

    def key_id(self) -> str:
        """Return the id of the key a frame would be sealed under now. Raises as `seal`."""
        ...

    def seal(self, header: FrameHeader, jpeg: bytes) -> bytes:
        """Return the payload to send, sealed under the key of `header.key_id`.

        Raises Refused (the gate is shut) or Retryable (the vault is away): there is no key to be had.
        """
        ...

    def record_headers(self, header: FrameHeader, *, topic: str, key: bytes, payload: bytes) -> list[tuple[str, bytes]]:
        """Return the record's headers, signed as this camera's. Retryable: the vault is away; nothing is sent then."""
        ...

    def confirm(self, header: FrameHeader) -> None:
        """Note that the broker has this frame. May come from another thread."""
        ...


class FrameOpener(Protocol):
    """Opens frames at a worker, while the gate of their deployment is open."""

    def check_sender(
        self, header: FrameHeader, *, topic: str, key: bytes, headers: Mapping[str, bytes | None], payload: bytes
    ) -> None:
        """Return when the camera that `header` names sent exactly this record, whether or not its gate is open.

        Raises:
            Refused: `record.not-signed`, `record.not-authentic`.
            Retryable: the vault is away.
        """
        ...

    def open(self, header: FrameHeader, payload: bytes) -> bytes:
        """Return the JPEG again.

        Raises:
            Refused: `gate.*`: recognition is over; `vault.*`: the key is gone or the payload isn't authentic.
            Retryable: the vault is away.
        """
        ...

    def check_gate(self, deployment: str) -> None:
        """Return while the gate is open; the answer is at most a lease old. Raises as `open`."""
        ...
