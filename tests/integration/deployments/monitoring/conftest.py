from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine

from lfr_core.domain.watchlists import Category
from lfr_core.storage.engine import open_engine
from tests.support.alert_harness import AlertHarness
from tests.support.planned_deployment import make_planned
from tests.support.records import entry

__all__ = ["engine", "harness"]


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    engine = open_engine(database_url)
    yield engine
    engine.dispose()


@pytest.fixture
def harness(engine: Engine, tmp_path: Path) -> AlertHarness:
    """A live planned deployment `dep` with one entry and one test subject."""
    made = AlertHarness(engine, tmp_path, (entry(), entry("blue", category=Category.BLUE_LIST)))
    make_planned(engine, "dep")
    return made
