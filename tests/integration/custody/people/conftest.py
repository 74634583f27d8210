from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import Engine

from lfr_core.storage.engine import open_engine

__all__ = ["engine"]


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    engine = open_engine(database_url)
    yield engine
    engine.dispose()
