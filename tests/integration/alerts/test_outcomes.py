from __future__ import annotations

import pytest
from sqlalchemy import Engine

from lfr_core.alerts import frames as frames_module
from lfr_core.alerts import read
from lfr_core.alerts.recorder import Recorder
from lfr_core.common.errors import Poison
from lfr_core.domain.frames import PictureState
from lfr_core.domain.messages import DeadLetter, OutcomeBatch, StageTime
from lfr_core.domain.outcomes import FrameCounts, FrameOutcome
from tests.support.records import NOW_NS, ManualClock, live_deployment, outcomes, recorder_of


def recorder(engine: Engine) -> Recorder:
    return recorder_of(engine, ManualClock())


def frames(engine: Engine) -> FrameCounts:
    counts = read.counts(engine, "dep").frames
    assert counts.balanced
    return counts


def test_a_gap_is_explained_by_the_running_counts_and_the_rest_is_lost(engine: Engine) -> None:
    live_deployment(engine)

    recorder(engine).record_outcomes([outcomes((0, 0, 0), (10, 5, 2))])

    expected = FrameCounts(captured=11, not_sampled=5, dropped_at_camera=2, recognised=2, lost=2)
    assert frames(engine) == expected


def test_outcomes_delivered_twice_or_in_other_batches_change_nothing(engine: Engine) -> None:
    live_deployment(engine)
    first, second = outcomes((0, 0, 0), (4, 3, 0)), outcomes((4, 3, 0), (6, 4, 0))

    recorded = [recorder(engine).record_outcomes([batch]).frames for batch in (first, second, first, second)]

    assert recorded == [5, 2, 0, 0]
    assert frames(engine) == FrameCounts(captured=7, not_sampled=4, recognised=3)
    assert sum(s.captured for s in _camera(engine).recent) == 0  # nothing in the seconds before NOW_NS


def test_the_last_word_of_a_camera_records_what_follows_its_last_frame(engine: Engine) -> None:
    live_deployment(engine)

    recorder(engine).record_outcomes([outcomes((0, 0, 0))])
    recorder(engine).record_outcomes([outcomes(captured=20, not_sampled=12, dropped=3, ended=True)])

    assert frames(engine) == FrameCounts(captured=20, not_sampled=12, dropped_at_camera=3, recognised=1, lost=4)
    assert _camera(engine).standing.health is read.Health.ENDED


def test_sessions_of_a_camera_are_counted_apart_and_shown_together(engine: Engine) -> None:
    live_deployment(engine)

    recorder(engine).record_outcomes([outcomes((0, 0, 0)), outcomes((0, 0, 0), (1, 0, 0), session="s2")])

    assert frames(engine).recognised == 3
    assert (_camera(engine).sessions, _camera(engine).faces) == (2, 6)


def test_each_outcome_has_its_own_count(engine: Engine) -> None:
    live_deployment(engine)

    recorder(engine).record_outcomes([outcomes((i, 0, 0), outcome=outcome) for i, outcome in enumerate(FrameOutcome)])

    expected = FrameCounts(5, recognised=1, dropped_stale=1, dropped_closed=1, unopenable=1, dead_lettered=1)
    assert frames(engine) == expected


def test_outcomes_of_an_unknown_deployment_are_handed_back_and_the_rest_is_recorded(engine: Engine) -> None:
    live_deployment(engine)

    recorded = recorder(engine).record_outcomes([outcomes((0, 0, 0), deployment="nowhere"), outcomes((0, 0, 0))])

    ((batch, error),) = recorded.failures
    assert (batch.deployment, recorded.frames) == ("nowhere", 1)
    assert isinstance(error, Poison)


def test_latency_percentiles_are_within_the_histograms_resolution(engine: Engine) -> None:
    live_deployment(engine)
    batches = [outcomes((i, 0, 0), latency_ms=float(i + 1)) for i in range(400)]

    recorder(engine).record_outcomes(batches)

    latency = read.latency(engine, "dep")
    assert latency.p50_ms is not None
    assert latency.p95_ms is not None
    assert abs(latency.p50_ms - 200.0) < 200.0 * 0.023
    assert abs(latency.p95_ms - 380.0) < 380.0 * 0.023


def test_stage_times_add_up_and_a_redelivered_batch_adds_none(engine: Engine) -> None:
    live_deployment(engine)
    batch = OutcomeBatch.model_validate(
        outcomes((0, 0, 0)).model_dump() | {"stages": (StageTime(stage="decode", calls=2, total_ms=5.0),)}
    )

    recorder(engine).record_outcomes([batch])
    recorder(engine).record_outcomes([batch])

    (stage,) = read.stages(engine, "dep")
    assert (stage.stage, stage.calls, stage.mean_ms) == ("decode", 2, 2.5)


