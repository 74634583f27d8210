from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine

from lfr_core.domain.watchlists import Category
from lfr_core.storage.tables.deployments import DeploymentRow
from tests.support.alert_harness import AlertHarness
from tests.support.overwriting import overwriting
from tests.support.planned_deployment import make_planned
from tests.support.records import entry

__all__ = ["harness"]


@pytest.fixture
def harness(engine: Engine, tmp_path: Path) -> AlertHarness:
    """A live planned deployment `dep` with one entry and one test subject, open for half a day."""
    made = AlertHarness(engine, tmp_path, (entry(), entry("blue", category=Category.BLUE_LIST)))
    with overwriting(engine) as session:
        row = session.get_one(DeploymentRow, "dep")
        assert row.opened_at is not None
        row.opened_at -= timedelta(hours=12)
    make_planned(engine, "dep")
    return made
