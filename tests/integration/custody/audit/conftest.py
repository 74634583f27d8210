from __future__ import annotations

import pytest

from lfr_core.custody.audit.trail import AuditTrail
from tests.support.audit import Notary, audit_trail
from tests.support.records import ManualClock

__all__ = ["clock", "notary", "trail"]


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def notary(clock: ManualClock) -> Notary:
    return Notary(clock=clock)


@pytest.fixture
def trail(notary: Notary, clock: ManualClock) -> AuditTrail:
    return audit_trail(clock, notary)
