"""What tests of planning ask again and again: which rule refuses, how a deployment stands, what is red."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from lfr_core.common.errors import Refused
from lfr_core.deployments.gate_facts import gather_gate_facts
from lfr_core.deployments.locking import lock_deployment
from lfr_core.domain.deployments import DeploymentStatus
from lfr_core.domain.gate import Condition, GateLimits, gate
from lfr_core.storage.engine import reading
from tests.support.planning import PlanningHarness

__all__ = ["red", "refused", "status"]


def refused(rule: str, act: Callable[[], object]) -> str:
    with pytest.raises(Refused) as error:
        act()
    assert error.value.rule == rule, str(error.value)
    return str(error.value)


def status(harness: PlanningHarness, deployment: str = "dep") -> DeploymentStatus:
    found = harness.deployments.find(deployment)
    assert found is not None
    return found.status


def red(harness: PlanningHarness, deployment: str = "dep") -> set[Condition]:
    with reading(harness.engine) as session:
        facts = gather_gate_facts(session, lock_deployment(session, deployment), harness.now)
    found = gate(facts, GateLimits.of(harness.policy), now_ns=harness.clock.time_ns())
    return {each.condition for each in found if not each.met}
