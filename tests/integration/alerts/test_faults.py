"""The database away, busy, full, or not made yet."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
import traceback
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine, event, inspect
from sqlmodel import text

from lfr_core.alerts import read
from lfr_core.alerts.recorder import Recorder
from lfr_core.common.errors import Fatal, Retryable
from lfr_core.storage.engine import open_engine, reading, writing
from lfr_core.storage.migrate import check, upgrade
from lfr_core.storage.tables.row import Row
from tests.support.databases import Postgres, forkserver, new_postgres, new_sqlite
from tests.support.records import ManualClock, alerts_of, live_deployment, outcomes, recorder_of, sighting, store_of


def recorder(engine: Engine) -> Recorder:
    return recorder_of(engine, ManualClock())


@pytest.fixture
def mortal_postgres() -> Iterator[Postgres]:
    """A server of this test's own, to kill."""
    yield from new_postgres()


@pytest.mark.postgresql
@pytest.mark.slow
def test_a_postgresql_killed_in_mid_run_is_retryable_and_works_again(mortal_postgres: Postgres) -> None:
    url = mortal_postgres.new_database()
    upgrade(url)
    engine = open_engine(url)
    store = live_deployment(engine)
    writer = recorder(engine)
    writer.record_sightings([sighting(0.0)])

    mortal_postgres.stop("immediate")
    for call in (
        lambda: writer.record_sightings([sighting(1.0)]),
        lambda: writer.record_outcomes([outcomes((0, 0, 0))]),
        lambda: store.find("dep"),
        lambda: alerts_of(engine, "dep"),
        lambda: upgrade(url),
        lambda: check(url),
    ):
        with pytest.raises(Retryable, match="is away"):
            call()
    mortal_postgres.start()
    writer.record_sightings([sighting(1.0)])
    writer.record_outcomes([outcomes((0, 0, 0))])

    assert [a.sightings for a in alerts_of(engine, "dep")] == [2]
    assert read.counts(engine, "dep").frames.recognised == 1
    engine.dispose()


