"""A live probe goes the whole way of a frame in the recogniser, and no count knows of it."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import replace
from unittest.mock import patch

import numpy as np
import pytest

from lfr_core.common.errors import Poison, Refused, Retryable
from lfr_core.domain.deployments import DeploymentKind, DeploymentStatus, DeploymentView
from lfr_core.domain.frames import UNSEALED, FrameHeader, FrameKind
from lfr_core.domain.messages import LiveProbeFault
from lfr_core.domain.outcomes import FrameOutcome
from lfr_core.domain.policy import load_policy
from lfr_core.domain.reserved import CANARY_ENTRY, LIVE_PROBE_CAMERA, LIVE_PROBE_ENTRY, MOST_CANARIES
from lfr_core.recognition.batch import RawFrame, Recognised
from lfr_core.recognition.faces.types import Detection, Face, Floats, Image, Quality
from lfr_core.recognition.gallery.exact import ExactGallery
from lfr_core.recognition.gallery.port import Candidate, Reference
from lfr_core.recognition.selftest.face import live_probe_frame
from lfr_core.recognition.service import Recogniser
from tests.support.plain_frames import PLAIN, PlainFrames
from tests.support.records import NOW_NS, ManualClock
from tests.support.vaults import MemoryVault

LIVE_PROBE = uuid.UUID(int=7)
VIEW = DeploymentView(
    id="dep",
    kind=DeploymentKind.DEMO,
    status=DeploymentStatus.LIVE,
    gallery="g",
    contract_id="contract",
    threshold=0.45,
    agreeing_shots=1,
    live_only=True,
)


def axis(*places: int) -> Floats:
    row = np.zeros(512, np.float32)
    row[list(places)] = 1.0 / np.sqrt(len(places))
    return row


class Engine:
    """Finds `faces` faces in every image and gives each the template that it was told."""

    contract_id = "contract"

    def __init__(self, template: Floats, *, faces: int = 1, eyes_px: float = 80.0) -> None:
        self.template = template
        self.faces = faces
        self.eyes_px = eyes_px

    def detect(self, images: Sequence[Image]) -> list[list[Detection]]:
        return [[Detection(np.array([228, 133, 411, 352], np.float32), 1.0)] * self.faces for _ in images]

    detect_large = detect

    def describe(self, image: Image, detection: Detection) -> Face:
        points = np.zeros((68, 2), np.float32)
        return Face(
            detection,
            points,
            points[:5],
            np.zeros((112, 112, 3), np.uint8),
            Quality(self.eyes_px, 1.0, 0.0, 1.0, cut_by_border=False),
        )

    def embed(self, aligned: Sequence[Image]) -> Floats:
        return np.stack([self.template] * len(aligned)) if aligned else np.empty((0, 512), np.float32)


class Directory:
    def __init__(self, view: DeploymentView) -> None:
        self.view = view

    def find(self, deployment: str) -> DeploymentView | None:  # there is one
        return self.view


class Harness:
    """A recogniser with a gallery of the test face and one person, and everything a test may break."""

    def __init__(self, engine: Engine | None = None, view: DeploymentView = VIEW) -> None:
        self.gallery = ExactGallery()
        self.gallery.create("g", "contract")
        references = [Reference("p", LIVE_PROBE_ENTRY, axis(0)), Reference("a/1", "a", axis(1))]
        self.gallery.add("g", "contract", references)
        self.frames = PlainFrames()
        self.clock = ManualClock()
        self.finds_people = True
        self.worker = Recogniser(
            engine=engine or Engine(axis(0)),
            gallery=self.gallery,
            directory=Directory(view),
            opener=self.frames,
            policy=load_policy(),
            clock=self.clock,
            vault=MemoryVault(),
            finds_people=lambda *_: self.finds_people,
        )

    def run(self, *frames: RawFrame) -> Recognised:
        return self.worker.match(self.worker.detect(frames))


def live_probe(payload: bytes | None = None, *, session: str = str(LIVE_PROBE), key_id: str = PLAIN) -> RawFrame:
    header = FrameHeader("dep", LIVE_PROBE_CAMERA, session, 3, NOW_NS, 0, 0, kind=FrameKind.LIVE_PROBE, key_id=key_id)
    return RawFrame(
        dict(header.to_headers()), live_probe_frame() if payload is None else payload, "k", "lfr.frames", 0, 0
    )


def frame(sequence: int) -> RawFrame:
    header = FrameHeader("dep", "north", "s", sequence, NOW_NS + sequence * 10**7, 0, 0, key_id=PLAIN)
    return RawFrame(dict(header.to_headers()), live_probe_frame(), "north", "lfr.frames", 0, sequence)


def test_the_test_face_is_found_in_the_deployments_own_gallery_and_says_so() -> None:
    (answer,) = Harness().run(live_probe()).live_probe_results

    assert (answer.id, answer.deployment, answer.part, answer.sent_ns) == (LIVE_PROBE, "dep", 3, NOW_NS)
    assert answer.ok
    assert answer.similarity == pytest.approx(1.0)


def test_the_answer_says_what_only_the_sealed_frame_held() -> None:
    (answer,) = Harness().run(live_probe(live_probe_frame("0123abcd"))).live_probe_results

    assert (answer.ok, answer.nonce) == (True, "0123abcd")


def test_a_cameras_canary_goes_the_whole_way_of_a_frame_and_its_drawn_face_is_counted_as_nobody() -> None:
    harness = Harness()
    with patch.object(harness.gallery, "search", wraps=harness.gallery.search) as search:
        done = harness.run(frame(1))

    assert search.call_count == 1
    ((result,),) = (batch.results for batch in done.outcomes)
    assert (result.outcome, result.faces) == (FrameOutcome.RECOGNISED, 0)
    assert (result.tracks_started, result.tracks_compared, done.sightings, done.dead) == (0, 0, [], [])


def test_a_person_who_is_as_like_the_drawn_face_is_counted_and_found() -> None:
    harness = Harness()
    harness.gallery.add("g", "contract", [Reference("b/1", "b", axis(0))])

    done = [harness.run(frame(sequence)) for sequence in range(1, 30)]

    assert {sighting.entry for one in done for sighting in one.sightings} == {"b"}
    assert sum(one.tracks_started for each in done for batch in each.outcomes for one in batch.results) == 1


def test_a_proof_is_no_outcome_no_face_no_time_no_sighting_and_no_letter() -> None:
    done = Harness().run(live_probe())

    assert (done.outcomes, done.sightings, done.dead) == ([], [], [])


def test_what_is_counted_of_a_cameras_frames_is_the_same_with_and_without_a_proof_among_them() -> None:
    alone = Harness(Engine(axis(1))).run(frame(1), frame(2))
    among = Harness(Engine(axis(1))).run(frame(1), live_probe(), frame(2))

    assert [batch.results for batch in among.outcomes] == [batch.results for batch in alone.outcomes]
    assert [[(s.stage, s.calls) for s in batch.stages] for batch in among.outcomes] == [
        [(s.stage, s.calls) for s in batch.stages] for batch in alone.outcomes
    ]


@pytest.mark.parametrize(
    ("engine", "fault"),
    [
        (Engine(axis(0), faces=0), LiveProbeFault.NO_FACE),
        (Engine(axis(0), eyes_px=1.0), LiveProbeFault.UNUSABLE),
        (Engine(axis(1)), LiveProbeFault.NO_MATCH),
        (Engine(axis(9)), LiveProbeFault.NO_MATCH),
    ],
)
def test_a_detector_or_embedder_that_fails_is_reported_by_its_fault(engine: Engine, fault: LiveProbeFault) -> None:
    (answer,) = Harness(engine).run(live_probe()).live_probe_results

    assert (answer.ok, answer.fault) == (False, fault)


def test_a_match_below_the_threshold_is_no_proof_and_says_how_alike_it_was() -> None:
    (answer,) = Harness(Engine(axis(0, 5, 6, 7, 8))).run(live_probe()).live_probe_results  # 1 / sqrt(5) = 0.447

    assert answer.fault is LiveProbeFault.NO_MATCH
    assert answer.similarity == pytest.approx(0.447, abs=1e-3)


def test_a_gallery_that_finds_the_drawn_face_and_not_the_people_of_its_list_is_no_proof_and_names_nobody() -> None:
    harness = Harness()
    harness.finds_people = False

    (answer,) = harness.run(live_probe()).live_probe_results

    assert (answer.ok, answer.fault) == (False, LiveProbeFault.NO_PERSON)
    assert answer.similarity == pytest.approx(1.0)
    assert b"a/1" not in answer.encode()


@pytest.mark.parametrize(
    ("view", "fault"),
    [
        (replace(VIEW, status=DeploymentStatus.SUSPENDED), LiveProbeFault.CLOSED),
        (replace(VIEW, contract_id="another"), LiveProbeFault.OTHER_MODEL),
    ],
)
def test_a_worker_that_must_not_or_can_not_recognise_says_which(view: DeploymentView, fault: LiveProbeFault) -> None:
    (answer,) = Harness(view=view).run(live_probe()).live_probe_results

    assert answer.fault is fault


def test_a_call_without_a_payload_is_answered_though_the_gate_is_shut() -> None:
    harness = Harness()
    harness.frames.gate = Refused("gate.operator-attending", "nobody attends")

    assert [one.fault for one in harness.run(live_probe(b"", key_id=UNSEALED)).live_probe_results] == [
        LiveProbeFault.UNOPENABLE
    ]
    assert [one.fault for one in harness.run(live_probe()).live_probe_results] == [LiveProbeFault.CLOSED]


def test_a_proof_that_is_no_image_or_too_old_is_reported_and_dead_letters_nothing() -> None:
    harness = Harness()
    done = harness.run(live_probe(b"no image"))
    harness.clock.advance(load_policy().live.frame_max_age_s + 1.0)
    late = harness.run(live_probe())

    assert [one.fault for one in (*done.live_probe_results, *late.live_probe_results)] == [
        LiveProbeFault.UNREADABLE,
        LiveProbeFault.STALE,
    ]
    assert (done.dead, late.dead) == ([], [])


def test_while_the_gallery_is_away_a_fresh_proof_is_asked_again_and_an_old_one_gives_up() -> None:
    harness = Harness()

    def away(
        name: str, contract_id: str, probes: Floats, limit: int = 1, *, at_least: float = -1.0
    ) -> list[list[Candidate]]:
        raise Retryable("away")

    harness.gallery.search = away  # type: ignore[method-assign]  # a fault on purpose
    looked = harness.worker.detect([live_probe()])
    with pytest.raises(Retryable):
        harness.worker.match(looked)
    harness.clock.advance(load_policy().live.frame_max_age_s + 1.0)

    assert [one.fault for one in harness.worker.match(looked).live_probe_results] == [LiveProbeFault.GALLERY_AWAY]


def test_a_proof_whose_session_is_no_proofs_id_is_dead_lettered_and_counted_on_no_camera() -> None:
    done = Harness().run(live_probe(session="not a uuid"))

    assert (done.live_probe_results, done.outcomes, len(done.dead)) == ([], [], 1)


def test_a_proof_that_makes_recognition_fail_is_dead_lettered_and_no_frame_is_counted() -> None:
    done = Harness().worker.refuse(live_probe(), Poison("recognition failed"))

    assert (done.outcomes, len(done.dead)) == ([], 1)


def test_an_ordinary_face_like_the_test_face_is_never_a_sighting() -> None:
    harness = Harness(Engine(axis(0)))

    done = [harness.run(frame(sequence)) for sequence in range(1, 30)]

    assert [sighting for one in done for sighting in one.sightings] == []


def test_the_test_face_in_the_gallery_hides_no_person_who_is_next() -> None:
    template = (0.8 * axis(0) + 0.6 * axis(1)).astype(np.float32)  # the test face at 0.8, the person at 0.6
    harness = Harness(Engine(template))

    done = [harness.run(frame(sequence)) for sequence in range(1, 30)]

    assert {sighting.entry for one in done for sighting in one.sightings} == {"a"}


def test_canaries_that_somebody_put_beside_a_person_hide_nobody() -> None:
    harness = Harness(Engine(axis(1)))
    rows = [Reference(f"c{number}", CANARY_ENTRY, axis(1)) for number in range(MOST_CANARIES)]
    harness.gallery.add("g", "contract", rows)

    done = [harness.run(frame(sequence)) for sequence in range(1, 30)]

    assert {sighting.entry for one in done for sighting in one.sightings} == {"a"}
