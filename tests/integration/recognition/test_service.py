"""The recognition service over real models, real photographs and an exact gallery."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from lfr_core.common.errors import Retryable
from lfr_core.custody.crops import sighting_probe
from lfr_core.custody.vault.port import KeyKind
from lfr_core.custody.vault.sealing import open_sealed
from lfr_core.domain.actors import SystemActor
from lfr_core.domain.messages import Sighting
from lfr_core.domain.outcomes import FrameOutcome
from tests.support.recognise_bench import LOOK_NS, POLICY, START_NS, Bench, engine, outcomes, walk

pytestmark = pytest.mark.models


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


def test_a_person_who_is_far_from_everybody_on_the_list_is_compared_less_often() -> None:
    def compared(nearest: float | None) -> int:
        bench, probes = Bench(), 0
        bench.gallery.leaves_out = True
        bench.nearest = None if nearest is None else np.array([nearest], np.float32)
        for frame in bench.frames(walk("biden", looks=10)):
            looked = bench.recogniser.detect([frame])
            probes += len(looked.probes)
            bench.recogniser.match(looked)
        return probes

    assert (compared(None), compared(0.4), compared(0.1)) == (4, 4, 2)


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
    looked = bench.recogniser.detect(bench.frames(walk("obama2")))
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


def test_with_the_gallery_away_there_is_no_sighting_and_the_batch_can_be_asked_again() -> None:
    bench = Bench()
    looked = bench.recogniser.detect(bench.frames(walk("obama2")))
    bench.gallery.away = True
    with pytest.raises(Retryable):
        bench.recogniser.match(looked)
    bench.gallery.away = False

    assert len(bench.recogniser.match(looked).sightings) >= 2


def test_live_frames_that_grow_stale_while_the_gallery_is_away_are_dropped_without_a_sighting() -> None:
    bench = Bench(live_only=True)
    bench.time.now_ns = START_NS + LOOK_NS
    looked = bench.recogniser.detect(bench.frames(walk("obama2", looks=2)))
    bench.gallery.away = True
    bench.time.now_ns += 5 * 10**9

    done = bench.recogniser.match(looked)

    assert done.sightings == []
    assert FrameOutcome.DROPPED_STALE in outcomes(done.outcomes)


def test_live_frames_that_grow_stale_while_the_records_are_away_are_dropped_without_a_sighting() -> None:
    bench = Bench(live_only=True)
    bench.time.now_ns = START_NS + LOOK_NS
    looked = bench.recogniser.detect(bench.frames(walk("obama2", looks=2)))
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
