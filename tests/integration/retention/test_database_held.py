"""While another process holds the database, a sweep asks it a few times and no more: what needs none goes in time."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import event

from apps.operator.retention import trouble_html
from flows.retention_lag import expected_since_ns, purge_trouble
from lfr_core.domain.policy import load_policy
from lfr_core.retention.last_purge import Purger, write_ended
from lfr_core.retention.port import Audited, Due, PurgeResult
from lfr_core.storage.engine import open_engine
from tests.support.retention import RetentionHarness

BUSY_MS = 200
_S = 10**9


@contextmanager
def held(file: Path) -> Iterator[sqlite3.Connection]:
    """Another process in the midst of a transaction that doesn't end."""
    connection = sqlite3.connect(file, isolation_level=None)
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield connection
    finally:
        connection.close()


class LettingGo:
    """The last step: whoever holds the database lets go of it meanwhile."""

    name, audited = "workflows", Audited.FREE_SPACE_FIRST

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def due(self, now_ns: int) -> tuple[Due, ...]:
        return ()

    def purge(self, now_ns: int) -> PurgeResult:
        self._connection.rollback()
        return PurgeResult()


def patient(full: RetentionHarness) -> RetentionHarness:
    full.engine = open_engine(str(full.engine.url), busy_timeout_ms=BUSY_MS)
    return full


def test_a_sweep_waits_for_it_a_few_times_and_not_at_each_step(full: RetentionHarness, tmp_path: Path) -> None:
    patient(full)
    waits: list[object] = []
    event.listen(full.engine, "handle_error", waits.append)
    with held(Path(str(full.engine.url.database))):
        reports = full.sweep()

    assert 0 < len(waits) < len(reports), len(waits)  # it was three times a step
    assert list((tmp_path / "exports").iterdir()) == list((tmp_path / "tmp").iterdir()) == []
    assert all("is busy: another process holds it" in report.error for report in reports.values())
    assert "another process holds it; try again (since " in purge_trouble(tmp_path)
    assert [report.error for report in full.sweep().values() if report.error] == []
    assert not any(full.there().values())
    full.engine.dispose()


def test_when_it_is_free_again_before_the_sweep_ends_all_goes_in_that_sweep(
    full: RetentionHarness, tmp_path: Path
) -> None:
    patient(full)
    with held(Path(str(full.engine.url.database))) as connection:
        full.more.append(LettingGo(connection))
        reports = full.sweep()

    assert {name for name, report in reports.items() if report.error} == {"temporary", "exports"}  # not ordered before
    assert not any(full.there().values())
    full.engine.dispose()


def test_that_no_purge_has_ended_is_told_of_a_platform_that_runs_long_enough(tmp_path: Path) -> None:
    """A sweep that hangs, at a server that is stopped in its tracks, says nothing itself."""
    policy = load_policy().retention
    write_ended(tmp_path, Purger.FLOW, 1_000 * _S)

    def told(now_s: int, started_s: int) -> str:
        since_ns = expected_since_ns(policy, now_ns=now_s * _S, started_ns=started_s * _S)
        return purge_trouble(tmp_path, expected_since_ns=since_ns)

    assert told(1_100, 0) == told(5_000, 4_990) == purge_trouble(tmp_path) == ""
    assert "no purge has ended since 1970-01-01 00:16:40 UTC" in told(1_300, 0)
    assert "no purge has ended" in trouble_html(told(5_000, 4_000))
