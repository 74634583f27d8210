from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine

from lfr_core.storage.engine import open_engine
from tests.support.planning import PlanningHarness

__all__ = ["engine", "harness"]


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    engine = open_engine(database_url)
    yield engine
    engine.dispose()


@pytest.fixture
def harness(engine: Engine, tmp_path: Path) -> PlanningHarness:
    return PlanningHarness.on(engine, tmp_path)
