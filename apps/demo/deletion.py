"""Erases what a demonstration leaves behind, and proves that nothing is left.

The list and its gallery go as they do after every deployment. Alerts and footage go by the ordinary purges with the
clock moved on by their retention, because nobody wants to wait for 31 days. Then every store is searched for the
canaries that were injected while the street was played, and what the search said is certified and verified.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from flows.build_erasure import build_erasure, collect_frame_canary
from flows.build_erasure import inject_canaries as inject
from lfr_core.alerts.expiry import RULE, expire_alerts
from lfr_core.common.errors import LfrError, Retryable
from lfr_core.custody.audit.head_checkpoint import HEAD_FILE, keep_head, read_checkpoint, read_public_key
from lfr_core.custody.audit.verify import AuditReport, verify
from lfr_core.custody.installation import Installation
from lfr_core.custody.vault.port import KeyKind
from lfr_core.retention.erasure.canary import CanaryKind
from lfr_core.retention.erasure.certificate import SignedCertificate
from lfr_core.retention.erasure.certificate_service import CertificateFault

__all__ = ["Deletion", "collecting_frame_canary", "erase_deployment", "inject_canaries"]

_HOUR_NS = 3_600 * 10**9
_LOOK_S = 1.0
_MARGIN_S = 1.0  # the vault's timer destroys and records a key within a fraction of this


@dataclass(frozen=True, slots=True)
class Deletion:
    """What was destroyed, and what the proof of it said."""

    alerts: int
    segments_kept: int
    """Of footage: sealed, and destroyed when they are due."""
    certificate: SignedCertificate
    faults: tuple[CertificateFault, ...]
    audit: AuditReport

    @property
    def passed(self) -> bool:
        """Nothing is left that had to go, the certificate is in order, and the audit trail verifies."""
        return self.certificate.certificate.search.passed and not self.faults and self.audit.is_good


def inject_canaries(installation: Installation, deployment: str) -> None:
    """Put noise that is nobody's where real data goes, but for a frame's. Raises Retryable when a service is away."""
    inject(installation, deployment, [kind for kind in CanaryKind if kind is not CanaryKind.FRAME])


@contextmanager
def collecting_frame_canary(installation: Installation, deployment: str) -> Iterator[None]:
    """Look for the canary frame that a camera sends first, for as long as the block lasts.

    Raises:
        LfrError: none was collected by then: why the last try wasn't one.
    """
    ending, found = threading.Event(), False
    error: LfrError = Retryable("no camera sent a canary frame; the logs of this demonstration may say why")

    def look() -> None:
        nonlocal found, error
        while not found and not ending.wait(_LOOK_S):
            try:
                found = bool(collect_frame_canary(installation, deployment))
            except LfrError as raised:
                error = raised

    looking = threading.Thread(target=look)
    looking.start()
    try:
        yield
    finally:
        ending.set()
        looking.join()
    if not found:
        raise error


def erase_deployment(
    installation: Installation, deployment: str, *, close: Callable[[], None], progress: Callable[[str], None]
) -> Deletion:
    """Close the deployment, purge what it left, search, certify, verify.

    Args:
        installation: of the run.
        deployment: its id.
        close: ends the deployment.
        progress: called with each step.

    Raises:
        LfrError: of every kind; what is left is due and goes with the ordinary purges.
    """
    settings, policy = installation.settings, installation.policy
    engine, vault, trail = installation.engine, installation.vault, installation.trail
    progress("destroying the list and its gallery")
    close()
    closed = time.monotonic()
    progress("purging alerts, the clock moved on by a day")  # footage no vault destroys before it is due
    later_ns = installation.now_ns + (policy.alerts.retention_h + 1) * _HOUR_NS
    alerts = expire_alerts(engine, vault, trail, now_ns=later_ns, retention_h=policy.alerts.retention_h)
    vault.destroy([key.id for key in vault.kept(KeyKind.SIGHTINGS, deployment)], rule=RULE)
    progress("waiting for the end of the last frames' key")
    left_s = policy.vault.epoch_s + policy.vault.grace_s + _MARGIN_S - (time.monotonic() - closed)
    time.sleep(max(0.0, left_s))
    progress("searching every store for the canaries")
    erasure = build_erasure(installation)
    certificate = erasure.certify(deployment)
    keep_head(engine, vault, installation.clock, settings.keystore_folder)  # the vault does so every few seconds
    public_key = read_public_key(settings.keystore_folder)
    checkpoint = read_checkpoint(settings.keystore_folder / HEAD_FILE)
    return Deletion(
        alerts=len(alerts),
        segments_kept=len(vault.kept(KeyKind.FOOTAGE, deployment)),
        certificate=certificate,
        faults=erasure.check(public_key.hex()),
        audit=verify(
            engine, public_key=public_key, checkpoint=checkpoint, records_key=installation.trail.records_key()
        ),
    )
