from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import Engine

from lfr_core.storage.engine import open_engine
from tests.support.vaults import forget_vault


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    """The records of a test, on SQLite and on PostgreSQL; a folder whose tests need one kind overrides it."""
    engine = open_engine(database_url)
    yield engine
    forget_vault(engine)
    engine.dispose()
