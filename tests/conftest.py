"""What every test gets: an environment of its own, and quiet third parties; see `support/required.py` for skips."""

from __future__ import annotations

import gc
import logging
import os
import sqlite3
import sys
import tempfile
from collections.abc import Generator
from functools import cache
from pathlib import Path

import hypothesis
import pytest
import structlog
import typer.main
import typer.testing
from sqlalchemy.pool import ConnectionPoolEntry
from xdist.remote import Producer
from xdist.scheduler import LoadFileScheduling

import lfr_core  # noqa: F401  no test tells a third party that it ran, and none uses a proxy
from lfr_core.storage import engine as storage_engine
from lfr_core.storage.engine import _prepare_sqlite
from tests.support.brokers import kafka_broker, kafka_libs, tansu_broker
from tests.support.databases import database_url, postgres, sqlite_url
from tests.support.done_once import share_compiled_statements, share_kinds_of_settings, share_parsed_settings
from tests.support.identity import identity_server
from tests.support.prefect import prefect_process, prefect_server
from tests.support.run_commands import commands

__all__ = ["commands", "database_url", "identity_server", "kafka_broker", "kafka_libs", "postgres"]
__all__ += ["prefect_process", "prefect_server", "sqlite_url", "tansu_broker"]
"""Servers of a whole run are named here and nowhere else: a fixture that another conftest.py imports as well is another
fixture, with a server of its own that runs beside this one.
"""

pytest_plugins = [
    "tests.support.required",
    "tests.support.faults",
    "tests.support.measured",
    "tests.support.standing_fields",
]
KEPT = frozenset({"LFR_CACHE", "LFR_REQUIRE", "LFR_FAULT_SEEDS"})
"""Where the downloads lie, what mustn't be skipped, and with how many seeds faults are tried (`make faults`); every
other LFR_ setting is the developer's own.
"""

THIRD_PARTY_WARNINGS: tuple[str, ...] = (
    # kafka-python 3.0.12 reads its schemas at import by functions that Python 3.11 calls deprecated
    "ignore:read_text is deprecated:DeprecationWarning:kafka.protocol.schemas.load_json",
    "ignore:open_text is deprecated:DeprecationWarning:importlib.resources._legacy",
)
"""Filters in pytest's form, each with its reason; everything else is an error (pyproject.toml)."""

hypothesis.settings.register_profile(
    "shared machine", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow]
)
hypothesis.settings.load_profile("shared machine")
"""No test fails because other work holds the cores."""

_scratch: tempfile.TemporaryDirectory[str] | None = None


def pytest_configure(config: pytest.Config) -> None:
    """Before anything of ours is imported: a clean environment and a home folder for this run."""
    global _scratch  # noqa: PLW0603  lives as long as the session; pytest_unconfigure ends it
    for name in [name for name in os.environ if name.startswith("LFR_") and name not in KEPT]:
        del os.environ[name]
    if _scratch is None:
        _scratch = tempfile.TemporaryDirectory(prefix="tests-lfr-")
    os.environ["LFR_ENV_FILE"] = ""  # the developer's .env is no part of the tests
    os.environ["LFR_HOME"] = str(Path(_scratch.name) / "home")
    os.environ["PREFECT_HOME"] = str(Path(_scratch.name) / "prefect")
    # two threads of OpenBLAS that wait for each other in loops make the rotation of a gallery cost eleven times as much
    os.environ |= dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1")
    # typer's runner would build the tree of all commands for each command that a test runs: 0.05 s
    typer.testing._get_command = cache(typer.main.get_command)  # type: ignore[attr-defined]
    share_compiled_statements()
    share_kinds_of_settings()
    share_parsed_settings()
    os.fsync = _no_power_is_lost
    storage_engine._prepare_sqlite = _prepare_sqlite_without_waiting
    for line in THIRD_PARTY_WARNINGS:
        config.addinivalue_line("filterwarnings", line)


def _no_power_is_lost(fd: object) -> None:
    """In place of `os.fsync`: tests kill processes, and what was written is still there for the next."""


def _prepare_sqlite_without_waiting(connection: sqlite3.Connection, _entry: ConnectionPoolEntry) -> None:
    """As the platform does, and without waiting for the disk at each commit, as `_no_power_is_lost`."""
    _prepare_sqlite(connection, _entry)
    connection.execute("PRAGMA synchronous=OFF")


def pytest_unconfigure() -> None:
    """Remove the run's home folder."""
    global _scratch  # noqa: PLW0603  see pytest_configure
    if _scratch is not None:
        _scratch.cleanup()
        _scratch = None


ON_BOTH = (
    "tests/integration/custody/audit/test_trail.py",
    "tests/integration/custody/audit/test_head_checkpoint.py",
    "tests/integration/custody/people/test_folded_names.py",
    "tests/integration/alerts/test_faults.py",
    "tests/integration/deployments/test_deployments.py",
    "tests/integration/retention/test_sweep.py",
)
"""Where databases differ: locks, constraints, transactions. All else is run on PostgreSQL by `make test-long` alone."""

