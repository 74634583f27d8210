"""The service of deployments over what a test has; unless the test says otherwise no gallery differs from its list."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from sqlalchemy import Engine

from lfr_core.common.clock import Clock, SystemClock
from lfr_core.custody.audit.port import Trail
from lfr_core.custody.vault.port import Vault
from lfr_core.deployments.evaluations import Evaluation
from lfr_core.deployments.service import DeploymentService
from lfr_core.domain.policy import Policy, load_policy

__all__ = ["deployment_service"]


def deployment_service(
    engine: Engine,
    vault: Vault,
    trail: Trail,
    clock: Clock | None = None,
    policy: Policy | None = None,
    *,
    compare: Callable[[str], str] = lambda _: "",
    evaluations: Sequence[Evaluation] = (),
    model: str = "",
) -> DeploymentService:
    """Make it: real records, vault and trail of the test; the system's clock and the policy that comes with us."""
    return DeploymentService(
        engine,
        vault,
        trail,
        clock or SystemClock(),
        lambda: policy or load_policy(),
        compare=compare,
        evaluations=lambda: evaluations,
        model=lambda: model,
    )
