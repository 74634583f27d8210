from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import Engine

from lfr_core.domain.watchlists import Category
from tests.support.alert_harness import AlertHarness
from tests.support.records import entry

__all__ = ["harness"]


@pytest.fixture
def harness(engine: Engine, tmp_path: Path) -> AlertHarness:
    listed = (entry(), entry("blue", category=Category.BLUE_LIST))
    return AlertHarness(engine, tmp_path, listed, ("Ann Operator", "Bob Operator", "Ann", "Bob", "Cat"))
