"""The recognition service over real models, real photographs and an exact gallery."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import cache

import cv2
import numpy as np
import pytest

from lfr_core.common.errors import Fatal, Retryable
from lfr_core.custody.crops import sighting_probe
from lfr_core.custody.vault.port import KeyKind
from lfr_core.custody.vault.sealing import open_sealed
from lfr_core.domain.actors import SystemActor
from lfr_core.domain.deployments import DeploymentKind, DeploymentStatus, DeploymentView
from lfr_core.domain.frames import FrameHeader, FrameKind
from lfr_core.domain.messages import OutcomeBatch, Sighting
from lfr_core.domain.outcomes import FrameOutcome
from lfr_core.domain.policy import load_policy
from lfr_core.recognition.batch import RawFrame, Recognised
from lfr_core.recognition.faces.engine import PackEngine
from lfr_core.recognition.faces.types import Floats, Image
from lfr_core.recognition.gallery.exact import ExactGallery
from lfr_core.recognition.gallery.port import Candidate, Reference
from lfr_core.recognition.service import Recogniser
from tests.support.plain_frames import PLAIN, PlainFrames
from tests.support.samples import cpu, require_image, require_pack
from tests.support.vaults import MemoryVault

pytestmark = pytest.mark.models

POLICY = load_policy()
LOOK_NS = 160_000_000  # 6.25 looks a second
START_NS = 1_700_000_000 * 10**9


HUGE = cv2.imencode(".png", np.zeros((10_000, 10_000), np.uint8))[1].tobytes()  # 100 megapixels in 0.1 MB
NOTHING = bytes.fromhex("89504e470d0a1a0a0000000d49484452") + bytes(4) + bytes([0, 0, 0, 9, 8, 2, 0, 0, 0]) + bytes(20)
"""A PNG that says it is 0 x 9."""


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
    """The exact gallery, which can be away."""

    away = False

    def search(
        self, name: str, contract_id: str, probes: Floats, limit: int = 1, *, at_least: float = -1.0
    ) -> list[list[Candidate]]:
        if self.away:
            raise Retryable("the gallery is away")
        return super().search(name, contract_id, probes, limit, at_least=at_least)


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
        self.recogniser = Recogniser(
            engine=engine(),
            gallery=self.gallery,
            directory=self.directory,
            opener=self.frames_open,
            vault=self.vault,
            policy=POLICY,
            clock=self.time,
            keep_only=lambda names: self.kept.append(set(names)),
        )
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
        return self.recogniser.match(self.recogniser.look(frames))


def outcomes(batches: Sequence[OutcomeBatch]) -> list[FrameOutcome]:
    return [result.outcome for batch in batches for result in batch.results]


def test_somebody_too_fast_for_one_track_is_sighted_by_agreeing_shots_of_several() -> None:
    done = Bench().run(Bench().frames(walk("obama2", looks=2, step_px=600)))

    assert [result.tracks_started for batch in done.outcomes for result in batch.results] == [1, 1]
    assert {(s.entry, s.track) for s in done.sightings} == {("entry-obama", "s:0"), ("entry-obama", "s:1")}


def test_an_enrolled_person_is_sighted_by_at_least_two_agreeing_shots_of_one_track() -> None:
    done = Bench().run(Bench().frames(walk("obama2")))

    assert len(done.sightings) >= 2
    assert {(s.entry, s.track) for s in done.sightings} == {("entry-obama", "s:0")}
    assert all(s.similarity >= POLICY.alerts.threshold for s in done.sightings)
    assert set(outcomes(done.outcomes)) == {FrameOutcome.RECOGNISED}


def test_a_single_agreeing_shot_leaves_nothing() -> None:
    done = Bench().run(Bench().frames(walk("obama2", looks=1)))

    assert (done.sightings, done.outcomes[0].results[0].tracks_compared) == ([], 1)


def test_a_person_who_is_not_enrolled_leaves_no_sighting() -> None:
    done = Bench().run(Bench().frames(walk("biden")))

    assert (done.sightings, done.outcomes[0].results[0].faces) == ([], 1)


def test_a_sighting_shows_the_probe_to_a_person_who_has_its_key_and_to_nobody_else() -> None:
    bench = Bench()
    sighting = bench.run(bench.frames(walk("obama2"))).sightings[0]

    again = Sighting.decode(sighting.encode())
    key = bench.vault.open_kept(again.key_id, actor=SystemActor.RECORDER, purpose="record a sighting")
    jpeg = open_sealed(key.key, again.probe_sealed, sighting_probe("d", again.id))

    probe = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR)
    assert probe is not None
    assert len(engine().detect([probe])[0]) == 1
    assert b"\xff\xd8\xff" not in again.probe_sealed  # how a JPEG begins
    assert (key.info.kind, key.info.deployment) == (KeyKind.SIGHTINGS, "d")


def test_with_the_vault_away_no_probe_leaves_and_the_batch_asked_again_loses_no_vote() -> None:
    bench = Bench()
    looked = bench.recogniser.look(bench.frames(walk("obama2")))
    bench.vault.away = True
    for _ in range(2):
        with pytest.raises(Retryable):
            bench.recogniser.match(looked)
    bench.vault.away = False

    done = bench.recogniser.match(looked)

    expected = Bench().run(Bench().frames(walk("obama2")))
    assert [s.id for s in done.sightings] == [s.id for s in expected.sightings]
    assert sum(r.tracks_compared for b in done.outcomes for r in b.results) == 1


def test_a_person_who_is_not_enrolled_makes_no_key_in_the_vault() -> None:
    bench = Bench()

    bench.run(bench.frames(walk("biden")))

    assert bench.vault.made == {}


def test_the_same_frames_processed_by_another_worker_give_the_same_sighting_ids() -> None:
    first, second = (Bench().run(Bench().frames(walk("obama2"))) for _ in range(2))

    assert [s.id for s in first.sightings] == [s.id for s in second.sightings]


def test_a_frame_delivered_twice_is_not_compared_twice() -> None:
    bench = Bench()
    bench.run(bench.frames(walk("obama2")))

    again = bench.run(bench.frames(walk("obama2")))

    assert (again.sightings, outcomes(again.outcomes)) == ([], [FrameOutcome.RECOGNISED] * 8)


def test_a_frame_for_an_unknown_deployment_is_dead_lettered_and_counted() -> None:
    bench = Bench()

    done = bench.run([bench.frame(0, walk("biden")[0], deployment="another")])

    assert (outcomes(done.outcomes), len(done.dead)) == ([FrameOutcome.DEAD_LETTERED], 1)
    assert "another" in done.dead[0].reason


@pytest.mark.parametrize("status", [DeploymentStatus.ENDED, DeploymentStatus.READY, DeploymentStatus.DRAFT])
def test_nothing_is_opened_while_the_deployment_is_not_live(status: DeploymentStatus) -> None:
    bench = Bench()
    bench.directory.view = replace(bench.directory.view, status=status)

    done = bench.run(bench.frames(walk("obama2")))

    assert (set(outcomes(done.outcomes)), done.sightings) == ({FrameOutcome.DROPPED_CLOSED}, [])


def test_a_deployment_that_closes_between_looking_and_matching_gives_no_sighting() -> None:
    bench = Bench()
    looked = bench.recogniser.look(bench.frames(walk("obama2")))
    bench.directory.view = replace(bench.directory.view, status=DeploymentStatus.ENDED)

    done = bench.recogniser.match(looked)

    assert done.sightings == []
    assert FrameOutcome.DROPPED_CLOSED in outcomes(done.outcomes)


def test_a_live_frame_older_than_the_policy_is_dropped_and_counted() -> None:
    bench = Bench(live_only=True)
    bench.time.now_ns += int((POLICY.live.frame_max_age_s + 0.1) * 1e9)

    done = bench.run([bench.frame(0, walk("biden")[0])])

    assert outcomes(done.outcomes) == [FrameOutcome.DROPPED_STALE]


def test_a_frame_under_an_unknown_key_is_unopenable() -> None:
    bench = Bench()

    done = bench.run([bench.frame(0, walk("biden")[0], key_id="epoch-7")])

    assert outcomes(done.outcomes) == [FrameOutcome.UNOPENABLE]


@pytest.mark.parametrize("payload", [b"", b"not an image", b"\xff\xd8\xff\xe0 no more than a beginning", HUGE, NOTHING])
def test_a_payload_that_is_no_image_is_dead_lettered_without_its_bytes(payload: bytes) -> None:
    bench = Bench()

    done = bench.run([bench.frame(0, payload)])

    assert outcomes(done.outcomes) == [FrameOutcome.DEAD_LETTERED]
    assert set(done.dead[0].model_dump()) == {
        "schema_version", "topic", "partition", "offset", "camera", "error", "reason", "at_ns", "count",
    }  # fmt: skip


def test_a_truncated_jpeg_is_dead_lettered_and_the_frames_around_it_are_recognised() -> None:
    bench = Bench()
    jpegs = list(walk("obama2"))
    jpegs[3] = jpegs[3][: len(jpegs[3]) // 2]

    done = bench.run(bench.frames(jpegs))

    assert outcomes(done.outcomes).count(FrameOutcome.RECOGNISED) == 7
    assert outcomes(done.outcomes)[3] is FrameOutcome.DEAD_LETTERED
    assert done.sightings != []


def test_an_unknown_schema_version_is_dead_lettered_and_still_counted_on_its_camera() -> None:
    bench = Bench()

    done = bench.run([bench.frame(0, walk("biden")[0], schema_version=99)])

    assert (outcomes(done.outcomes), "99" in done.dead[0].reason) == ([FrameOutcome.DEAD_LETTERED], True)


def test_headers_that_cannot_be_read_are_dead_lettered() -> None:
    done = Bench().run([RawFrame({"schema": b"1"}, b"", "cam", "lfr.frames", 0, 5)])

    assert (done.outcomes, done.dead[0].offset) == ([], 5)


def test_with_the_gallery_away_there_is_no_sighting_and_the_batch_can_be_asked_again() -> None:
    bench = Bench()
    looked = bench.recogniser.look(bench.frames(walk("obama2")))
    bench.gallery.away = True
    with pytest.raises(Retryable):
        bench.recogniser.match(looked)
    bench.gallery.away = False

    assert len(bench.recogniser.match(looked).sightings) >= 2


def test_live_frames_that_grow_stale_while_the_gallery_is_away_are_dropped_without_a_sighting() -> None:
    bench = Bench(live_only=True)
    bench.time.now_ns = START_NS + LOOK_NS
    looked = bench.recogniser.look(bench.frames(walk("obama2", looks=2)))
    bench.gallery.away = True
    bench.time.now_ns += 5 * 10**9

    done = bench.recogniser.match(looked)

    assert done.sightings == []
    assert FrameOutcome.DROPPED_STALE in outcomes(done.outcomes)


def test_live_frames_that_grow_stale_while_the_records_are_away_are_dropped_without_a_sighting() -> None:
    bench = Bench(live_only=True)
    bench.time.now_ns = START_NS + LOOK_NS
    looked = bench.recogniser.look(bench.frames(walk("obama2", looks=2)))
    bench.directory.away = True
    with pytest.raises(Retryable):
        bench.recogniser.match(looked)
    bench.time.now_ns += 5 * 10**9

    done = bench.recogniser.match(looked)

    assert done.sightings == []
    assert FrameOutcome.DROPPED_STALE in outcomes(done.outcomes)


def test_a_camera_that_changes_its_resolution_in_mid_session_is_recognised_before_and_after() -> None:
    bench = Bench()
    jpegs = list(walk("obama2"))
    for place in range(4, 8):
        small = cv2.resize(cv2.imdecode(np.frombuffer(jpegs[place], np.uint8), cv2.IMREAD_COLOR), (960, 540))
        jpegs[place] = cv2.imencode(".jpg", small)[1].tobytes()

    done = bench.run(bench.frames(jpegs))

    assert (outcomes(done.outcomes), done.dead) == ([FrameOutcome.RECOGNISED] * 8, [])
    assert any(sighting.sequence < 4 for sighting in done.sightings)


def test_a_gallery_of_another_embedding_contract_stops_the_worker() -> None:
    bench = Bench()
    bench.directory.view = replace(bench.directory.view, contract_id="another")

    with pytest.raises(Fatal, match="contract"):
        bench.run(bench.frames(walk("biden", looks=1)))


def test_the_end_of_a_session_reports_the_cameras_own_counts_and_forgets_its_tracks() -> None:
    bench = Bench()
    bench.run(bench.frames(walk("obama2", looks=3)))

    done = bench.run([bench.frame(100, b"", kind=FrameKind.END, not_sampled=90, dropped=7)])

    assert [(b.captured, b.not_sampled, b.dropped, b.ended) for b in done.outcomes] == [(100, 90, 7, True)]


def test_the_end_of_a_session_in_the_same_batch_as_its_last_frames_breaks_no_track() -> None:
    bench = Bench()
    frames = bench.frames(walk("obama2"))

    done = bench.run([*frames, bench.frame(100, b"", kind=FrameKind.END)])

    assert {s.track for s in done.sightings} == {"s:0"}
    assert sum(result.tracks_started for batch in done.outcomes for result in batch.results) == 1


def test_a_recording_played_slower_than_it_was_taken_keeps_its_tracks() -> None:
    bench = Bench()
    started = []
    for frame in bench.frames(walk("obama2")):
        bench.time.now_ns += 20 * 10**9  # 20 s a look: after three of them capture times lie a minute back
        started.append(bench.run([frame]).outcomes[0].results[0].tracks_started)

    assert started == [1, 0, 0, 0, 0, 0, 0, 0]


def test_the_tracks_of_a_camera_that_fell_silent_are_forgotten() -> None:
    bench = Bench()
    frames = bench.frames(walk("obama2"))
    bench.run(frames[:1])
    bench.time.now_ns += 61 * 10**9
    bench.run([bench.frame(0, walk("biden")[0], camera="another")])

    done = bench.run(frames[1:2])

    assert (done.sightings, done.outcomes[0].results[0].tracks_started) == ([], 1)


@pytest.mark.parametrize("status", [DeploymentStatus.ENDED, DeploymentStatus.SUSPENDED])
def test_when_the_deployment_closes_every_track_is_forgotten_without_another_frame(status: DeploymentStatus) -> None:
    bench = Bench()
    bench.run(bench.frames(walk("obama2", looks=3)))
    held = len(bench.recogniser._cameras)  # what is forgotten can be seen nowhere else

    bench.directory.view = replace(bench.directory.view, status=status)
    leaves = bench.recogniser.leave_ended()

    assert (held, len(bench.recogniser._cameras)) == (1, 0)
    assert leaves is (status is DeploymentStatus.ENDED)


@pytest.mark.parametrize(
    ("change", "kept"),
    [
        ({}, {"gallery"}),
        ({"status": DeploymentStatus.ENDED}, set()),
        ({"status": DeploymentStatus.SUSPENDED}, set()),
        ({"gallery": "another"}, {"another"}),
        (None, set()),
    ],
    ids=["live", "ended", "suspended", "another list", "records away"],
)
def test_vectors_stay_in_memory_only_while_their_list_is_that_of_a_live_deployment(
    change: dict[str, object] | None, kept: set[str]
) -> None:
    bench = Bench()
    bench.run(bench.frames(walk("obama2", looks=1)))
    bench.directory.away = change is None
    bench.directory.view = replace(bench.directory.view, **(change or {}))  # type: ignore[arg-type]  # of a table

    bench.recogniser.leave_ended()

    assert bench.kept == [kept]


def test_with_the_records_away_no_worker_takes_its_deployment_for_ended() -> None:
    bench = Bench()
    bench.run(bench.frames(walk("obama2", looks=3)))
    bench.directory.away = True

    assert bench.recogniser.leave_ended() is False
