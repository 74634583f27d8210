"""A database from before alerts were sealed: brought up to date without a clear crop in it."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from sqlmodel import text

from lfr_core.alerts import read
from lfr_core.alerts.decisions import DecisionService
from lfr_core.domain.alerts import Engagement, EngagementOutcome, Judgement
from lfr_core.storage.engine import erase_freed_pages, open_engine
from lfr_core.storage.migrate import _config, upgrade
from tests.support.audit import audit_trail
from tests.support.people import add_operators, authenticated, put_accounts
from tests.support.records import ManualClock, alerts_of, live_deployment, recorder_of, sighting
from tests.support.shown_pictures import seen

CLEAR = b"a face in the clear" * 50


def test_clear_crops_of_before_are_destroyed_and_the_figures_stay(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'records.sqlite3'}"
    engine = open_engine(url)
    with engine.execution_options(openlfr_writes=True).begin() as connection:
        command.upgrade(_config(connection), "0003")
    with engine.execution_options(openlfr_writes=True).begin() as connection:
        connection.execute(
            text(
                "INSERT INTO deployment (id, name, kind, status, contract_id, threshold, agreeing_shots, live_only, "
                "watchlist_size, blue_list_size, created_at) VALUES "
                "('dep', 'dep', 'demo', 'live', 'c', 0.45, 2, 1, 1, 0, '2026-11-23 12:00:00')"
            )
        )
        connection.execute(
            text(
                "INSERT INTO alert (id, deployment, camera, entry, subject, category, legal_reference, opened_ns, "
                "first_ns, last_ns, first_session, first_sequence, last_session, last_sequence, similarity, threshold, "
                "sightings, probe_jpeg) VALUES (:id, 'dep', 'c', 'e', 's', 'victim', '', 1, 1, 1, 's', 1, 's', 1, 0.7, "
                "0.45, 1, :crop)"
            ),
            {"id": "0" * 31 + "1", "crop": CLEAR},
        )
        connection.execute(
            text("INSERT INTO alert_reference VALUES (:id, 'r', 'p', :crop)"), {"id": "0" * 31 + "1", "crop": CLEAR}
        )
    there = [f.name for f in tmp_path.iterdir() if CLEAR[:19] in f.read_bytes()]

    upgrade(url)
    erase_freed_pages(engine)

    left = [f.name for f in tmp_path.iterdir() if CLEAR[:19] in f.read_bytes()]
    assert there
    assert left == []
    assert read.counts(engine, "dep").alerts.total == 1
    with engine.connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM alert_reference")).scalar_one() == 0
    engine.dispose()


def test_answers_of_before_the_history_are_in_it_and_can_be_corrected_and_undone(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'records.sqlite3'}"
    upgrade(url)
    engine = open_engine(url)
    clock = ManualClock()
    live_deployment(engine)
    (alert,) = recorder_of(engine, clock).record_sightings([sighting(0.0)]).opened
    add_operators(engine, "Ann", "Bob", clock=clock)
    decisions = DecisionService(engine, audit_trail(clock), clock)
    decisions.judge(alert, Judgement.SAME, authenticated("Ann"), shown=seen(engine, alert))
    decisions.engage(alert, Engagement.ENGAGED, authenticated("Ann"))
    decisions.record_outcome(alert, EngagementOutcome.ARREST, authenticated("Ann"), minutes=12.0)
    before = alerts_of(engine, "dep")
    with engine.execution_options(openlfr_writes=True).begin() as connection:
        command.downgrade(_config(connection), "0017")

    upgrade(url)
    put_accounts(engine)  # there were none then
    clock.advance(60.0)
    decisions.record_outcome(alert, EngagementOutcome.NO_ACTION, authenticated("Bob"), minutes=1.0, correct=True)
    decisions.undo(alert, EngagementOutcome.NO_ACTION, authenticated("Bob"))

    assert alerts_of(engine, "dep") == before
    engine.dispose()
