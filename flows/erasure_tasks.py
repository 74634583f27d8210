"""What proves deletion without anybody's doing: canaries in every live deployment, certificates as things fall due."""

from __future__ import annotations

from sqlalchemy import Engine

from flows.erasing import erasure_of, plant
from lfr_core.common.clock import SystemClock, utc_from_ns
from lfr_core.common.errors import Refused
from lfr_core.common.settings import Settings
from lfr_core.custody.audit.prune import prune
from lfr_core.custody.vault.client import vault_client
from lfr_core.deployments.obligations import book_obligations
from lfr_core.deployments.views import DeploymentReader
from lfr_core.domain.deployments import DeploymentStatus
from lfr_core.domain.policy import Policy
from lfr_core.retention.erasure.canary import CanaryKind
from lfr_core.retention.erasure.certificate_service import certificates_of
from lfr_core.retention.erasure.service import Erasure

__all__ = ["book_done", "certify_what_fell_due", "inject_where_there_are_none", "prune_the_trail"]

_DAY_NS = 86_400 * 10**9


def inject_where_there_are_none(settings: Settings, policy: Policy, engine: Engine) -> tuple[str, ...]:
    """Plant canaries in each deployment whose gate is open and that has none; which ones those were.

    Raises:
        Retryable: a service is away; the next sweep tries again.
    """
    erasure, done = erasure_of(settings, policy, engine), []
    for view in DeploymentReader(engine).list():
        if not view.is_live or erasure.planted(view.id):
            continue
        try:
            erasure.vault.check_gate(view.id)
        except Refused:  # nobody attends yet: a frame couldn't be sealed
            continue
        plant(settings, policy, engine, view.id, list(CanaryKind))
        done.append(view.id)
    return tuple(done)


def certify_what_fell_due(settings: Settings, policy: Policy, engine: Engine) -> tuple[str, ...]:
    """Search and certify each ended deployment for which more is due than its last certificate says; which ones.

    So there is one certificate after the close, one after the last alert's 24 hours, one after the footage's days; and
    another at each sweep for as long as one fails.

    Raises:
        Retryable: a service is away, and nothing could be said; the next sweep tries again.
    """
    erasure = erasure_of(settings, policy, engine)
    ended = [view.id for view in DeploymentReader(engine).list() if view.status is DeploymentStatus.ENDED]
    return tuple(deployment for deployment in ended if _certified(erasure, engine, deployment))


def _certified(erasure: Erasure, engine: Engine, deployment: str) -> bool:
    planted = erasure.planted(deployment)
    due = erasure.due(deployment) if planted else ()
    if not due:
        return False
    known = certificates_of(engine, deployment)
    if known and known[-1].certificate.search.passed and set(due) <= set(known[-1].certificate.search.due):
        return False
    erasure.certify(deployment)
    return True


def book_done(settings: Settings, engine: Engine) -> tuple[str, ...]:
    """Look what is left of each planned deployment that is over, and book what is done; which obligations of which.

    Raises:
        Retryable: vault or database are away.
    """
    return book_obligations(engine, vault_client(settings), utc_from_ns(SystemClock().time_ns()))


def prune_the_trail(settings: Settings, policy: Policy, engine: Engine) -> int:
    """Remove entries older than the policy keeps them, under a signed anchor; how many.

    Raises:
        Refused: `audit.damaged`.
        Retryable: vault or database are away.
    """
    clock = SystemClock()
    return prune(engine, vault_client(settings), clock, clock.time_ns() - policy.audit.keep_days * _DAY_NS)
