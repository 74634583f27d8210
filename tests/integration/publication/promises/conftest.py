from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from lfr_core.storage.engine import open_engine
from tests.support.promise_harness import PromiseHarness


@pytest.fixture
def harness(sqlite_url: str, tmp_path: Path) -> Iterator[PromiseHarness]:
    engine = open_engine(sqlite_url)
    yield PromiseHarness(engine, tmp_path)
    engine.dispose()


@pytest.fixture
def harness_on_each(database_url: str, tmp_path: Path) -> Iterator[PromiseHarness]:
    engine = open_engine(database_url)
    yield PromiseHarness(engine, tmp_path)
    engine.dispose()
