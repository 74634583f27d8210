"""The recognition service between a broker and records that a test owns, with the real face models."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import cache

import cv2
import numpy as np

from lfr_core.common.errors import Retryable
from lfr_core.domain.deployments import DeploymentKind, DeploymentStatus, DeploymentView
from lfr_core.domain.frames import FrameHeader
from lfr_core.domain.messages import OutcomeBatch
from lfr_core.domain.outcomes import FrameOutcome
from lfr_core.domain.policy import load_policy
from lfr_core.recognition.batch import RawFrame, Recognised
from lfr_core.recognition.faces.engine import PackEngine
from lfr_core.recognition.faces.types import Floats, Image
from lfr_core.recognition.gallery.exact import ExactGallery
from lfr_core.recognition.gallery.port import Candidate, Reference
from lfr_core.recognition.service import Recogniser
from lfr_core.recognition.thumbnails import Thumbnails
from tests.support.plain_frames import PLAIN, PlainFrames
from tests.support.samples import cpu, require_image, require_pack
from tests.support.vaults import MemoryVault

__all__ = [
    "LOOK_NS",
    "POLICY",
    "START_NS",
    "Bench",
    "BreakableGallery",
    "Directory",
    "Time",
    "engine",
    "outcomes",
    "reference",
    "walk",
]

POLICY = load_policy()
LOOK_NS = 160_000_000  # 6.25 looks a second
START_NS = 1_700_000_000 * 10**9


class Time:
    """A clock that the test moves."""

    def __init__(self) -> None:
        self.now_ns = START_NS

    def time_ns(self) -> int:
        return self.now_ns

    def monotonic(self) -> float:
        return self.now_ns / 1e9


class Directory:
    """One deployment, whose state the test changes."""

    def __init__(self, view: DeploymentView) -> None:
        self.view = view
        self.away = False

    def find(self, deployment: str) -> DeploymentView | None:
        if self.away:
            raise Retryable("the records are away")
        return self.view if deployment == self.view.id else None


class BreakableGallery(ExactGallery):
    """The exact gallery, which can be away, and can leave out who is below the threshold, as a screened one does."""

    away = False
    leaves_out = False

    def search(
        self, name: str, contract_id: str, probes: Floats, limit: int = 1, *, at_least: float = -1.0
    ) -> list[list[Candidate]]:
        if self.away:
            raise Retryable("the gallery is away")
        found = super().search(name, contract_id, probes, limit, at_least=at_least)
        if not self.leaves_out:
            return found
        return [[one for one in each if one.similarity >= at_least] for each in found]


@cache
def engine() -> PackEngine:
    return PackEngine(require_pack(), POLICY.faces, cpu, 1)


@cache
def reference() -> Floats:
    image = require_image("obama")
    template: Floats = engine().embed([engine().describe(image, engine().detect([image])[0][0]).aligned])[0]
    return template


@cache
def walk(photo: str, looks: int = 8, *, step_px: int = 20) -> tuple[bytes, ...]:
    """JPEGs of a person who crosses the view, a shifted photograph on grey."""
    person = require_image(photo)
    person = cv2.resize(person, None, fx=400 / person.shape[0], fy=400 / person.shape[0], interpolation=cv2.INTER_AREA)
    frames: list[bytes] = []
    for look in range(looks):
        image: Image = np.full((720, 1280, 3), 90, np.uint8)
        image[100:500, 100 + look * step_px : 100 + look * step_px + person.shape[1]] = person
        frames.append(cv2.imencode(".jpg", image)[1].tobytes())
    return tuple(frames)


class Bench:
    """A recogniser with everything around it, and the frames it is given."""

    def __init__(self, *, live_only: bool = False) -> None:
        self.time = Time()
        self.gallery = BreakableGallery()
        self.gallery.create("gallery", engine().contract_id)
        self.gallery.add("gallery", engine().contract_id, [Reference("r", "entry-obama", reference())])
        self.directory = Directory(
            DeploymentView(
                id="d",
                kind=DeploymentKind.DEMO,
                status=DeploymentStatus.LIVE,
                gallery="gallery",
                contract_id=engine().contract_id,
                threshold=POLICY.alerts.threshold,
                agreeing_shots=2,
                live_only=live_only,
            )
        )
        self.frames_open = PlainFrames()
        self.vault = MemoryVault()
        self.thumbnails = Thumbnails(engine(), self.time)
        self.recogniser = Recogniser(
            engine=engine(),
            gallery=self.gallery,
            directory=self.directory,
            opener=self.frames_open,
            vault=self.vault,
            policy=POLICY,
            clock=self.time,
            keep_only=lambda names: self.kept.append(set(names)),
            show=self.thumbnails.offer,
            nearest=lambda: self.nearest,
        )
        self.nearest: Floats | None = None
        """What is said of the last search: each probe's similarity to whoever on the list is nearest."""
        self.kept: list[set[str]] = []
        """Of which galleries copies may stay, each time it was said."""

    def frames(self, jpegs: Sequence[bytes], **changes: object) -> list[RawFrame]:
        return [
            self.frame(sequence, jpeg, captured_ns=START_NS + sequence * LOOK_NS, **changes)
            for sequence, jpeg in enumerate(jpegs)
        ]

    def frame(self, sequence: int, jpeg: bytes, **changes: object) -> RawFrame:
        header = FrameHeader("d", "cam", "s", sequence, START_NS, 0, 0, key_id=PLAIN)
        header = replace(header, **changes)  # type: ignore[arg-type]  # the test names fields of the header
        return RawFrame(dict(header.to_headers()), jpeg, "cam", "lfr.frames", 0, sequence)

    def run(self, frames: Sequence[RawFrame]) -> Recognised:
        return self.recogniser.match(self.recogniser.detect(frames))


def outcomes(batches: Sequence[OutcomeBatch]) -> list[FrameOutcome]:
    return [result.outcome for batch in batches for result in batch.results]
