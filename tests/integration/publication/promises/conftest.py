from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from lfr_core.storage.engine import open_engine
from tests.support.databases import database_url, postgres, sqlite_url
from tests.support.promise_house import PromiseHouse

__all__ = ["database_url", "postgres", "sqlite_url"]


@pytest.fixture
def house(sqlite_url: str, tmp_path: Path) -> Iterator[PromiseHouse]:
    engine = open_engine(sqlite_url)
    yield PromiseHouse(engine, tmp_path)
    engine.dispose()


@pytest.fixture
def house_on_each(database_url: str, tmp_path: Path) -> Iterator[PromiseHouse]:
    engine = open_engine(database_url)
    yield PromiseHouse(engine, tmp_path)
    engine.dispose()
