"""With a TPM (swtpm, which speaks as the chip does): copies of before are recognised, and open nothing any more."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from apps.doctor.checks import Level
from apps.doctor.machine import security_chip
from apps.vault.process import build_core
from lfr_core.common.errors import Fatal, Refused, Retryable
from lfr_core.common.settings import Settings
from lfr_core.custody.audit.head_checkpoint import HEAD_FILE
from lfr_core.custody.audit.head_memory import HeadMemory
from lfr_core.custody.audit.head_signing import HeadSigningThread
from lfr_core.custody.audit.port import AuditEvent, Verb
from lfr_core.custody.audit.read import entries
from lfr_core.custody.audit.recorded_state import PUT_BACK
from lfr_core.custody.vault.core import VaultCore
from lfr_core.custody.vault.keystore_files import read_tpm_binding
from lfr_core.custody.vault.port import KeptKeyInfo, KeyKind
from lfr_core.domain.actors import SystemActor
from lfr_core.domain.policy import load_policy
from lfr_core.storage.engine import open_engine
from tests.support.databases import make_records
from tests.support.records import NOW_NS, ManualClock
from tests.support.tpms import SoftwareTpm, software_tpm

pytestmark = [pytest.mark.fault("keystore and head put back"), pytest.mark.tpm]

LATER_NS, DUE_NS = NOW_NS + 60 * 10**9, NOW_NS + 3_600 * 10**9
HEAD = f"vault/{HEAD_FILE}"
RECORDS = "records.sqlite3"


@pytest.fixture
def chip() -> Iterator[SoftwareTpm]:
    with software_tpm() as made:
        yield made


class Installation:
    """One with a TPM and no witness: copied, after which one key was destroyed before its time, as a list's is."""

    def __init__(self, folder: Path, chip: SoftwareTpm) -> None:
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


@pytest.fixture
def installation(tmp_path: Path, chip: SoftwareTpm) -> Iterator[Installation]:
    made = Installation(tmp_path, chip)
    yield made
    made.engine.dispose()


def ids(core: VaultCore) -> set[str]:
    return {info.id for info in core.kept()}


@pytest.mark.parametrize(
    "names", [("vault",), ("vault", RECORDS), (".",)], ids=["keystore", "database, keystore and head", "whole home"]
)
def test_what_is_put_back_with_an_earlier_keystore_opens_nothing_for_anybody(
    installation: Installation, names: tuple[str, ...]
) -> None:
    if names == (".",):
        installation.engine.dispose()
        shutil.rmtree(installation.settings.home)
        shutil.copytree(installation.copy, installation.settings.home)
    else:
        installation.put_back(*names)

    with pytest.raises(Fatal, match="this keystore was put back from a copy") as refused:
        installation.start()

    assert "Put back the folder as it was" in str(refused.value)
    found = security_chip(installation.settings)
    assert (found.level, "put back from a copy" in found.says) == (Level.FAIL, True)
    with pytest.raises(Fatal, match="opens with a TPM only"):  # nor is it enough to take the TPM out of the settings
        installation.start(tpm="")


def test_the_right_keystore_put_back_again_goes_on(installation: Installation, tmp_path: Path) -> None:
    right = shutil.copytree(installation.settings.home, tmp_path / "right")
    installation.put_back("vault", RECORDS)
    with pytest.raises(Fatal):
        installation.start()

    shutil.rmtree(installation.settings.home)
    shutil.copytree(right, installation.settings.home)
    core = installation.start()

    found = security_chip(installation.settings)
    assert (found.level, "used (TPM)" in found.says) == (Level.WARN, True)  # it is software
    assert ids(core) == {installation.kept.id}
    assert installation.sign(core)


def test_a_keystore_and_its_records_of_after_the_last_turn_are_known_by_the_trail_as_before(
    installation: Installation,
) -> None:
    """Between two turns a copy opens, and is cleaned by the trail where that wasn't put back with it."""
    core = installation.start()
    shutil.rmtree(installation.copy)
    installation.engine.dispose()
    shutil.copytree(installation.settings.home, installation.copy)
    core.keystore.destroy((installation.kept.id,))
    core.audit.record(
        AuditEvent(
            Verb.ERASE, SystemActor.VAULT, "dep", f"key:{installation.kept.id}", "retention.due",
            {"generation": core.keystore.generation},
        )
    )  # fmt: skip
    installation.put_back("vault")

    assert ids(installation.start()) == set()
    assert installation.rules().count(PUT_BACK) == 1


def test_database_or_head_put_back_beside_the_keystore_are_recognised_as_without_a_tpm(
    installation: Installation,
) -> None:
    newest = (installation.settings.home / HEAD).read_bytes()
    installation.put_back(HEAD)
    assert installation.sign(installation.start())
    (installation.settings.home / HEAD).write_bytes(newest)
    installation.put_back(RECORDS)

    core = installation.start()

    assert not installation.sign(core)
    assert ids(core) == {installation.kept.id}


