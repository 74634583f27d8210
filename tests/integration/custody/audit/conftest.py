from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import Engine

from lfr_core.custody.audit.trail import AuditTrail
from lfr_core.storage.engine import open_engine
from tests.support.audit import Notary, audit_trail
from tests.support.records import ManualClock

__all__ = ["clock", "engine", "notary", "trail"]


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    engine = open_engine(database_url)
    yield engine
    engine.dispose()


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def notary() -> Notary:
    return Notary()


@pytest.fixture
def trail(notary: Notary, clock: ManualClock) -> AuditTrail:
    return audit_trail(clock, notary)
