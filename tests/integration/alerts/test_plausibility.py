"""What can't be true of a planned deployment isn't recorded, whoever signed it; trials play recordings."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import Engine
from sqlmodel import Session, select

from lfr_core.alerts import read
from lfr_core.alerts.plausibility import MOST_FACES, MOST_FRAMES_PER_S, Implausible
from lfr_core.alerts.recorder import Recorder
from lfr_core.common.clock import utc_from_ns
from lfr_core.domain.messages import DeadLetter
from lfr_core.domain.outcomes import FrameOutcome
from lfr_core.storage.engine import reading
from lfr_core.storage.tables.deployments import CallRow, DeploymentRow
from tests.support.overwriting import overwriting
from tests.support.records import NOW_NS, ManualClock, alerts_of, live_deployment, outcomes, recorder_of, sighting

HOUR_S = 3_600


def planned(engine: Engine) -> Recorder:
    live_deployment(engine)
    with overwriting(engine) as session:
        _plan(session)
    return recorder_of(engine, ManualClock(NOW_NS + 5))


def _plan(session: Session) -> None:
    row = session.get(DeploymentRow, "dep")
    assert row is not None
    row.planned, row.cameras, row.opened_at = True, "north\nsouth", utc_from_ns(NOW_NS) - timedelta(hours=1)
    session.add(row)


def test_a_camera_that_the_authority_does_not_name_has_no_alert_and_no_count(engine: Engine) -> None:
    recorder = planned(engine)

    ((_, why),) = recorder.record_sightings([sighting(0.0, camera="stranger"), sighting(0.0)]).failures
    recorded = recorder.record_outcomes([outcomes((0, 0, 0), camera="stranger"), outcomes((0, 0, 0))])

    assert "isn't in the authority" in str(why)
    assert ["isn't in the authority" in str(fault) for _, fault in recorded.failures] == [True]
    assert (recorded.frames, {alert.camera for alert in alerts_of(engine, "dep")}) == (1, {"north"})


def test_nothing_of_the_future_is_recorded(engine: Engine) -> None:
    recorder = planned(engine)

    ((late, why),) = recorder.record_sightings([sighting(60.0), sighting(20.0)]).failures
    recorded = recorder.record_outcomes([outcomes((0, 0, 0), reported_ns=NOW_NS + 60 * 10**9)])

    assert late.id == sighting(60.0).id
    assert "in the future" in str(why)
    assert recorded.frames == 0


def test_nobody_was_seen_before_the_deployment_was_opened(engine: Engine) -> None:
    recorder = planned(engine)

    early_one, later = (sighting(-HOUR_S - seconds, sequence=1) for seconds in (31.0, 29.0))
    recorded = recorder.record_sightings([early_one.model_copy(update={"id": UUID(int=1)}), later])

    ((early, why),) = recorded.failures
    assert early.id == UUID(int=1)
    assert "before deployment 'dep' was opened" in str(why)
    assert len(recorded.opened) == 1  # clocks may differ by half a minute


@pytest.mark.parametrize("last", [10**12, MOST_FRAMES_PER_S * 2 * HOUR_S + 1_000])
def test_more_frames_than_there_was_time_for_count_nothing(engine: Engine, last: int) -> None:
    recorder = planned(engine)

    recorded = recorder.record_outcomes(
        [outcomes((last, 0, 0)), outcomes(captured=last, ended=True), outcomes((9_000, 0, 0))]
    )

    assert len(recorded.failures) == 2
    assert read.counts(engine, "dep").frames.captured == 9_001


def test_more_faces_than_a_frame_can_show_count_nothing(engine: Engine) -> None:
    recorder = planned(engine)
    batch = outcomes((0, 0, 0), outcome=FrameOutcome.RECOGNISED)
    (one,) = batch.results

    for name in ("faces", "tracks_started", "tracks_compared"):
        invented = batch.model_copy(update={"results": (one.model_copy(update={name: MOST_FACES + 1}),)})
        assert len(recorder.record_outcomes([invented]).failures) == 1


def test_240_frames_of_1000_invented_faces_count_nothing_and_are_raised(engine: Engine) -> None:
    recorder = planned(engine)
    assert recorder.record_outcomes([outcomes((0, 0, 0), outcome=FrameOutcome.RECOGNISED)]).failures == ()
    batch = outcomes(*((sequence, 0, 0) for sequence in range(1, 241)), outcome=FrameOutcome.RECOGNISED)
    faces = {"faces": MOST_FACES, "tracks_started": MOST_FACES, "tracks_compared": MOST_FACES}
    invented = batch.model_copy(update={"results": tuple(one.model_copy(update=faces) for one in batch.results)})

    ((_, why),) = recorder.record_outcomes([invented]).failures

    assert isinstance(why, Implausible)
    assert "240,000 faces" in str(why)
    assert read.counts(engine, "dep").frames.captured == 1
    letter = DeadLetter(
        topic="outcomes",
        partition=0,
        offset=7,
        camera="dep/north",
        error=type(why).__name__,
        reason=str(why),
        at_ns=NOW_NS,
    )
    recorder.record_dead_letters([letter])
    with reading(engine) as session:
        assert any("Counts that can't be true" in row.why for row in session.exec(select(CallRow)))


def test_faces_are_bounded_by_the_time_over_all_batches_and_frames_over_all_sessions_of_a_camera(
    engine: Engine,
) -> None:
    recorder = planned(engine)
    each = {"tracks_started": MOST_FACES, "tracks_compared": MOST_FACES}
    failed: list[object] = []
    for sequence in range(3):
        batch = outcomes((sequence, 0, 0), outcome=FrameOutcome.RECOGNISED)
        results = tuple(one.model_copy(update=each) for one in batch.results)
        failed += recorder.record_outcomes([batch.model_copy(update={"results": results})]).failures
    last = MOST_FRAMES_PER_S * HOUR_S
    more = [outcomes((last, 0, 0), session=f"s{number}") for number in range(3)]

    assert len(failed) == 2
    assert len(recorder.record_outcomes(more).failures) == 2


def test_a_trial_plays_recordings_with_times_and_frames_of_their_own(engine: Engine) -> None:
    live_deployment(engine)
    recorder = recorder_of(engine, ManualClock(NOW_NS))

    assert recorder.record_sightings([sighting(600.0, camera="anywhere")]).failures == ()
    assert recorder.record_outcomes([outcomes((10**7, 0, 0), camera="anywhere")]).failures == ()
