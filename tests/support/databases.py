"""Real databases for tests: SQLite in a folder, and a PostgreSQL server of the tests' own.

The server is started from Debian's /usr/lib/postgresql as the `postgres` user (initdb refuses root) on a
loopback port. Import the fixtures in a conftest.py:
`from tests.support.databases import database_url, postgres, sqlite_url`.
"""

from __future__ import annotations

import multiprocessing
import os
import shutil
import socket
import sqlite3
import subprocess
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import closing
from functools import cache
from multiprocessing.context import ForkServerContext
from pathlib import Path

import psycopg
import pytest

from lfr_core.storage.migrate import upgrade

__all__ = [
    "Postgres",
    "database_url",
    "forkserver",
    "make_records",
    "new_postgres",
    "new_sqlite",
    "postgres",
    "postgres_binaries",
    "sqlite_url",
]


def forkserver(*modules: str) -> ForkServerContext:
    """Processes that start in milliseconds, with the records (and `modules`) imported once for all."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["lfr_core.storage.migrate", "lfr_core.alerts.recorder", *modules])
    return context


def postgres_binaries() -> Path | None:
    """The newest installed server's bin folder, or None."""
    found = [path.parent for path in Path("/usr/lib/postgresql").glob("*/bin/initdb")]
    on_path = shutil.which("initdb")
    if on_path is not None:
        found.append(Path(on_path).resolve().parent)
    return max(found, default=None, key=lambda path: path.parent.name.zfill(4))


_TABLES = """
    SELECT relname, attname, atttypid, attnotnull, version_num, (SELECT count(*) FROM pg_constraint),
        (SELECT count(*) FROM pg_index), (SELECT count(*) FROM pg_trigger) FROM alembic_version, pg_class
    JOIN pg_attribute ON attrelid = pg_class.oid AND attnum > 0
    WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace ORDER BY relname, attnum
"""
"""Every column of every table, how many rules stand over them, and which migration made them."""


class Postgres:
    """A server that a test may stop, kill and start again on the same folder and port."""

    def __init__(self, binaries: Path, folder: Path) -> None:
        self._bin = binaries
        self._folder = folder
        self._data = folder / "data"
        self._migrated = ""
        self._emptied: list[str] = []
        self._certificate = ""
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = int(probe.getsockname()[1])

    def create(self) -> None:
        if os.getuid() == 0:
            shutil.chown(self._folder, "postgres", "postgres")
        self._run("initdb", "-D", str(self._data), "-U", "openlfr", "-A", "trust", "-E", "UTF8", "--no-sync")

    def start(self) -> None:
        options = self._certificate + (
            f"-p {self.port} -c listen_addresses=127.0.0.1 -k {self._folder} "
            "-c fsync=off -c max_connections=100 -c shared_buffers=32MB"
        )
        self._run("pg_ctl", "-D", str(self._data), "-o", options, "-l", str(self._folder / "log"), "-w", "start")

    def show_certificate(self, pem: Path) -> None:
        """Take TLS from the next start on, with certificate and key of this file."""
        file = self._folder / "server.pem"
        file.write_bytes(pem.read_bytes())
        file.chmod(0o600)
        if os.getuid() == 0:
            shutil.chown(file, "postgres", "postgres")
        self._certificate = f"-c ssl=on -c ssl_cert_file={file} -c ssl_key_file={file} "

    def stop(self, how: str = "immediate") -> None:
        """`fast` breaks connections; `immediate` is a crash: every server process gone at once."""
        self._run("pg_ctl", "-D", str(self._data), "-m", how, "-w", "stop")

    def new_database(self, template: str = "template1") -> str:
        """The URL of a fresh database: an empty one, or a copy of `template`."""
        name = f"t{uuid.uuid4().hex}"
        with self._open("/postgres") as connection:
            connection.execute(f"CREATE DATABASE {name} TEMPLATE {template}")
        return f"postgresql+psycopg://openlfr@127.0.0.1:{self.port}/{name}"

    def borrow_migrated_database(self) -> Iterator[str]:
        """The URL of a database with all tables, empty: one that a test gave back, or a copy of one migrated once.

        After its use it is emptied for the next, if its tables are still those that were lent: a copy takes 0.3 s, and
        as long again to delete.
        """
        if not self._migrated:
            self._migrated = self.new_database()
            upgrade(self._migrated)
        url = self._emptied.pop() if self._emptied else self.new_database(self._migrated.rsplit("/", 1)[1])
        yield url
        if self._is_emptied(url):
            self._emptied.append(url)

    def _is_emptied(self, url: str) -> bool:
        """Delete every row; False where the test changed tables, or they can't be had for themselves."""
        with self._open(self._migrated) as connection:
            wanted = connection.execute(_TABLES).fetchall()
        with self._open(url) as connection:
            connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
            try:
                are_same = connection.execute(_TABLES).fetchall() == wanted
            except psycopg.errors.UndefinedTable:
                are_same = False
            if not are_same:
                return False
            tables = ", ".join(sorted({str(name) for name, *_ in wanted} - {"alembic_version"}))
            connection.execute(f"TRUNCATE {tables} RESTART IDENTITY CASCADE")
        return True

    def _open(self, url: str) -> psycopg.Connection[tuple[object, ...]]:
        return psycopg.connect(
            host="127.0.0.1", port=self.port, user="openlfr", dbname=url.rsplit("/", 1)[1], autocommit=True
        )

    def _run(self, program: str, *arguments: str) -> None:
        user = "postgres" if os.getuid() == 0 else None
        command = [str(self._bin / program), *arguments]
        done = subprocess.run(
            command,
            cwd="/",
            user=user,
            group=user,
            extra_groups=[] if user else None,
            # To a file: a started server inherits a pipe and would keep it open.
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env={"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8"},
            timeout=60,
            check=False,
        )
        log = self._folder / "log"
        assert done.returncode == 0, f"{program} failed: {log.read_text()[-2000:] if log.exists() else command}"


