"""The vault's own process with a TPM: killed at each step of a turn, and its whole home put back from a copy."""

from __future__ import annotations

import os
import shutil
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from lfr_core.common.errors import Fatal, Refused
from lfr_core.custody.vault.keystore_files import read_kept_key_ids, read_tpm_binding
from lfr_core.custody.vault.port import KeptKey, KeyKind
from lfr_core.domain.actors import SystemActor
from lfr_core.storage.engine import open_engine
from tests.support.records import add_deployment
from tests.support.tpms import SoftwareTpm, software_tpm
from tests.support.vault_server import VaultProcess

pytestmark = [pytest.mark.fault("keystore and head put back"), pytest.mark.tpm, pytest.mark.slow]

FAR_NS, SOON_NS = 10**15, 12 * 10**8
KILLING = """\
#!/bin/sh
# stands before the program of tpm2-tools in PATH, and kills the vault that runs it
wanted=$(cat "{armed}" 2>/dev/null)
[ "$wanted" = "before {name}" ] && {{ rm "{armed}"; kill -9 $PPID; exit 1; }}
"{program}" "$@"
code=$?
[ "$wanted" = "after {name}" ] && {{ rm "{armed}"; kill -9 $PPID; }}
exit $code
"""


@pytest.fixture
def chip() -> Iterator[SoftwareTpm]:
    with software_tpm() as made:
        yield made


class Machine:
    """A home, a TPM, and programs that cut the vault's power where a test wants it."""

    def __init__(self, folder: Path, chip: SoftwareTpm) -> None:
        self.home, self.copy, self.chip = folder / "home", folder / "copy", chip
        self.home.mkdir()
        self._armed, programs = folder / "armed", folder / "programs"
        programs.mkdir()
        for name in ("tpm2_nvincrement", "tpm2_nvwrite"):
            script = programs / name
            script.write_text(KILLING.format(armed=self._armed, name=name, program=shutil.which(name)))
            script.chmod(0o755)
        self._path = f"{programs}:{os.environ['PATH']}"

    def start(self) -> VaultProcess:
        return VaultProcess(self.home, LFR_TPM=self.chip.way, PATH=self._path)

    def arm(self, where: str) -> None:
        self._armed.write_text(where)

    def make_keys(self, vault: VaultProcess) -> tuple[KeptKey, KeptKey]:
        """One that is due in a moment, and one that stays."""
        engine = open_engine(vault.settings.records_url)
        add_deployment(engine, "d")
        engine.dispose()
        with vault.wait_ready() as client:
            kept = client.make_key(KeyKind.WATCHLIST, "d", "d", time.time_ns() + FAR_NS, actor=SystemActor.ENROLMENT)
            gone = client.make_key(KeyKind.ALERT, "d", "a", time.time_ns() + SOON_NS, actor=SystemActor.RECORDER)
        return gone, kept

    def is_destroyed(self, key: KeptKey) -> bool:
        try:
            return key.info.id not in read_kept_key_ids(self.home / "vault")
        except Fatal:  # the vault has just written the next file
            return False

    def wait_until_destroyed(self, key: KeptKey) -> None:
        deadline = time.monotonic() + 30
        while not self.is_destroyed(key):
            assert time.monotonic() < deadline
            time.sleep(0.05)

    def put_back(self) -> None:
        shutil.rmtree(self.home)
        shutil.copytree(self.copy, self.home)

    def refusal(self) -> str:
        """What the vault says that doesn't start."""
        vault = self.start()
        output, _ = vault.process.communicate(timeout=60)
        assert vault.process.returncode == Fatal.exit_code, output
        return output


@pytest.fixture
def machine(tmp_path: Path, chip: SoftwareTpm) -> Machine:
    return Machine(tmp_path, chip)


@pytest.mark.parametrize(
    "where", ["before tpm2_nvincrement", "after tpm2_nvincrement", "before tpm2_nvwrite", "after tpm2_nvwrite"]
)
def test_a_vault_killed_in_a_turn_loses_no_key_and_a_home_of_before_it_is_refused(machine: Machine, where: str) -> None:
    first = machine.start()
    gone, kept = machine.make_keys(first)
    first.end(signal.SIGKILL)
    shutil.copytree(machine.home, machine.copy, ignore=shutil.ignore_patterns("*.sock"))
    second = machine.start()
    machine.wait_until_destroyed(gone)
    machine.arm(where)

    assert second.end(signal.SIGTERM) == -signal.SIGKILL  # in the turn that it ends with
    machine.chip.cut()  # the whole machine's power
    machine.chip.start()

    third = machine.start()
    with third.wait_ready() as client:
        opened = client.open_kept(kept.info.id, actor=SystemActor.ENROLMENT, purpose="test")
        assert opened.key == kept.key
        with pytest.raises(Refused) as refused:
            client.open_kept(gone.info.id, actor=SystemActor.RECORDER, purpose="test")
        assert refused.value.rule == "vault.key-gone"
    third.end(signal.SIGKILL)
    machine.put_back()
    assert "this keystore was put back from a copy" in machine.refusal()


def test_a_keystore_put_back_is_refused_each_time_and_the_right_one_goes_on(machine: Machine, tmp_path: Path) -> None:
    first = machine.start()
    gone, kept = machine.make_keys(first)
    shutil.copytree(machine.home / "vault", machine.copy / "vault")
    machine.wait_until_destroyed(gone)
    assert first.end() == 0
    bound = read_tpm_binding(machine.home / "vault")
    assert bound is not None
    right = shutil.copytree(machine.home, tmp_path / "right")

    shutil.rmtree(machine.home / "vault")
    shutil.copytree(machine.copy / "vault", machine.home / "vault")
    for _ in range(2):  # it stays so
        said = machine.refusal()
        assert f"the TPM stands at {bound.count}" in said
        assert kept.key.hex() not in said
    shutil.rmtree(machine.home)
    shutil.copytree(right, machine.home)
    last = machine.start()
    with last.wait_ready() as client:
        assert client.open_kept(kept.info.id, actor=SystemActor.ENROLMENT, purpose="test").key == kept.key
    assert last.end() == 0


def test_no_secret_is_ever_an_argument_a_file_or_in_the_log(machine: Machine, tmp_path: Path) -> None:
    vault = VaultProcess(machine.home, LFR_TPM=machine.chip.way, LFR_LOG_LEVEL="DEBUG")
    machine.make_keys(vault)
    vault.process.send_signal(signal.SIGTERM)
    output, _ = vault.process.communicate(timeout=30)
    bound = read_tpm_binding(machine.home / "vault")
    assert bound is not None

    secrets = [machine.chip.call("tpm2_nvread", hex(bound.place + each)).stdout[-32:] for each in (1, 2)]

    assert all(len(each) == 32 and any(each) for each in secrets)
    files = [each for each in machine.home.rglob("*") if each.is_file()]
    for secret in secrets:
        assert secret.hex() not in output
        assert not any(secret in each.read_bytes() or secret.hex().encode() in each.read_bytes() for each in files)
    assert "vault.tpm" not in output
    assert not list(tmp_path.rglob("*.ctx"))
