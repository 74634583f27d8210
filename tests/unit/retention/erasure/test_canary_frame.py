"""A canary frame goes the way of every frame, whatever a detector sees in its noise, and no count knows of it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from lfr_core.common.errors import Poison
from lfr_core.domain.deployments import DeploymentKind, DeploymentStatus, DeploymentView
from lfr_core.domain.frames import FrameHeader, FrameKind
from lfr_core.domain.policy import load_policy
from lfr_core.recognition.batch import RawFrame
from lfr_core.recognition.faces.types import Detection, Face, Floats, Image, Quality
from lfr_core.recognition.gallery.exact import ExactGallery
from lfr_core.recognition.service import Recogniser
from lfr_core.retention.erasure.forms import noise_jpeg
from tests.support.plain_frames import PLAIN, PlainFrames
from tests.support.records import NOW_NS, ManualClock
from tests.support.vaults import MemoryVault

JPEG = noise_jpeg(np.random.default_rng(4), 320, 240)


class Engine:
    """Sees one face in every image, as a detector may in noise."""

    contract_id = "contract"

    def __init__(self) -> None:
        self.seen: list[tuple[int, ...]] = []
        self.described = self.embedded = 0

    def detect(self, images: Sequence[Image]) -> list[list[Detection]]:
        self.seen += [image.shape for image in images]
        return [[Detection(np.array([100, 80, 180, 160], np.float32), 0.9)] for _ in images]

    detect_large = detect

    def describe(self, image: Image, detection: Detection) -> Face:
        self.described += 1
        quality = Quality(40.0, 0.8, 0.0, 1.0, cut_by_border=False)
        return Face(detection, np.zeros((68, 2), np.float32), np.zeros((5, 2), np.float32), image[:112, :112], quality)

    def embed(self, aligned: Sequence[Image]) -> Floats:
        self.embedded += len(aligned)
        return np.eye(len(aligned), 512, dtype=np.float32)


class Directory:
    def find(self, deployment: str) -> DeploymentView | None:
        return DeploymentView(
            id=deployment,
            kind=DeploymentKind.DEMO,
            status=DeploymentStatus.LIVE,
            gallery="gallery",
            contract_id="contract",
            threshold=0.45,
            agreeing_shots=2,
            live_only=True,
        )


def recogniser(engine: Engine) -> Recogniser:
    return Recogniser(
        engine=engine,
        gallery=ExactGallery(),
        directory=Directory(),
        opener=PlainFrames(),
        policy=load_policy(),
        clock=ManualClock(),
        vault=MemoryVault(),
    )


def canary(payload: bytes) -> RawFrame:
    header = FrameHeader("dep", "canary", "s", 0, NOW_NS, 0, 0, kind=FrameKind.CANARY, key_id=PLAIN)
    return RawFrame(dict(header.to_headers()), payload, "canary", "lfr.frames", 0, 0)


def test_a_canary_is_opened_described_and_embedded_like_a_frame_and_records_nothing() -> None:
    engine = Engine()
    worker = recogniser(engine)

    done = worker.match(worker.detect([canary(JPEG)]))

    assert (engine.seen, engine.described, engine.embedded) == ([(240, 320, 3)], 1, 1)
    assert (done.sightings, done.dead) == ([], [])
    assert [batch.results for batch in done.outcomes] == []


def test_a_canary_that_can_not_be_decoded_is_no_outcome_and_no_dead_letter() -> None:
    worker = recogniser(Engine())

    done = worker.match(worker.detect([canary(b"no image")]))

    assert (done.outcomes, done.dead) == ([], [])


def test_a_canary_that_makes_recognition_fail_is_dead_lettered_and_no_frame_is_counted() -> None:
    done = recogniser(Engine()).refuse(canary(JPEG), Poison("recognition failed"))

    assert (done.outcomes, len(done.dead)) == ([], 1)