def test_a_sqlite_held_by_another_is_retryable_and_works_again(sqlite_url: str, tmp_path: Path) -> None:
    engine = open_engine(sqlite_url, busy_timeout_ms=100)
    live_deployment(engine)
    holder = sqlite3.connect(tmp_path / "records.sqlite3", isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")

    with pytest.raises(Retryable, match="busy"):
        recorder(engine).record_sightings([sighting(0.0)])
    assert alerts_of(engine, "dep") == ()  # readers go on
    holder.execute("ROLLBACK")
    holder.close()
    recorder(engine).record_sightings([sighting(0.0)])

    assert len(alerts_of(engine, "dep")) == 1
    engine.dispose()


def test_a_full_disk_is_retryable_and_leaves_nothing_half_written(sqlite_url: str) -> None:
    engine = open_engine(sqlite_url)
    live_deployment(engine)
    engine.dispose()
    full = open_engine(sqlite_url)

    @event.listens_for(full, "connect")
    def no_room(connection: sqlite3.Connection, _entry: object) -> None:
        pages = connection.execute("PRAGMA page_count").fetchone()[0]
        connection.execute(f"PRAGMA max_page_count={pages + 2}")

    with pytest.raises(Retryable, match="disk is full"):
        recorder(full).record_sightings([sighting(0.0), sighting(1.0, similarity=0.9, probe=b"x" * 100_000)])
    assert alerts_of(full, "dep") == ()
    full.dispose()
    engine = open_engine(sqlite_url)
    recorder(engine).record_sightings([sighting(0.0)])

    assert len(alerts_of(engine, "dep")) == 1
    engine.dispose()


def test_a_database_without_tables_says_how_to_make_them(tmp_path: Path) -> None:
    engine = open_engine(f"sqlite:///{tmp_path / 'empty.sqlite3'}")

    with pytest.raises(Fatal, match="lfr up"):
        store_of(engine).find("dep")
    engine.dispose()


def test_a_file_that_is_no_database_is_fatal(tmp_path: Path) -> None:
    (tmp_path / "records.sqlite3").write_bytes(b"this is no database at all" * 100)

    with pytest.raises(Fatal, match="damaged"):
        check(f"sqlite:///{tmp_path / 'records.sqlite3'}")


@pytest.mark.parametrize("url", ["nonsense", "mysql://x/y", "sqlite://", "sqlite:///:memory:"])
def test_a_url_that_cannot_hold_records_is_fatal(url: str) -> None:
    with pytest.raises(Fatal):
        open_engine(url)


def test_a_folder_that_cannot_be_made_is_retryable_with_advice(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")

    with pytest.raises(Retryable, match="can't be written"):
        open_engine(f"sqlite:///{tmp_path / 'file' / 'records.sqlite3'}")


def test_a_password_never_stands_in_an_error() -> None:
    engine = open_engine("postgresql://user:SECRET-9c1f@127.0.0.1:1/db")

    with pytest.raises(Retryable) as caught:
        store_of(engine).find("dep")
    assert "SECRET" not in str(caught.value)


def test_a_failing_statement_never_shows_a_crop(engine: Engine) -> None:
    with pytest.raises(Fatal) as caught, writing(engine) as session:
        session.execute(text("INSERT INTO alert_reference (id) VALUES (:crop)"), {"crop": "a crop's bytes"})

    assert "a crop's bytes" not in "".join(traceback.format_exception(caught.value))


def test_a_sqlite_file_is_its_owners_alone(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'records.sqlite3'}"
    upgrade(url)
    engine = open_engine(url)
    live_deployment(engine)

    assert {oct(f.stat().st_mode & 0o777) for f in tmp_path.iterdir()} == {"0o600"}
    engine.dispose()


def test_the_migrations_make_exactly_the_tables_of_the_code(engine: Engine) -> None:
    from alembic.autogenerate import compare_metadata
    from alembic.runtime.migration import MigrationContext

    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        differences = compare_metadata(context, Row.metadata)
        tables = set(inspect(connection).get_table_names())

    assert differences == []
    assert "sighting" in tables


def test_a_database_of_a_newer_version_is_refused(database_url: str) -> None:
    engine = open_engine(database_url)
    with writing(engine) as session:
        session.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    engine.dispose()

    assert not check(database_url)
    with pytest.raises(Fatal, match="newer"):
        upgrade(database_url)


@pytest.mark.parametrize("kind", ["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)])
def test_four_processes_may_make_the_tables_at_once(kind: str, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    url = f"sqlite:///{tmp_path / 'new.sqlite3'}"
    if kind == "postgresql":
        url = request.getfixturevalue("postgres").new_database()
    context = forkserver()
    workers = [context.Process(target=upgrade, args=(url,)) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(timeout=60)

    assert [worker.exitcode for worker in workers] == [0] * 4
    assert check(url)


def test_a_second_engine_of_a_process_takes_no_lock_from_the_first(tmp_path: Path) -> None:
    """Else another process, thinking it was alone, removes the log that the first still writes to."""
    url = new_sqlite(tmp_path / "records.sqlite3")
    first = open_engine(url)
    with reading(first) as session:
        session.execute(text("SELECT count(*) FROM deployment"))
    second = open_engine(url)
    other = "import sqlite3, sys; c = sqlite3.connect(sys.argv[1]); c.execute('SELECT 1 FROM deployment'); c.close()"
    subprocess.run([sys.executable, "-c", other, str(tmp_path / "records.sqlite3")], check=True, timeout=60)
    with writing(first) as session:
        session.execute(text("PRAGMA user_version = 7"))
    look = "import sqlite3, sys; print(sqlite3.connect(sys.argv[1]).execute('PRAGMA user_version').fetchone()[0])"
    seen = subprocess.run(
        [sys.executable, "-c", look, str(tmp_path / "records.sqlite3")],
        check=True, timeout=60, capture_output=True, text=True,
    )  # fmt: skip

    assert seen.stdout.strip() == "7"
    first.dispose()
    second.dispose()
