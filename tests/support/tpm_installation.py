"""An installation with a TPM in software: copied, after which a key was destroyed."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from apps.vault.process import build_core
from lfr_core.common.settings import Settings
from lfr_core.custody.audit.head_memory import HeadMemory
from lfr_core.custody.audit.head_signing import HeadSigningThread
from lfr_core.custody.audit.port import AuditEvent, Verb
from lfr_core.custody.audit.read import entries
from lfr_core.custody.vault.core import VaultCore
from lfr_core.custody.vault.port import KeptKeyInfo, KeyKind
from lfr_core.domain.actors import SystemActor
from lfr_core.domain.policy import load_policy
from lfr_core.storage.engine import open_engine
from tests.support.databases import make_records
from tests.support.records import NOW_NS, ManualClock
from tests.support.tpms import SoftwareTpm, software_tpm

__all__ = ["LATER_NS", "TpmInstallation", "ids", "tpm_installation"]

LATER_NS, DUE_NS = NOW_NS + 60 * 10**9, NOW_NS + 3_600 * 10**9


class TpmInstallation:
    """One with a TPM and no witness: copied, after which one key was destroyed before its time, as a list's is."""

    def __init__(self, folder: Path, chip: SoftwareTpm) -> None:
        self.chip = chip
        self.settings, self.copy = Settings(home=folder / "home", tpm=chip.way), folder / "copy"
        self.settings.home.mkdir()
        make_records(self.settings.records_url)
        self.engine = open_engine(self.settings.records_url)
        core = self.start(NOW_NS)
        self.gone, self.kept = (core.keystore.add(KeyKind.ALERT, "dep", subject, DUE_NS)[0] for subject in ("a", "b"))
        core.audit.record(AuditEvent(Verb.COLLECT, SystemActor.RECOGNISER, "dep", "alert:1"))
        assert self.sign(core)
        self.engine.dispose()
        shutil.copytree(self.settings.home, self.copy)
        self.destroy(core, self.gone)
        assert self.sign(core)
        self.engine.dispose()

    def start(self, at_ns: int = LATER_NS, **changed: object) -> VaultCore:
        settings = self.settings.model_copy(update=changed)
        return build_core(settings, load_policy(), self.engine, ManualClock(at_ns))

    def sign(self, core: VaultCore) -> bool:
        folder, memory = self.settings.keystore_folder, HeadMemory(core.keystore, core.keystore_lock, core.clock)
        return HeadSigningThread(self.engine, core, core.clock, folder, 1.0, memory=memory).keep()

    def destroy(self, core: VaultCore, info: KeptKeyInfo) -> None:
        core.keystore.destroy((info.id,))
        facts = {"generation": core.keystore.generation}
        core.audit.record(
            AuditEvent(Verb.ERASE, SystemActor.VAULT, "dep", f"key:{info.id}", "deployment.closed", facts)
        )
        core.finality.hasten()
        core.settle()
        core.finality.check()

    def put_back(self, *names: str) -> None:
        self.engine.dispose()
        for name in names:
            here, there = self.settings.home / name, self.copy / name
            if there.is_dir():
                shutil.rmtree(here)
                shutil.copytree(there, here)
            else:
                shutil.copy2(there, here)

    def rules(self) -> list[str]:
        return [each.rule for each in entries(self.engine)]


@contextmanager
def tpm_installation(folder: Path) -> Iterator[TpmInstallation]:
    """Make one; the test is skipped where swtpm isn't installed."""
    with software_tpm() as chip:
        made = TpmInstallation(folder, chip)
        yield made
        made.engine.dispose()


def ids(core: VaultCore) -> set[str]:
    return {info.id for info in core.kept()}
