"""An installation with one thing of each class of data that has to go, on a clock that a test owns."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from sqlalchemy import Engine
from sqlmodel import select

from apps.supervisor.plan import settings_env
from apps.supervisor.workflows import purge_child
from lfr_core.common.clock import utc_from_ns
from lfr_core.common.errors import Retryable
from lfr_core.common.settings import Settings
from lfr_core.custody.vault.port import KeyKind
from lfr_core.recognition.gallery.checks import gallery_name
from lfr_core.recognition.gallery.exact import ExactGallery
from lfr_core.recognition.gallery.port import Reference
from lfr_core.retention.exports import Exports, write_picture
from lfr_core.retention.footage.register import segments
from lfr_core.retention.port import Audited, Due, PurgeResult, PurgeStep
from lfr_core.retention.reporting import StepReport
from lfr_core.retention.status import ClassStatus, read_retention_status
from lfr_core.retention.steps.alerts import AlertsStep
from lfr_core.retention.steps.exports import ExportsStep
from lfr_core.retention.steps.footage import FootageStep
from lfr_core.retention.steps.galleries import GalleriesStep
from lfr_core.retention.steps.lists import ListsStep
from lfr_core.retention.steps.quality import QualityStep
from lfr_core.retention.steps.temporary import TemporaryStep
from lfr_core.retention.sweep import sweep
from lfr_core.storage.engine import reading
from lfr_core.storage.tables.alerts import AlertRow
from lfr_core.storage.tables.deployments import DeploymentRow
from lfr_core.storage.tables.watchlists import WatchlistEntryRow
from streams.camera.footage import FootageWriter
from tests.support.alert_harness import POLICY, AlertHarness
from tests.support.footage import jpeg
from tests.support.overwriting import overwriting
from tests.support.vault_core import TwoClocks

__all__ = ["BrokenStep", "RetentionHarness", "supervisors_purge"]

HOUR_S, DAY_S = 3_600.0, 86_400.0


@dataclass
class BrokenStep:
    """A step whose service is away, or that breaks in a way nobody thought of."""

    name: str
    error: Exception = field(default_factory=lambda: Retryable("its service is away"))
    audited: Audited = Audited.ORDERED

    def due(self, now_ns: int) -> tuple[Due, ...]:
        return (Due(f"{self.name}:1", now_ns - 10**9),)

    def purge(self, now_ns: int) -> PurgeResult:
        raise self.error


class RetentionHarness(AlertHarness):
    """`inject` puts one thing of each class there; `end` ends the deployment as a killed close would."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.gallery = ExactGallery()
        self.system = self.home / "system-tmp"
        self.system.mkdir(exist_ok=True)
        self.more: list[PurgeStep] = []

    @classmethod
    def reopened(cls, engine: Engine, home: Path, now_ns: int, gallery: ExactGallery | None = None) -> RetentionHarness:
        """As another process has it: the deployment is there already."""
        harness = cls.__new__(cls)
        harness.engine, harness.home, harness.more = engine, home, []
        harness.clock = TwoClocks(now_ns)
        harness.system = home / "system-tmp"
        harness.gallery = gallery or ExactGallery()
        harness.start_vault()
        return harness

    def steps(self) -> list[PurgeStep]:
        """Those that need no server; `more` is added."""
        return [
            TemporaryStep(self.home, self.system, keep_h=1),
            ExportsStep(Exports(self.home, keep_h=POLICY.retention.exports_h)),
            AlertsStep(self.engine, self.vault, self.trail, retention_h=POLICY.alerts.retention_h),
            ListsStep(self.engine, self.vault, self.trail),
            GalleriesStep(self.engine, self.gallery, alone=True),
            QualityStep(self.engine, self.home / "quality", stranger_h=1),
            FootageStep(self.engine, self.home / "footage", self.vault, self.trail),
            *self.more,
        ]

    def sweep(self, *, without: Collection[str] = (), instead: Collection[PurgeStep] = ()) -> dict[str, StepReport]:
        replaced = {step.name: step for step in instead}
        steps = [replaced.get(step.name, step) for step in self.steps() if step.name not in without]
        reports = sweep(steps, engine=self.engine, home=self.home, trail=self.trail, clock=self.clock, history_days=7)
        return {report.step: report for report in reports}

    def status(self) -> dict[str, ClassStatus]:
        found = read_retention_status(self.engine, POLICY.retention, now_ns=self.clock.time_ns())
        return {each.data.name: each for each in found}

    def inject(self) -> None:
        self.alert()
        self.gallery.create(gallery_name("dep"), "contract")
        template = np.zeros(512, np.float32)
        template[0] = 1.0
        self.gallery.add(gallery_name("dep"), "contract", [Reference("entry-1/1", "entry-1", template)])
        self.leave_files()
        self.film()

    def leave_files(self) -> None:
        """What a check of a list, an export and an upload leave on the disk; again, after a crash."""
        quality = self.home / "quality" / "dep"
        quality.mkdir(parents=True, exist_ok=True)
        (quality / "suite.html").write_text("entry-1 has no photograph")
        with Exports(self.home, keep_h=POLICY.retention.exports_h).make("seen", now_ns=self.clock.time_ns()) as made:
            write_picture(made.writing / "face.jpg", jpeg(1))
        for folder in (self.home / "tmp", self.system / "lfr-upload"):
            folder.mkdir(parents=True, exist_ok=True)
            (folder / "face.jpg").write_bytes(jpeg(1))
            self.touch(folder)

    def film(self) -> None:
        with FootageWriter(
            deployment="dep",
            camera="north",
            session="s1",
            engine=self.engine,
            folder=self.home / "footage",
            vault=self.vault,
            policy=POLICY.footage,
            clock=self.clock,
            min_free_bytes=0,
        ) as writer:
            writer.offer(self.clock.time_ns(), jpeg(1))
            deadline = time.monotonic() + 20
            while not writer.kept:
                assert time.monotonic() < deadline, "the writer took nothing"
                time.sleep(0.001)

    def touch(self, folder: Path) -> None:
        """As if it had been made at the clock's time."""
        when = self.clock.time_ns()
        for path in (*folder.rglob("*"), folder):
            os.utime(path, ns=(when, when), follow_symlinks=False)

    def end(self) -> None:
        """The row says so, and nothing is destroyed yet."""
        with overwriting(self.engine) as session:
            row = session.get(DeploymentRow, "dep")
            assert row is not None
            row.status, row.ended_at = "ended", utc_from_ns(self.clock.time_ns())

    def there(self) -> dict[str, bool]:
        """Whether the thing of each class is still there."""
        return {name: look() for name, look in self._looks().items()}

    def _looks(self) -> dict[str, Callable[[], bool]]:
        def rows(table: type[AlertRow | WatchlistEntryRow]) -> bool:
            with reading(self.engine) as session:
                return session.exec(select(table)).first() is not None

        return {
            "temporary": lambda: any((self.home / "tmp").iterdir()) or (self.system / "lfr-upload").exists(),
            "exports": lambda: any((self.home / "exports").iterdir()),
            "alerts": lambda: rows(AlertRow),
            "lists": lambda: rows(WatchlistEntryRow) or bool(self.vault.kept(KeyKind.WATCHLIST)),
            "galleries": lambda: bool(self.gallery.names()),
            "quality": (self.home / "quality" / "dep").exists,
            "footage": lambda: any(each.purged_ns is None for each in segments(self.engine)),
        }


@contextmanager
def supervisors_purge(settings: Settings, *, after_s: float) -> Iterator[None]:
    """As `lfr up` starts it."""
    command = list(purge_child(Settings(), POLICY, {}).command)
    command[command.index("--after-s") + 1] = str(after_s)
    (settings.home / "temporary").mkdir(parents=True, exist_ok=True)
    env = os.environ | settings_env(settings) | {"TMPDIR": str(settings.home / "temporary")}
    process = subprocess.Popen(command, env=env)
    try:
        yield
    finally:
        process.terminate()
        assert process.wait(20) == 0
