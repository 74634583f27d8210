"""Proves deletion without anybody's doing: canaries in every live deployment, certificates as things fall due."""

from __future__ import annotations

from filelock import FileLock, Timeout

from flows.build_erasure import build_erasure, collect_frame_canary, inject_canaries
from lfr_core.common.errors import Refused
from lfr_core.custody.audit.prune import prune
from lfr_core.custody.installation import Installation
from lfr_core.deployments.obligations import record_met_obligations
from lfr_core.deployments.views import DeploymentReader
from lfr_core.domain.deployments import DeploymentStatus
from lfr_core.retention.erasure.canary import CanaryKind, InjectedCanary
from lfr_core.retention.erasure.certificate_service import read_certificates
from lfr_core.retention.erasure.service import Erasure

__all__ = ["certify_due_deployments", "inject_missing_canaries", "prune_audit_trail", "report_obligations"]

_DAY_NS = 86_400 * 10**9


def inject_missing_canaries(installation: Installation, *, planned_only: bool = False) -> tuple[str, ...]:
    """Inject canaries into each deployment whose gate is open and that has none; return their ids.

    The flows process asks every two seconds for planned ones, and each sweep for all: who comes second leaves it to
    the first. A frame is sent by a camera, the deployment's first as soon as it is lent a key and others at moments
    that the vault draws; it is collected every two seconds, since the broker keeps it for a minute.

    Raises:
        Retryable: a service is away; the next sweep tries again.
    """
    try:
        with FileLock(installation.settings.home / "canaries.lock", timeout=0):
            return _inject_missing_canaries(installation, planned_only=planned_only)
    except Timeout:
        return ()


def _inject_missing_canaries(installation: Installation, *, planned_only: bool) -> tuple[str, ...]:
    erasure, injected = build_erasure(installation), []
    for view in DeploymentReader(installation.engine).list():
        if not view.is_live:
            continue
        there = {one.kind for one in erasure.read_canaries(view.id)}
        is_planned = view.lifecycle.has_authority
        others_missing = not there - {CanaryKind.FRAME} and (is_planned or not planned_only)
        try:
            installation.vault.check_gate(view.id)
        except Refused:  # nobody attends yet: nothing could be sealed
            continue
        found: tuple[InjectedCanary, ...] = ()
        if planned_only and (is_planned or there):
            found = collect_frame_canary(installation, view.id, ask=CanaryKind.FRAME not in there)
        if others_missing:
            found += inject_canaries(installation, view.id, [kind for kind in CanaryKind if kind != CanaryKind.FRAME])
        injected += [view.id] * bool(found)
    return tuple(injected)


def certify_due_deployments(installation: Installation) -> tuple[str, ...]:
    """Search and certify each ended deployment for which more is due than its last certificate says; return their ids.

    So there is one certificate after the close, one after the last alert's hours, one after the footage's days; and
    another at each sweep for as long as one fails.

    Raises:
        Retryable: a service is away, and nothing could be said; the next sweep tries again.
    """
    erasure = build_erasure(installation)
    views = DeploymentReader(installation.engine).list()
    ended = [view.id for view in views if view.status is DeploymentStatus.ENDED]
    return tuple(deployment for deployment in ended if _certify_if_due(erasure, deployment))


def _certify_if_due(erasure: Erasure, deployment: str) -> bool:
    due = erasure.due(deployment) if erasure.read_canaries(deployment) else ()
    if not due:
        return False
    known = read_certificates(erasure.engine, deployment)
    if known and known[-1].certificate.search.passed and set(due) <= set(known[-1].certificate.search.due):
        return False
    erasure.certify(deployment)
    return True


def report_obligations(installation: Installation) -> tuple[str, ...]:
    """Record which obligations of each planned deployment that is over are met; return which of which.

    Raises:
        Retryable: vault or database are away.
    """
    return record_met_obligations(installation.engine, installation.vault, installation.trail, installation.now)


def prune_audit_trail(installation: Installation) -> int:
    """Remove entries older than the policy keeps them, under a signed anchor; return how many.

    Raises:
        Refused: `audit.damaged`.
        Retryable: vault or database are away.
    """
    before_ns = installation.now_ns - installation.policy.audit.keep_days * _DAY_NS
    return prune(installation.engine, installation.vault, installation.clock, before_ns)
