"""A keystore is bound to a TPM (swtpm), taken to another machine, and let go: each an act on the trail."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from apps.vault.process import build_core
from lfr_core.common.errors import Fatal, Refused, Retryable
from lfr_core.common.settings import Settings
from lfr_core.custody.vault.keystore_files import read_tpm_binding
from lfr_core.domain.policy import load_policy
from lfr_core.storage.engine import open_engine
from tests.support.databases import make_records
from tests.support.records import NOW_NS, ManualClock
from tests.support.tpm_installation import TpmInstallation, ids, tpm_installation
from tests.support.tpms import SoftwareTpm, software_tpm

pytestmark = [pytest.mark.fault("keystore and head put back"), pytest.mark.tpm]


@pytest.fixture
def installation(tmp_path: Path) -> Iterator[TpmInstallation]:
    with tpm_installation(tmp_path) as made:
        yield made


@pytest.fixture
def chip(installation: TpmInstallation) -> SoftwareTpm:
    return installation.chip


def test_a_counter_that_something_else_raised_is_refused_and_the_binding_can_be_ended_on_the_record(
    installation: TpmInstallation, chip: SoftwareTpm
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
    installation: TpmInstallation, chip: SoftwareTpm
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


def test_a_tpm_with_an_owners_password_is_said_and_nothing_is_changed(tmp_path: Path) -> None:
    with software_tpm() as chip:
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
    installation: TpmInstallation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
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
