"""With a TPM (swtpm, which speaks as the chip does): copies of before are recognised, and open nothing any more."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from apps.doctor.checks import Level
from apps.doctor.machine import security_chip
from apps.vault.process import build_core
from lfr_core.common.errors import Fatal, Refused, Retryable
from lfr_core.custody.audit.head_checkpoint import HEAD_FILE
from lfr_core.custody.audit.port import AuditEvent, Verb
from lfr_core.custody.audit.recorded_state import PUT_BACK
from lfr_core.custody.vault.tpm_binding import say_copy
from lfr_core.domain.actors import SystemActor
from lfr_core.domain.policy import load_policy
from tests.support.records import ManualClock
from tests.support.tpm_installation import LATER_NS, TpmInstallation, ids, tpm_installation
from tests.support.tpms import SoftwareTpm, software_tpm

pytestmark = [pytest.mark.fault("keystore and head put back"), pytest.mark.tpm]

HEAD = f"vault/{HEAD_FILE}"
RECORDS = "records.sqlite3"


@pytest.fixture
def installation(tmp_path: Path) -> Iterator[TpmInstallation]:
    with tpm_installation(tmp_path) as made:
        yield made


@pytest.fixture
def chip(installation: TpmInstallation) -> SoftwareTpm:
    return installation.chip


@pytest.mark.parametrize(
    "names", [("vault",), ("vault", RECORDS), (".",)], ids=["keystore", "database, keystore and head", "whole home"]
)
def test_what_is_put_back_with_an_earlier_keystore_opens_nothing_for_anybody(
    installation: TpmInstallation, names: tuple[str, ...]
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
    assert "put back from a copy" in say_copy(installation.settings.tpm, installation.settings.keystore_folder)
    with pytest.raises(Fatal, match="opens with a TPM only"):  # nor is it enough to take the TPM out of the settings
        installation.start(tpm="")


def test_the_right_keystore_put_back_again_goes_on(installation: TpmInstallation, tmp_path: Path) -> None:
    right = shutil.copytree(installation.settings.home, tmp_path / "right")
    installation.put_back("vault", RECORDS)
    with pytest.raises(Fatal):
        installation.start()

    shutil.rmtree(installation.settings.home)
    shutil.copytree(right, installation.settings.home)
    core = installation.start()

    found = security_chip(installation.settings)
    assert (found.level, "used (TPM)" in found.says) == (Level.WARN, True)  # it is software
    assert say_copy(installation.settings.tpm, installation.settings.keystore_folder) == ""
    assert ids(core) == {installation.kept.id}
    assert installation.sign(core)


def test_a_keystore_and_its_records_of_after_the_last_turn_are_known_by_the_trail_as_before(
    installation: TpmInstallation,
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
    installation: TpmInstallation,
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
    installation: TpmInstallation, chip: SoftwareTpm
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
    installation: TpmInstallation, chip: SoftwareTpm
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


def test_a_turn_that_is_asked_for_is_whole_by_the_next_timer(installation: TpmInstallation) -> None:
    core = installation.start()
    tpm = core.keystore.tpm
    assert tpm is not None
    before = tpm.binding.count
    core.finality.hasten()
    core.settle()

    assert core.keystore.tpm is not None
    assert core.keystore.tpm.is_complete
    assert core.keystore.tpm.binding.count > before