def test_no_tpm_or_another_machines_opens_nothing_and_a_cleared_one_says_so(
    installation: Installation, chip: SoftwareTpm
) -> None:
    with software_tpm() as other, pytest.raises(Fatal, match="another machine's, or was cleared"):
        installation.start(tpm=other.way)

    chip.cut()
    with pytest.raises(Retryable, match="can't be reached"):
        installation.start()
    chip.start()
    assert ids(installation.start()) == {installation.kept.id}

    chip.clear()
    with pytest.raises(Fatal, match="another machine's, or was cleared"):
        installation.start()


def test_a_tpm_that_goes_away_while_the_vault_runs_shuts_it_until_it_is_back(
    installation: Installation, chip: SoftwareTpm
) -> None:
    clock = ManualClock(LATER_NS)
    core = build_core(installation.settings, load_policy(), installation.engine, clock)
    core.settle()
    core.finality.check()

    chip.cut()
    clock.advance(61)
    core.settle()

    for ask in (lambda: core.check_gate("dep"), lambda: core.seal_key("dep", "cam"), lambda: core.open_key("k")):
        with pytest.raises(Refused, match="security chip") as refused:
            ask()
        assert refused.value.rule == "vault.tpm"
    with pytest.raises(Refused, match="security chip"):
        core.open_kept(installation.kept.id, actor=SystemActor.RECORDER, purpose="to look")
    assert "can't be reached" in (installation.settings.keystore_folder / "tpm-fault.txt").read_text()
    core.keystore.destroy((installation.kept.id,))  # what is due goes all the same
    chip.start()
    clock.advance(61)
    core.settle()
    core.finality.check()
    assert not (installation.settings.keystore_folder / "tpm-fault.txt").exists()
    assert ids(installation.start()) == set()


def test_a_counter_that_something_else_raised_is_refused_and_the_binding_can_be_ended_on_the_record(
    installation: Installation, chip: SoftwareTpm
) -> None:
    found = read_tpm_binding(installation.settings.keystore_folder)
    assert found is not None
    assert chip.call("tpm2_nvincrement", hex(found.place)).returncode == 0
    with pytest.raises(Fatal, match="something else raised the counter"):
        installation.start()

    core = installation.start(tpm=f"release:{chip.way}")

    assert ids(core) == {installation.kept.id}
    assert installation.rules().count("keystore.tpm-released") == 1
    assert chip.call("tpm2_getcap", "handles-nv-index").stdout.strip() == b""
    assert read_tpm_binding(installation.settings.keystore_folder) is None
    assert ids(installation.start(tpm="")) == {installation.kept.id}


def test_a_keystore_goes_to_another_machine_by_an_act_that_is_on_the_trail(
    installation: Installation, chip: SoftwareTpm
) -> None:
    installation.start(tpm=f"release:{chip.way}")
    with software_tpm() as other:
        core = installation.start(tpm=other.way)

        assert ids(core) == {installation.kept.id}
        assert installation.rules().count("keystore.tpm-bound") == 2
        core.settle()
        core.finality.check()
        with pytest.raises(Fatal, match="another machine's"):
            installation.start(tpm=chip.way)


def test_a_tpm_without_room_or_with_an_owners_password_is_said_and_nothing_is_changed(
    tmp_path: Path, chip: SoftwareTpm
) -> None:
    assert chip.call("tpm2_changeauth", "-c", "owner", "secret").returncode == 0
    settings = Settings(home=tmp_path / "home", tpm=chip.way)
    settings.home.mkdir()
    make_records(settings.records_url)
    engine = open_engine(settings.records_url)

    with pytest.raises(Refused, match="its owner has a password") as refused:
        build_core(settings, load_policy(), engine, ManualClock(NOW_NS))

    assert refused.value.rule == "vault.tpm"
    assert read_tpm_binding(settings.keystore_folder) is None
    engine.dispose()


def test_auto_goes_on_without_where_no_tpm_can_be_used_and_never_once_it_was(
    installation: Installation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lfr_core.custody.vault.tpm_binding.MACHINES_TPM", "device:/dev/none-here")
    plain = Settings(home=tmp_path / "plain", tpm="auto")
    plain.home.mkdir()
    make_records(plain.records_url)
    engine = open_engine(plain.records_url)

    core = build_core(plain, load_policy(), engine, ManualClock(NOW_NS))

    assert core.keystore.tpm is None
    engine.dispose()
    with pytest.raises(Retryable, match="can't be reached"):
        installation.start(tpm="auto")


def test_a_turn_takes_less_than_a_second(installation: Installation) -> None:
    core = installation.start()
    core.finality.hasten()
    began = time.monotonic()
    core.settle()

    assert core.keystore.tpm is not None
    assert core.keystore.tpm.is_complete
    assert time.monotonic() - began < 1.0