SERVERS = {
    "database": (
        *ON_BOTH,
        "tests/integration/retention/test_services_stopped.py",
        "tests/integration/storage/test_postgres_tls.py",
    ),
    "workflows": ("tests/integration/flows/",),
    "broker": (
        "tests/integration/streams/",
        "tests/integration/deployments/monitoring/",
        "tests/integration/retention/erasure/",
        "tests/integration/retention/test_broker.py",
        "tests/integration/supervisor/test_odd_folder.py",
    ),
    "identity": ("tests/integration/custody/identity/", "tests/browser/"),
    "commands": ("tests/integration/command_line/", "tests/integration/supervisor/test_refusals.py"),
    "gallery": ("tests/integration/recognition/gallery/",),
    "models": (
        "tests/integration/recognition/faces/",
        "tests/integration/recognition/models/",
        "tests/integration/watchlists/",
        "tests/integration/compliance/",
        "tests/integration/publication/test_published_tables.py",
        "tests/integration/publication/test_records_command.py",
        "tests/integration/publication/test_results.py",
    ),
    "platform": ("tests/faults/", "tests/e2e/", "tests/integration/supervisor/"),
}
"""Files that share a server are run by one process, of the first that names them: it is started once, and a second one
doesn't run idle. Those of `models` share what a process loads in seconds: the face models, and Great Expectations.
Those of `platform` start all of its processes: two such tests at once would be too slow for the deadlines of both.
"""
LONG = (*SERVERS["platform"], *sum(SERVERS.values(), ()), "tests/browser/")
"""Files of minutes: they begin first, so that no process is left with one of them at the end."""


def server_of(nodeid: str) -> str | None:
    """Whose files it is one of."""
    return next((server for server, files in SERVERS.items() if nodeid.startswith(files)), None)


class ByServer(LoadFileScheduling):  # type: ignore[misc]  # xdist has no types
    """Gives a file's tests to one process, and all files of a server to the same."""

    def _split_scope(self, nodeid: str) -> str:
        return server_of(nodeid) or super()._split_scope(nodeid)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> ByServer | None:
    """`--dist loadfile` goes by server too."""
    return ByServer(config, log) if config.getvalue("dist") == "loadfile" else None


@pytest.hookimpl(trylast=True)
def pytest_runtest_teardown(item: pytest.Item, nextitem: pytest.Item | None) -> None:
    """End a server with the last of its files, where they are together: a workflow server works even when idle."""
    if not hasattr(item.config, "workerinput") or (nextitem and server_of(item.nodeid) == server_of(nextitem.nodeid)):
        return
    for name in ("prefect_server", "kafka_broker", "identity_server"):
        for fixture in item.session._fixturemanager.getfixturedefs(name, item) or ():
            fixture.finish(item._request)  # type: ignore[attr-defined]  # every item of ours has one


def pytest_itemcollected(item: pytest.Item) -> None:
    """Mark a test's turn on PostgreSQL as long, unless it is one of those that a database could change."""
    params = getattr(item, "callspec", None)
    if params and params.params.get("database_url") == "postgresql" and not item.nodeid.startswith(ON_BOTH):
        item.add_marker(pytest.mark.slow)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Long ones first, and the browser's together; the sort is stable: within each part the order stays random."""
    items.sort(key=lambda item: (not item.nodeid.startswith(LONG), item.nodeid.startswith("tests/browser/")))


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_collection() -> Generator[None, object, object]:
    """Collect without the garbage collector, then take the modules and the tests out of its sight: they stay anyhow."""
    gc.disable()
    try:
        collected = yield
        if "streamlit.testing.v1" in sys.modules:
            # AppTest would read the metadata of all installed packages, for seconds: none of ours is a component
            from streamlit.components.v2 import manifest_scanner

            manifest_scanner.scan_component_manifests = lambda max_workers=None: []  # noqa: ARG005
        gc.collect()
        gc.freeze()
        gc.set_threshold(50_000, 20, 20)  # with Python's own a ninth of the time of all tests went into looking again
    finally:
        gc.enable()
    return collected


@pytest.fixture(autouse=True)
def _same_main() -> Generator[None, None, None]:
    """Streamlit's AppTest leaves a script of its own as `__main__`, which every process forked later would run."""
    kept = sys.modules["__main__"]
    yield
    sys.modules["__main__"] = kept


@pytest.fixture(autouse=True)
def _same_logs() -> Generator[None, None, None]:
    """A command that a test runs in this process sets the log's level: the next test hears all of it again."""
    kept, root = structlog.get_config(), logging.getLogger()
    level, handlers = root.level, list(root.handlers)
    yield
    structlog.configure(**kept)
    if root.level != level:  # it empties what each logger knows of its level
        root.setLevel(level)
    root.handlers[:] = handlers
