from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import Engine

from tests.support.footage import FootageHarness

__all__ = ["harness"]


@pytest.fixture
def harness(engine: Engine, tmp_path: Path) -> FootageHarness:
    harness = FootageHarness(engine, tmp_path)
    harness.deployment()
    harness.register("DC Ask", "Insp Allow", "DS Other")
    return harness
