"""What a worker has in memory, and when it forgets it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from lfr_core.domain.deployments import DeploymentStatus
from lfr_core.domain.frames import FrameKind
from tests.support.recognise_bench import Bench, walk

pytestmark = pytest.mark.models


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
