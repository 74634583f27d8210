"""A frame on its way from camera to worker: its header, and the codec that its payload sits behind.

The header travels as Kafka record headers, the payload as the record's value. Nothing here opens an
image. The codec is the seam where sealing under an epoch key comes in: a camera seals, a worker opens,
and neither knows how.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from lfr_core.errors import Poison, Refused

__all__ = ["SCHEMA_VERSION", "FrameCodec", "FrameHeader", "FrameKind", "PlainCodec", "UnknownSchema"]

SCHEMA_VERSION = 1


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
    key_id: str = "plain"
    """Which key the payload is sealed under; `plain` for none."""
    taken_ns: int = 0
    """Wall time at which the camera process had the frame: latency is reckoned from here. 0: `captured_ns`."""
    schema_version: int = SCHEMA_VERSION

    @property
    def latency_from_ns(self) -> int:
        """Wall time from which this frame's latency counts."""
        return self.taken_ns or self.captured_ns

    def to_headers(self) -> list[tuple[str, bytes]]:
        """As Kafka record headers: text values in ASCII-safe UTF-8."""
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
                schema_version=int(text["schema"]),
            )
        except (KeyError, ValueError) as error:
            raise Poison(f"a frame's headers can't be read: {error!r}") from error
        if min(header.sequence, header.captured_ns, header.taken_ns, header.not_sampled, header.dropped) < 0:
            raise Poison("a frame's headers hold a negative count")
        if not (header.deployment and header.camera and header.session):
            raise Poison("a frame's headers lack the deployment, the camera or the session")
        return header


class FrameCodec(Protocol):
    """Seals a frame's JPEG at the camera and opens it at the worker."""

    def key_id(self, camera: str) -> str:
        """The id of the key a frame of `camera` would be sealed under now."""
        ...

    def seal(self, header: FrameHeader, jpeg: bytes) -> bytes:
        """The payload to send. Raises Refused or Retryable when there is no key to be had."""
        ...

    def open(self, header: FrameHeader, payload: bytes) -> bytes:
        """The JPEG again. Raises Refused when the key is gone or the payload was changed."""
        ...


class PlainCodec:
    """The identity: payloads in the clear. Replaced by the sealing codec once the vault exists."""

    def key_id(self, camera: str) -> str:  # noqa: ARG002  the Protocol's signature
        return "plain"

    def seal(self, header: FrameHeader, jpeg: bytes) -> bytes:  # noqa: ARG002  the Protocol's signature
        return jpeg

    def open(self, header: FrameHeader, payload: bytes) -> bytes:
        if header.key_id != "plain":
            raise Refused("frame.key-unknown", f"no key {header.key_id!r} is held here; the frame stays closed")
        return payload
