"""The purges put together with what they need: for the flow, and for `lfr retention run` and the supervisor's purge,
which need no Prefect.
"""

from __future__ import annotations

import os
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from flows.history import WorkflowsStep
from flows.transport import PrefectApi
from lfr_core.common.clock import Clock, SystemClock
from lfr_core.common.errors import Retryable
from lfr_core.common.logs import get_logger
from lfr_core.custody.audit.trail import AuditTrail
from lfr_core.custody.vault.client import vault_client
from lfr_core.recognition.gallery import MilvusGallery
from lfr_core.retention.ended import Purger
from lfr_core.retention.steps.alerts import AlertsStep
from lfr_core.retention.steps.footage import FootageStep
from lfr_core.retention.steps.galleries import GalleriesStep
from lfr_core.retention.steps.lists import ListsStep
from lfr_core.retention.steps.quality import QualityStep
from lfr_core.retention.steps.temporary import TemporaryStep
from lfr_core.retention.sweep import Sweep, sweeping
from lfr_core.storage.engine import open_engine
from streams.broker.traits import traits_of
from streams.retention import EndedRecordsStep, TopicBoundStep
from streams.topics import topic_specs

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from lfr_core.common.settings import Settings
    from lfr_core.custody.audit.port import Trail
    from lfr_core.custody.vault.port import Vault
    from lfr_core.domain.policy import Policy
    from lfr_core.recognition.gallery import Gallery
    from lfr_core.retention.port import PurgeStep

__all__ = ["LONGEST_S", "purge_steps", "sweep_of"]

LONGEST_S = 1800.0
"""A sweep that hasn't ended by then hangs: its process ends, and with it its lock. Many times the longest one seen."""


def purge_steps(
    settings: Settings, policy: Policy, *, engine: Engine, vault: Vault, trail: Trail, gallery: Gallery
) -> tuple[PurgeStep, ...]:
    """Every purge there is, in the order of `lfr_core.retention.port.CLASSES`. Connects to nothing.

    Raises:
        Fatal: `broker.json` in the home folder is damaged.
    """
    hours = policy.retention.temporary_files_h
    traits, servers = traits_of(settings), settings.kafka_bootstrap
    return (
        TemporaryStep(settings.home, Path(tempfile.gettempdir()), keep_h=hours),
        AlertsStep(engine, vault, trail, retention_h=policy.alerts.retention_h),
        ListsStep(engine, vault, trail),
        GalleriesStep(engine, gallery, alone=not settings.milvus_uri),
        QualityStep(engine, settings.home / "quality", stranger_h=hours),
        EndedRecordsStep(engine, servers, traits),
        TopicBoundStep(servers, traits, topic_specs(settings, policy)),
        FootageStep(engine, settings.footage_store, vault, trail),
        WorkflowsStep(
            lambda: PrefectApi.of(settings),
            keep_days=policy.retention.workflow_history_days,
            server_home=None if settings.prefect_url else settings.home / "prefect",
        ),
    )


def _check_clock(vault: Vault) -> None:
    """Purge nothing by a clock that jumped: what is destroyed early never comes back.

    Raises:
        Refused: `vault.clock`.
    """
    with suppress(Retryable):  # the vault is away: the steps that need it say so, the others go on
        vault.trusted_now_ns()


@contextmanager
def _ending_the_process_after(seconds: float) -> Iterator[None]:
    """The lock goes with its holder; so a holder that hangs has to go, or nothing is purged any more."""

    def end() -> None:
        get_logger().critical("sweep_hangs", after_s=seconds)
        os._exit(Retryable.exit_code)

    timer = threading.Timer(seconds, end)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


@contextmanager
def sweep_of(
    settings: Settings, policy: Policy, *, by: Purger, clock: Clock | None = None, longest_s: float = LONGEST_S
) -> Iterator[Sweep]:
    """The one sweep of these settings' installation, with everything open that it needs.

    The process ends with exit code 75 if the block takes more than `longest_s`.

    Raises:
        SweepRuns: another sweep runs.
        Refused: `vault.clock`: the clock jumped, or runs behind what this installation has seen; nothing is purged.
        Retryable: the disk or the database is away.
    """
    clock = clock or SystemClock()
    engine = open_engine(settings.records_url)
    vault = vault_client(settings)
    gallery = MilvusGallery(settings.gallery_uri)
    trail = AuditTrail(vault, clock)
    try:
        with _ending_the_process_after(longest_s):
            _check_clock(vault)
            steps = purge_steps(settings, policy, engine=engine, vault=vault, trail=trail, gallery=gallery)
            days = policy.retention.workflow_history_days
            with sweeping(
                steps, engine=engine, home=settings.home, trail=trail, clock=clock, history_days=days, by=by
            ) as sweep:
                yield sweep
    finally:
        gallery.close()
        vault.close()
        engine.dispose()