@pytest.mark.slow
def test_rates_are_of_the_last_whole_seconds_and_old_seconds_go(engine: Engine) -> None:
    live_deployment(engine)
    for second in range(200):
        recorder(engine).record_outcomes([outcomes((second, 0, 0), reported_ns=NOW_NS + second * 10**9)])

    camera = _camera(engine, NOW_NS + 200 * 10**9)

    assert (camera.frames_per_second, camera.looks_per_second, camera.standing.health) == (1.0, 1.0, read.Health.GOOD)
    assert [s.captured for s in camera.recent] == [1] * 60
    assert _camera(engine, NOW_NS + 210 * 10**9).standing.health is read.Health.SILENT


def test_a_camera_that_speaks_and_gives_no_frame_has_no_pictures_and_says_since_when(engine: Engine) -> None:
    live_deployment(engine)
    recorder(engine).record_outcomes([outcomes((0, 0, 0), reported_ns=NOW_NS)])
    for second in range(1, 76):
        recorder(engine).record_outcomes([outcomes(captured=1, reported_ns=NOW_NS + second * 10**9)])

    before, after = (_camera(engine, NOW_NS + seconds * 10**9).standing for seconds in (5, 75))

    assert before.health is read.Health.GOOD
    assert after == read.CameraState(read.Health.NO_PICTURES, NOW_NS)


def test_what_a_camera_says_of_its_pictures_is_its_state_until_it_says_otherwise(engine: Engine) -> None:
    live_deployment(engine)
    for second in range(9):
        picture = PictureState.STILL if second in {3, 4, 5} else PictureState.SOUND
        batch = outcomes((second, 0, 0), reported_ns=NOW_NS + second * 10**9)
        recorder(engine).record_outcomes([batch.model_copy(update={"picture": picture})])
        if second == 5:
            still = _camera(engine, NOW_NS + 5 * 10**9).standing
    late = outcomes((3, 0, 0), reported_ns=NOW_NS + 3 * 10**9).model_copy(update={"picture": PictureState.STILL})
    recorder(engine).record_outcomes([late])

    assert still == read.CameraState(read.Health.STILL, NOW_NS + 3 * 10**9)
    assert _camera(engine, NOW_NS + 9 * 10**9).standing.health is read.Health.GOOD


def test_frames_that_nobody_looks_at_are_not_recognising_and_looks_bring_it_back(engine: Engine) -> None:
    live_deployment(engine)
    recorder(engine).record_outcomes([outcomes((0, 0, 0), reported_ns=NOW_NS)])
    for second in range(1, 20):  # each frame dropped at the camera: it gets no key
        recorder(engine).record_outcomes(
            [outcomes(captured=1 + second, dropped=second, reported_ns=NOW_NS + second * 10**9)]
        )
    shut = _camera(engine, NOW_NS + 19 * 10**9).standing
    recorder(engine).record_outcomes([outcomes((20, 0, 19), reported_ns=NOW_NS + 20 * 10**9)])

    assert shut == read.CameraState(read.Health.NOT_RECOGNISING, NOW_NS)
    assert _camera(engine, NOW_NS + 20 * 10**9).standing.health is read.Health.GOOD


def test_names_made_up_without_end_are_refused_and_known_cameras_go_on(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(frames_module, "MOST_CAMERAS", 3)
    monkeypatch.setattr(frames_module, "MOST_SESSIONS", 2)
    live_deployment(engine)
    recorder(engine).record_outcomes([outcomes((0, 0, 0), camera=f"camera-{n}") for n in range(3)])

    more = [outcomes((0, 0, 0), camera="another"), outcomes((1, 0, 0), camera="camera-0")]
    more += [outcomes((0, 0, 0), camera="camera-1", session=f"s{n}") for n in (2, 3)]
    reported = recorder(engine).record_outcomes(more)

    assert [(batch.camera, batch.session) for batch, _ in reported.failures] == [("another", "s1"), ("camera-1", "s3")]
    assert len(read.cameras(engine, "dep", now_ns=NOW_NS)) == 3
    assert read.counts(engine, "dep").frames.balanced


def test_a_dead_letter_delivered_twice_is_kept_once_and_a_new_brokers_offset_is_another(engine: Engine) -> None:
    live_deployment(engine)
    letter = DeadLetter(topic="t", partition=0, offset=7, camera="north", error="Poison", reason="bad", at_ns=NOW_NS)

    for each in (letter, letter, letter.model_copy(update={"at_ns": NOW_NS + 86_400 * 10**9})):
        recorder(engine).record_dead_letters([each])

    assert len(read.dead_letters(engine)) == 2


def _camera(engine: Engine, now_ns: int = NOW_NS) -> read.CameraHealth:
    (camera,) = read.cameras(engine, "dep", now_ns=now_ns)
    return camera
