from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine

from lfr_core.storage.engine import open_engine
from tests.support.retention import DAY_S, RetentionHarness

__all__ = ["engine", "harness"]


@pytest.fixture
def engine(sqlite_url: str) -> Iterator[Engine]:
    engine = open_engine(sqlite_url)
    yield engine
    engine.dispose()


@pytest.fixture
def harness(engine: Engine, tmp_path: Path) -> RetentionHarness:
    return RetentionHarness(engine, tmp_path)


@pytest.fixture
def full(harness: RetentionHarness) -> RetentionHarness:
    """One thing of each class, all past due after a month of downtime."""
    return _full(harness)


@pytest.fixture
def full_on_each(database_url: str, tmp_path: Path) -> Iterator[RetentionHarness]:
    """The same on SQLite and on PostgreSQL."""
    engine = open_engine(database_url)
    yield _full(RetentionHarness(engine, tmp_path))
    engine.dispose()


def _full(harness: RetentionHarness) -> RetentionHarness:
    harness.inject()
    harness.end()
    harness.clock.advance(32 * DAY_S)
    return harness