def new_postgres() -> Iterator[Postgres]:
    """A started server; skips when none is installed (a failure where LFR_REQUIRE names postgresql)."""
    binaries = postgres_binaries()
    if binaries is None:
        pytest.skip("no PostgreSQL server is installed (apt-get install postgresql)")
    # Not pytest's tmp_path: its folders are closed to the postgres user, and too long for a Unix socket.
    folder = Path(tempfile.mkdtemp(prefix="tests-lfr-pg-", dir="/tmp"))
    server = Postgres(binaries, folder)
    try:
        server.create()
        server.start()
        try:
            yield server
        finally:
            if (folder / "data" / "postmaster.pid").exists():
                server.stop()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """One server for all; each test has a database of its own."""
    yield from new_postgres()


@cache
def _migrated_sqlite() -> bytes:
    """A migrated SQLite database, made once for this process."""
    with tempfile.TemporaryDirectory(prefix="tests-lfr-") as folder:
        file = Path(folder) / "records.sqlite3"
        upgrade(f"sqlite:///{file}")
        with closing(sqlite3.connect(file)) as connection:
            return connection.serialize()


def new_sqlite(file: Path) -> str:
    """The URL of a migrated SQLite database at `file`."""
    file.touch(mode=0o600)  # as ours are
    file.write_bytes(_migrated_sqlite())
    return f"sqlite:///{file}"


def make_records(url: str) -> None:
    """Make the records of a home at this URL; a new SQLite database is a copy of one that was migrated once."""
    file = Path(url.removeprefix("sqlite:///"))
    if not url.startswith("sqlite:///") or file.exists():
        upgrade(url)
        return
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    new_sqlite(file)


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    """A migrated SQLite database."""
    return new_sqlite(tmp_path / "records.sqlite3")


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A migrated database: every test that asks for it runs on both kinds."""
    if request.param == "sqlite":
        yield new_sqlite(tmp_path / "records.sqlite3")
        return
    server = request.getfixturevalue("postgres")
    assert isinstance(server, Postgres)
    yield from server.borrow_migrated_database()
