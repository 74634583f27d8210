"""How a deployment's gate stands by the records, for screens, commands and flows. The vault has facts of its own.

Nobody but the vault looks at the clock, so `clock-sane` counts as met here.
"""

from __future__ import annotations

from sqlalchemy import Engine

from lfr_core.common.clock import utc_from_ns
from lfr_core.common.errors import Refused
from lfr_core.deployments.gate_facts import gather_gate_facts
from lfr_core.domain.gate import GateFinding, GateLimits, gate
from lfr_core.domain.policy import Policy
from lfr_core.storage.engine import reading
from lfr_core.storage.tables.deployments import DeploymentRow

__all__ = ["read_gate", "read_shut_because"]


def read_gate(engine: Engine, deployment: str, policy: Policy, *, now_ns: int) -> tuple[GateFinding, ...]:
    """Return every condition that is asked of this deployment, met or not.

    Raises:
        Refused: `deployment.unknown`; `gate.no-application`, which is damage.
        Retryable: the records are away.
    """
    with reading(engine) as session:
        row = None if "\x00" in deployment else session.get(DeploymentRow, deployment)
        if row is None:
            raise Refused("deployment.unknown", f"there is no deployment {deployment}; see `lfr deployment list`")
        facts = gather_gate_facts(session, row, utc_from_ns(now_ns))
    return gate(facts, GateLimits.of(policy), now_ns=now_ns)


def read_shut_because(engine: Engine, deployment: str, policy: Policy, *, now_ns: int) -> GateFinding | None:
    """Return the first condition that isn't met; None while the gate is open. Raises as `read_gate`."""
    findings = read_gate(engine, deployment, policy, now_ns=now_ns)
    return next((finding for finding in findings if not finding.met), None)
