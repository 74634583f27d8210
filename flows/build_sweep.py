"""Puts the purges together for the flow, and for `lfr retention run` and the supervisor's purge, without Prefect."""

from __future__ import annotations

import os
import tempfile
import threading
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from flows.history import WorkflowsStep
from flows.prefect_api import PrefectApi
from lfr_core.common.errors import LfrError, Retryable
from lfr_core.common.logs import get_logger
from lfr_core.deployments.build import build_deployment_service
from lfr_core.recognition.gallery.milvus import milvus_gallery
from lfr_core.retention.build import open_exports
from lfr_core.retention.last_purge import Purger, write_refused
from lfr_core.retention.lock import SweepIsRunning
from lfr_core.retention.steps.alerts import AlertsStep
from lfr_core.retention.steps.exports import ExportsStep
from lfr_core.retention.steps.footage import FootageStep
from lfr_core.retention.steps.galleries import GalleriesStep
from lfr_core.retention.steps.lists import ListsStep
from lfr_core.retention.steps.overdue_closes import OverdueClosesStep
from lfr_core.retention.steps.quality import QualityStep
from lfr_core.retention.steps.temporary import TemporaryStep
from lfr_core.retention.sweep import Sweep, begin_sweep
from lfr_core.retention.unknown_files import find_unknown_files
from streams.broker.connection import connect_as
from streams.broker.traits import read_traits
from streams.broker.users import User
from streams.retention import EndedRecordsStep, TopicBoundStep
from streams.topics import topic_specs

if TYPE_CHECKING:
    from lfr_core.custody.installation import Installation
    from lfr_core.custody.vault.port import Vault
    from lfr_core.recognition.gallery.port import Gallery
    from lfr_core.retention.port import PurgeStep

__all__ = ["LONGEST_S", "build_purges", "open_sweep"]

LONGEST_S = 1800.0
"""A sweep that takes longer hangs: its process ends, and with it its lock. Many times the longest one seen."""


def build_purges(installation: Installation, gallery: Gallery) -> tuple[PurgeStep, ...]:
    """Give every purge there is, in the order of `lfr_core.retention.port.CLASSES`. Connects to nothing.

    Raises:
        Fatal: `broker.json` in the home folder is damaged, or the settings of the broker contradict each other.
    """
    settings, policy, engine = installation.settings, installation.policy, installation.engine
    vault, trail = installation.vault, installation.trail
    hours = policy.retention.temporary_files_h
    traits, connection = read_traits(settings), connect_as(User.RETENTION, settings)
    return (
        TemporaryStep(settings.home, Path(tempfile.gettempdir()), keep_h=hours),
        ExportsStep(open_exports(installation)),
        AlertsStep(engine, vault, trail, retention_h=policy.alerts.retention_h),
        OverdueClosesStep(engine, build_deployment_service(installation)),
        ListsStep(engine, vault, trail),
        GalleriesStep(engine, gallery, alone=not settings.milvus_uri),
        QualityStep(engine, settings.home / "quality", stranger_h=hours),
        EndedRecordsStep(engine, connection, traits),
        TopicBoundStep(connection, traits, topic_specs(settings, policy)),
        FootageStep(engine, settings.footage_store, vault, trail),
        WorkflowsStep(
            lambda: PrefectApi.from_settings(settings),
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
def _limit_process_time(seconds: float) -> Iterator[None]:
    """End the process after so long: while one that hangs holds the lock, nothing is purged any more."""

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
def open_sweep(installation: Installation, *, by: Purger, longest_s: float = LONGEST_S) -> Iterator[Sweep]:
    """Open the one sweep of an installation, with everything open that it needs.

    The process ends with exit code 75 if the block takes more than `longest_s`.

    Raises:
        SweepIsRunning: another sweep runs.
        Refused: `vault.clock`: the clock jumped, or runs behind what this installation has seen; nothing is purged.
        Retryable: the disk is away. While the database is, what needs none goes on.
    """
    settings = installation.settings
    with closing(milvus_gallery(settings)) as gallery, _limit_process_time(longest_s), ExitStack() as held:
        try:
            _check_clock(installation.vault)
            opened = begin_sweep(
                build_purges(installation, gallery),
                engine=installation.engine,
                home=settings.home,
                trail=installation.trail,
                clock=installation.clock,
                history_days=installation.policy.retention.workflow_history_days,
                by=by,
                find_unknown=lambda: find_unknown_files(installation.engine, settings),
            )
            sweep = held.enter_context(opened)
        except SweepIsRunning:
            raise
        except LfrError as error:
            write_refused(settings.home, by, installation.now_ns, str(error))
            raise
        yield sweep
