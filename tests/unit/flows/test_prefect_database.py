"""A new home's Prefect begins with the migrated database of the cache, and with nobody's flows."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from flows.prefect_database import is_migrated_and_empty, prepare_database


def migrated(file: Path, *, flows: int = 0) -> None:
    with closing(sqlite3.connect(file)) as connection, connection:
        connection.execute("CREATE TABLE alembic_version (version_num TEXT)")
        connection.execute("CREATE TABLE flow (name TEXT)")
        connection.execute("INSERT INTO alembic_version VALUES ('a3b9')")
        connection.executemany("INSERT INTO flow VALUES (?)", [("theirs",)] * flows)


class Migrations:
    def __init__(self, database: Path) -> None:
        self.database = database
        self.count = 0

    def __call__(self) -> None:
        self.count += 1
        migrated(self.database)


@pytest.fixture
def database(tmp_path: Path) -> Path:
    return tmp_path / "home" / "prefect.db"


@pytest.fixture
def kept(tmp_path: Path) -> Path:
    return tmp_path / "cache" / "prefect" / "migrated.db"


def test_the_first_home_migrates_and_the_next_one_copies(database: Path, kept: Path) -> None:
    migrations = Migrations(database)
    prepare_database(database, kept, migrations)
    other = database.with_name("other.db")
    prepare_database(other, kept, migrations)

    assert migrations.count == 1
    assert is_migrated_and_empty(other)
    assert [each.name for each in kept.parent.iterdir()] == [kept.name]


def test_a_home_goes_on_with_the_database_that_it_has(database: Path, kept: Path) -> None:
    database.parent.mkdir()
    migrated(database, flows=1)
    migrations = Migrations(database)
    prepare_database(database, kept, migrations)

    assert migrations.count == 0
    assert not kept.exists()


_TRIGGER = "CREATE TRIGGER t AFTER INSERT ON flow BEGIN UPDATE flow SET name = 'theirs'; END"
_VIEW = "CREATE VIEW deployment AS SELECT 'theirs' AS pull_steps"


@pytest.mark.parametrize("damage", ["somebody's flows", "no database", "cut off", _TRIGGER, _VIEW])
def test_what_holds_flows_or_is_no_database_is_copied_to_no_home(database: Path, kept: Path, damage: str) -> None:
    kept.parent.mkdir(parents=True)
    if damage == "somebody's flows":
        migrated(kept, flows=1)
    elif damage in {_TRIGGER, _VIEW}:
        migrated(kept)
        with closing(sqlite3.connect(kept)) as connection, connection:
            connection.execute(damage)
    else:
        kept.write_bytes(b"" if damage == "cut off" else b"no database " * 1_000)
    migrations = Migrations(database)
    prepare_database(database, kept, migrations)

    assert migrations.count == 1
    assert is_migrated_and_empty(database)
    assert is_migrated_and_empty(kept)


def test_a_cache_that_cannot_be_written_costs_time_and_no_more(database: Path, tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("a file")
    migrations = Migrations(database)
    prepare_database(database, tmp_path / "cache" / "prefect" / "migrated.db", migrations)

    assert migrations.count == 1
    assert is_migrated_and_empty(database)


@pytest.mark.parametrize("whose", ["open to others", "in a folder open to others", "another user's"])
def test_what_somebody_else_may_have_written_is_copied_to_no_home(
    database: Path, kept: Path, whose: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept.parent.mkdir(parents=True)
    migrated(kept)
    if whose == "another user's":
        monkeypatch.setattr("lfr_core.common.owned_file.os.getuid", lambda: kept.stat().st_uid + 1)
        monkeypatch.setattr("lfr_core.common.owned_file._ADMINISTRATOR", kept.stat().st_uid + 2)
    else:
        (kept if whose == "open to others" else kept.parent).chmod(0o777)
    migrations = Migrations(database)
    prepare_database(database, kept, migrations)

    assert migrations.count == 1
