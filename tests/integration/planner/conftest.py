from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import Engine

from tests.support.planning import PlanningHarness

__all__ = ["harness"]


@pytest.fixture
def harness(engine: Engine, tmp_path: Path) -> PlanningHarness:
    return PlanningHarness.on(engine, tmp_path)
