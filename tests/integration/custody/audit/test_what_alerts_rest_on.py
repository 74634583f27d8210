"""What an alert rests on, pictures and sightings, is held against it; what was edited in it isn't noted anew."""

from __future__ import annotations

from pathlib import Path
from uuid import uuid4

import pytest
from sqlalchemy import Engine
from sqlmodel import Session, delete, select

from lfr_core.alerts.decisions import DecisionService
from lfr_core.alerts.pictures import MOST_SHOTS
from lfr_core.custody.people.sign_on import SignOns
from lfr_core.domain.alerts import Judgement
from lfr_core.storage.tables.alerts import AlertReferenceRow, AlertRow, AlertShotRow, SightingRow
from tests.support.edited_records import differences, put_on_trail
from tests.support.overwriting import overwriting
from tests.support.people import authenticated
from tests.support.planning import PlanningHarness
from tests.support.records import live_deployment, recorder_of, sighting
from tests.support.shown_pictures import seen
from tests.support.vaults import trail_of, vault_of


def test_an_alert_that_was_edited_is_found_after_its_next_sighting_and_after_an_answer_on_an_earlier_picture(
    engine: Engine, tmp_path: Path
) -> None:
    """The recorder, and whoever answers, note what an alert is now: not what somebody wrote into it past them."""
    live_deployment(engine)
    harness = PlanningHarness.on(engine, tmp_path)
    put_on_trail(engine, trail_of(engine))
    vault, olu = vault_of(engine), authenticated("Olu Operator")
    (alert,) = recorder_of(engine).record_sightings([sighting(0.0, vault=vault)]).opened
    shown = seen(engine, alert)
    recorder_of(engine).record_sightings([sighting(1.0, similarity=0.9, probe=b"better", vault=vault)])
    with overwriting(engine) as session:
        session.get_one(AlertRow, alert).threshold = 0.1

    recorder_of(engine).record_sightings([sighting(2.0, vault=vault)])
    after_a_sighting = differences(engine)
    SignOns(engine, trail_of(engine), harness.clock).sign_on("dep", olu)
    decisions = DecisionService(engine, trail_of(engine), harness.clock)
    decisions.judge(alert, Judgement.SAME, olu, shown=shown)

    expected = (f"alert/{alert} has another similarity, time or count than the recorder gave it",)
    assert (after_a_sighting, differences(engine)) == (expected, expected)


def test_an_answer_on_an_earlier_picture_differs_from_nothing(engine: Engine, tmp_path: Path) -> None:
    live_deployment(engine)
    harness = PlanningHarness.on(engine, tmp_path)
    put_on_trail(engine, trail_of(engine))
    vault, olu = vault_of(engine), authenticated("Olu Operator")
    (alert,) = recorder_of(engine).record_sightings([sighting(0.0, vault=vault)]).opened
    shown = seen(engine, alert)
    for n in range(2 * MOST_SHOTS):
        better = sighting(1.0 + n / 10, similarity=0.7 + n / 100, probe=b"%d" % n, vault=vault)
        recorder_of(engine).record_sightings([better])
        shown = seen(engine, alert) if n == MOST_SHOTS else shown
    SignOns(engine, trail_of(engine), harness.clock).sign_on("dep", olu)
    decisions = DecisionService(engine, trail_of(engine), harness.clock)
    before = seen(engine, alert)

    decisions.judge(alert, Judgement.SAME, olu, shown=shown)

    assert seen(engine, alert) == shown != before
    assert differences(engine) == ()


def exchange_pictures(session: Session) -> None:
    alert, shot = session.exec(select(AlertRow)).one(), session.exec(select(AlertShotRow)).first()
    assert shot is not None
    alert.probe_sealed, shot.probe_sealed = shot.probe_sealed, alert.probe_sealed


def add_sighting(session: Session) -> None:
    """A pass of a test subject would be recognised by it."""
    known = session.exec(select(SightingRow)).first()
    assert known is not None
    session.add(SightingRow(**{**known.model_dump(), "id": uuid4()}))


RESTING = {
    "pictures": (exchange_pictures, "other pictures"),
    "a picture of before gone": (lambda s: s.execute(delete(AlertShotRow)), "other pictures"),
    "a reference gone": (lambda s: s.execute(delete(AlertReferenceRow)), "other pictures"),
    "a sighting gone": (lambda s: s.delete(s.exec(select(SightingRow)).first()), "other sightings"),
    "a sighting that nobody recorded": (add_sighting, "other sightings"),
}


@pytest.mark.parametrize("what", RESTING)
def test_what_an_alert_rests_on_is_held_against_it(engine: Engine, what: str) -> None:
    live_deployment(engine)
    put_on_trail(engine, trail_of(engine))
    for n in range(2):
        better = sighting(1.0 + n, similarity=0.7 + n / 10, probe=b"%d" % n, vault=vault_of(engine))
        recorder_of(engine).record_sightings([better])
    edit, said = RESTING[what]
    assert differences(engine) == ()

    with overwriting(engine) as session:
        edit(session)

    (difference,) = differences(engine)
    assert said in difference
