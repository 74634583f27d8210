"""One batch of frames on its way through recognition: what is known of it at each step. Values only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from lfr_core.common.biometric import Biometric
from lfr_core.domain.deployments import DeploymentView
from lfr_core.domain.frames import FrameHeader
from lfr_core.domain.messages import DeadLetter, LiveProbeResult, OutcomeBatch, Sighting
from lfr_core.domain.outcomes import FrameOutcome
from lfr_core.recognition.agreement import Shot
from lfr_core.recognition.camera_tracks import CameraTracks
from lfr_core.recognition.faces.types import Floats
from lfr_core.recognition.live_probe import LiveProbeLook

__all__ = ["DetectedBatch", "FrameProgress", "Probe", "RawFrame", "Recognised", "Session", "session_of"]

Session = tuple[str, str, str]
"""Deployment, camera, session: one run of one camera."""


def session_of(header: FrameHeader) -> Session:
    """Return the camera session a frame belongs to."""
    return header.deployment, header.camera, header.session


@dataclass(frozen=True, slots=True)
class RawFrame:
    """A record of the frames topic, as it was read."""

    headers: Mapping[str, bytes | None]
    payload: bytes
    key: str
    topic: str
    partition: int
    offset: int


@dataclass(slots=True)
class FrameProgress:
    """What is known of one frame of the batch so far."""

    header: FrameHeader
    outcome: FrameOutcome
    frame: RawFrame | None = field(default=None, repr=False)
    """The record it came as, where it may yet be dead-lettered."""
    faces: int = 0
    begun: frozenset[int] = frozenset()
    """The tracks that began with it."""
    tracks_compared: int = 0

    @property
    def tracks_started(self) -> int:
        """How many tracks began with it."""
        return len(self.begun)


@dataclass(frozen=True, slots=True, eq=False)
class Probe:
    """A shot on its way to the gallery."""

    session: Session
    view: DeploymentView
    shot: Shot
    seen: FrameProgress
    first: bool
    """Whether it is its track's first comparable shot."""

    def discount(self, camera: CameraTracks | None) -> None:
        """Take the drawn test face out of the frame's counts: it is of nobody, whoever sent it."""
        if camera is not None and self.first:
            camera.leave_out(self.shot.track, begun=self.shot.track in self.seen.begun)
        self.seen.begun -= {self.shot.track}
        self.seen.faces -= self.shot.sequence == self.seen.header.sequence

    def count(self, camera: CameraTracks | None) -> None:
        """Count the face as compared if it is its track's first, or its first after the drawn test face."""
        if self.seen.outcome is not FrameOutcome.RECOGNISED:
            return
        left_out = None if camera is None else camera.count_anew(self.shot.track)
        if left_out:
            self.seen.begun |= {self.shot.track}
        self.seen.tracks_compared += self.first or left_out is not None


@dataclass(slots=True, eq=False)
class DetectedBatch:
    """A batch after `detect`: what `match` needs. Holds templates; never leaves the process."""

    seen: list[FrameProgress] = field(default_factory=list)
    probes: list[Probe] = field(default_factory=list)
    templates: Biometric[Floats] = field(default_factory=lambda: Biometric(np.empty((0, 512), np.float32)))
    """Shape (n, 512), a row a probe."""
    dead: list[DeadLetter] = field(default_factory=list)
    live_probes: list[LiveProbeLook] = field(default_factory=list)

    def __repr__(self) -> str:
        return f"<DetectedBatch frames={len(self.seen)} probes={len(self.probes)}>"


@dataclass(frozen=True, slots=True)
class Recognised:
    """What a batch came to. Sightings are to be sent before the outcomes."""

    sightings: list[Sighting]
    outcomes: list[OutcomeBatch]
    dead: list[DeadLetter]
    live_probe_results: list[LiveProbeResult] = field(default_factory=list)
