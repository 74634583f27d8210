"""What is read of live probes and self-tests that were kept."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from lfr_core.domain.messages import LiveProbeFault

__all__ = ["LiveProbeAnswer", "LiveProbeKind", "RecordedLiveProbe"]


class LiveProbeKind(StrEnum):
    """What was asked of the chain. The values are stored (decision 0012); `word` is what people read."""

    LIVE_PROBE = "proof of life"
    """The test face, for each camera in use; green when every recogniser that serves one answered well."""
    SELF_TEST = "self-test"
    """All that can be shown while the gate is shut; green when no line is red."""
    CALL = "call"
    """Only whether recognisers and recorder are there; never green."""

    @property
    def word(self) -> str:
        return "live probe" if self is LiveProbeKind.LIVE_PROBE else self.value


@dataclass(frozen=True, slots=True)
class LiveProbeAnswer:
    """One recogniser's answer. Times in nanoseconds since the epoch."""

    part: int
    recorded_ns: int
    similarity: float
    fault: LiveProbeFault

    @property
    def ok(self) -> bool:
        return self.fault is LiveProbeFault.NONE


@dataclass(frozen=True, slots=True)
class RecordedLiveProbe:
    """One live probe with its answers."""

    id: UUID
    kind: LiveProbeKind
    sent_ns: int
    keys: tuple[str, ...]
    green_ns: int | None
    detail: str
    answers: tuple[LiveProbeAnswer, ...]
