from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine

from lfr_core.storage.engine import open_engine
from tests.support.brokers import kafka_broker, kafka_libs, tansu_broker
from tests.support.databases import database_url, postgres, sqlite_url
from tests.support.prefect import prefect_server
from tests.support.retention import DAY_S, RetentionHouse

__all__ = [
    "database_url",
    "engine",
    "house",
    "kafka_broker",
    "kafka_libs",
    "postgres",
    "prefect_server",
    "sqlite_url",
    "tansu_broker",
]


@pytest.fixture
def engine(sqlite_url: str) -> Iterator[Engine]:
    engine = open_engine(sqlite_url)
    yield engine
    engine.dispose()


@pytest.fixture
def house(engine: Engine, tmp_path: Path) -> RetentionHouse:
    return RetentionHouse(engine, tmp_path)


@pytest.fixture
def full(house: RetentionHouse) -> RetentionHouse:
    """One thing of each class, all past due after a month of downtime."""
    return _full(house)


@pytest.fixture
def full_on_each(database_url: str, tmp_path: Path) -> Iterator[RetentionHouse]:
    """The same on SQLite and on PostgreSQL."""
    engine = open_engine(database_url)
    yield _full(RetentionHouse(engine, tmp_path))
    engine.dispose()


def _full(house: RetentionHouse) -> RetentionHouse:
    house.inject()
    house.end()
    house.clock.advance(32 * DAY_S)
    return house
