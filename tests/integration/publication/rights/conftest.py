from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine

from tests.support.rights import RightsHarness

__all__ = ["harness"]


@pytest.fixture
def harness(engine: Engine, tmp_path: Path) -> Iterator[RightsHarness]:
    harness = RightsHarness(engine, tmp_path)
    yield harness
    harness.close()
