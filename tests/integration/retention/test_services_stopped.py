"""With the database, Milvus or Kafka stopped, the purge goes on as far as each allows, and says what it can't reach."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from apps.operator.retention import trouble_html
from flows.retention import PURGE_TASKS
from flows.retention_lag import purge_trouble
from lfr_core.common.settings import Settings
from lfr_core.custody.vault.port import KeyKind
from lfr_core.recognition.gallery.checks import gallery_name
from lfr_core.recognition.gallery.milvus import milvus_gallery
from lfr_core.retention.exports import Exports
from lfr_core.retention.last_purge import Purger, read_ended, read_refused, write_ended
from lfr_core.retention.lock import lock_sweep
from lfr_core.retention.port import PurgeStep
from lfr_core.retention.steps.galleries import GalleriesStep
from lfr_core.storage.engine import open_engine
from lfr_core.storage.migrate import upgrade
from streams.broker.users import User
from streams.retention import EndedRecordsStep, TopicBoundStep
from streams.topics import topic_specs
from tests.support.alert_harness import POLICY
from tests.support.brokers import RunningBroker, new_kafka
from tests.support.databases import Postgres, new_postgres
from tests.support.milvus import MilvusServer, free_port
from tests.support.retention import RetentionHarness

NEEDS_NO_RECORDS = {"temporary", "exports"}


@pytest.fixture
def mortal_postgres() -> Iterator[Postgres]:
    yield from new_postgres()


@pytest.mark.postgresql
def test_with_the_database_stopped_keys_and_files_go_and_the_rest_is_named_and_follows(
    mortal_postgres: Postgres, tmp_path: Path
) -> None:
    url = mortal_postgres.new_database()
    upgrade(url)
    engine = open_engine(url)
    harness = RetentionHarness(engine, tmp_path)
    harness.inject()
    harness.end()
    harness.clock.advance(32 * 86_400)
    with lock_sweep(engine, tmp_path):  # a sweep in whose midst the server goes ends as one that ran
        mortal_postgres.stop()

    harness.vault.run_timers()  # the vault's own: no key that is due waits for the records
    reports = harness.sweep()

    assert harness.vault.kept(KeyKind.ALERT) == harness.vault.kept(KeyKind.FOOTAGE) == ()
    assert list((tmp_path / "exports").iterdir()) == list((tmp_path / "tmp").iterdir()) == []
    assert len(reports) == len(harness.steps())
    assert all("is away" in report.error for report in reports.values())
    told = purge_trouble(tmp_path)
    for title in ("Alerts' crops", "Watchlists of ended", "Footage"):
        assert title in told
    mortal_postgres.start()
    assert {name for name, there in harness.there().items() if not there} >= NEEDS_NO_RECORDS
    reports = harness.sweep()
    assert [report.error for report in reports.values() if report.error] == []
    assert not any(harness.there().values())
    assert purge_trouble(tmp_path) == ""
    engine.dispose()


@pytest.mark.slow
def test_with_milvus_stopped_all_else_goes_and_the_collections_follow(full: RetentionHarness, tmp_path: Path) -> None:
    settings = Settings(home=tmp_path, milvus_port=free_port())
    server = MilvusServer(tmp_path / "real-milvus", settings.milvus_port).start()
    try:
        with closing(milvus_gallery(settings)) as gallery:
            gallery.create(gallery_name("dep"), "contract")
            step = GalleriesStep(full.engine, gallery, alone=True)
            server.stop()

            reports = full.sweep(instead=[step])

            assert [name for name, report in reports.items() if report.error] == ["galleries"]
            assert {name for name, there in full.there().items() if there} == {"galleries"}
            assert full.status()["galleries"].why
            assert "Lists of ended deployments in the search" in purge_trouble(tmp_path)
            server.start()
            report = full.sweep(instead=[step])["galleries"]
            assert (report.error, gallery.names(), purge_trouble(tmp_path)) == ("", [], "")
    finally:
        server.ensure_started().stop()


@pytest.mark.kafka
@pytest.mark.slow
def test_with_kafka_stopped_all_else_goes_and_its_records_follow(
    harness: RetentionHarness, kafka_libs: Path, tmp_path: Path
) -> None:
    broker = new_kafka(tmp_path / "own", kafka_libs)
    broker.start()
    try:
        settings = broker.fresh_topics(tmp_path)
        harness.clock.advance((time.time_ns() - harness.clock.time_ns()) / 1e9)
        harness.inject()
        harness.end()
        harness.clock.advance(32 * 86_400)
        harness.more = _broker_steps(harness, broker, settings)
        broker.stop()

        reports = harness.sweep()

        assert {name for name, report in reports.items() if report.error} >= {"topics"}
        assert {name for name, report in reports.items() if report.error} <= {"topics", "broker"}
        assert not any(harness.there().values())
        assert "Records in the broker past their time" in purge_trouble(tmp_path)
        broker.start()
        deadline = time.monotonic() + 60
        while any(report.error for report in harness.sweep().values()):  # it finds its coordinator again
            assert time.monotonic() < deadline, purge_trouble(tmp_path)
            time.sleep(1)
        assert purge_trouble(tmp_path) == ""
    finally:
        broker.stop()


def _broker_steps(harness: RetentionHarness, broker: RunningBroker, settings: Settings) -> list[PurgeStep]:
    connection = broker.connection(User.RETENTION)
    return [
        EndedRecordsStep(harness.engine, connection, broker.traits),
        TopicBoundStep(connection, broker.traits, topic_specs(settings, POLICY)),
    ]


@pytest.mark.slow
def test_with_nothing_running_at_all_the_commands_purge_what_they_can_and_say_what_not(tmp_path: Path) -> None:
    home = tmp_path / "home"
    url = f"postgresql+psycopg://openlfr@127.0.0.1:{free_port()}/records"
    settings = Settings(home=home, kafka_port=free_port(), milvus_port=free_port(), broker="kafka", database_url=url)
    exports = Exports(home, keep_h=1)
    with exports.make("seen", now_ns=time.time_ns() - 2 * 3_600 * 10**9):
        pass
    (exports.folder / ".20990101T000000Z-killed.0").mkdir()
    assert len(list(exports.folder.iterdir())) == 2

    done = _lfr(settings, "retention", "run", "--json")
    status = _lfr(settings, "retention", "status", "--json")
    system = _lfr(settings, "status")

    assert (done.returncode, list(exports.folder.iterdir())) == (75, [])
    assert {report["step"] for report in json.loads(done.stdout)} == set(PURGE_TASKS)
    told = json.loads(status.stdout)
    assert (status.returncode, told["alarm"], told["classes"]) == (75, True, [])
    assert "is away" in status.stderr
    assert told["last_purge"]["not_reached"].keys() >= {"alerts", "lists", "footage"}
    assert "deletion: the last purge couldn't reach all: " in system.stderr
    assert "Footage" in trouble_html(purge_trouble(home))


def _lfr(settings: Settings, *words: str) -> subprocess.CompletedProcess[str]:
    from apps.supervisor.plan import settings_env

    temporary = settings.home / "temporary"
    temporary.mkdir(parents=True, exist_ok=True)
    env = os.environ | settings_env(settings) | {"TMPDIR": str(temporary), "COLUMNS": "1000"}
    return subprocess.run(
        [sys.executable, "-m", "apps.cli", *words], env=env, capture_output=True, text=True, timeout=200, check=False
    )


def test_why_a_purge_was_not_begun_is_told_until_one_has_ended(tmp_path: Path) -> None:
    from lfr_core.retention.last_purge import write_refused

    write_ended(tmp_path, Purger.FLOW, 10**18, {"galleries": "Milvus is away <b>"})
    write_refused(tmp_path, Purger.SUPERVISOR, 2 * 10**18, "the wall clock jumped")

    told = purge_trouble(tmp_path)
    assert "the supervisor tried): the wall clock jumped" in told
    assert "Lists of ended deployments in the search: Milvus is away" in told
    assert "<b>" not in trouble_html(told)
    write_ended(tmp_path, Purger.FLOW, 3 * 10**18)

    assert (purge_trouble(tmp_path), trouble_html(""), read_refused(tmp_path)) == ("", "", None)
    ended = read_ended(tmp_path)
    assert ended is not None
    assert ended.not_reached == {}


def retention_of_the_page() -> None:
    """As the page draws it."""
    from apps.operator.page import _console, _view
    from apps.staff.process import pages_installation

    _view.clear()
    pages_installation.cache_clear()
    _console(None)  # type: ignore[arg-type]  # nobody is asked for while the records are away


def test_the_operator_s_page_says_what_was_not_reached_while_the_records_are_away(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LFR_HOME", str(tmp_path))
    monkeypatch.setenv("LFR_DATABASE_URL", f"postgresql+psycopg://openlfr@127.0.0.1:{free_port()}/records")
    write_ended(tmp_path, Purger.COMMAND, time.time_ns(), {"footage": "the database is away"})

    app = AppTest.from_function(retention_of_the_page, default_timeout=30).run()

    assert not app.exception
    assert "Footage: the database is away" in " ".join(each.proto.body for each in app.get("html"))
    assert "Nothing is shown" in app.error[0].value
