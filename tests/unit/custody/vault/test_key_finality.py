"""When the TPM's secret is replaced: each list's at once, all others with the next turn, and never too often."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from lfr_core.common.errors import Refused, Retryable
from lfr_core.custody.vault.core import VaultCore
from lfr_core.custody.vault.port import ErasureRule, KeyKind
from lfr_core.custody.vault.tpm_fault import read_tpm_fault
from lfr_core.custody.vault.tpm_secrets import TpmSecrets
from lfr_core.domain.actors import SystemActor
from lfr_core.domain.deployments import DeploymentStatus
from lfr_core.domain.policy import load_policy
from tests.support.tpms import MemoryTpm
from tests.support.vault_core import NOW_NS, Records, TwoClocks, make_kept, vault_core

pytestmark = pytest.mark.fault("keystore and head put back")

FINAL_S = load_policy().vault.tpm_final_s


class Vault:
    """One bound to a TPM in memory."""

    def __init__(self, folder: Path) -> None:
        self.chip = MemoryTpm()
        self.core: VaultCore
        self.clock: TwoClocks
        self.records: Records
        self.core, self.clock, self.records = vault_core(folder)
        tpm = TpmSecrets(self.chip)
        tpm.begin(self.core.keystore.installation)
        self.core.keystore.bind(tpm)
        tpm.complete()
        self.core.settle()

    @property
    def turns(self) -> int:
        tpm = self.core.keystore.tpm
        assert tpm is not None
        assert tpm.is_complete
        return tpm.binding.count - 1

    def pass_s(self, seconds: float) -> None:
        self.clock.advance(seconds)
        self.core.settle()


@pytest.fixture
def vault(tmp_path: Path) -> Vault:
    return Vault(tmp_path / "vault")


def test_keys_that_were_due_are_final_with_the_next_turn_and_many_cost_one(vault: Vault) -> None:
    for number in range(20):
        make_kept(vault.core, f"alert-{number}", due_s=1)
    for _ in range(20):
        vault.pass_s(FINAL_S / 20 - 1)
        vault.core.sweep()
    assert vault.turns == 0

    vault.pass_s(20)

    assert vault.turns == 1
    for _ in range(3):
        vault.pass_s(FINAL_S)
    assert vault.turns == 4


def test_a_lists_key_is_final_at_once_and_lists_that_follow_within_a_minute_share_a_turn(vault: Vault) -> None:
    info = vault.core.make_key(KeyKind.WATCHLIST, "d", "d", NOW_NS + 10**13, actor=SystemActor.ENROLMENT).info
    facts = vault.records.known["d"]
    assert facts is not None
    vault.records.known["d"] = replace(facts, status=DeploymentStatus.ENDED)

    vault.core.destroy((info.id,), rule=ErasureRule.LIST_ENDED)
    vault.core.settle()

    assert vault.turns == 1
    for _ in range(10):
        vault.core.finality.hasten()
        vault.pass_s(5)
    assert vault.turns == 1
    vault.pass_s(11)
    assert vault.turns == 2
    vault.pass_s(120)
    assert vault.turns == 2


def test_what_was_destroyed_before_a_vault_was_killed_is_final_at_its_next_start(tmp_path: Path) -> None:
    first = Vault(tmp_path / "vault")
    made = make_kept(first.core, "a")
    first.core.keystore.destroy((made.info.id,))

    core, _, _ = vault_core(tmp_path / "vault", tpm=TpmSecrets(first.chip))
    core.settle()

    assert core.keystore.tpm is not None
    assert core.keystore.tpm.binding.count == 2


def test_an_orderly_stop_turns_so_that_a_copy_of_what_ran_is_known_as_one(vault: Vault) -> None:
    vault.core.stop()

    assert vault.turns == 1


def test_a_tpm_that_is_away_shuts_the_vault_and_what_is_due_goes_all_the_same(vault: Vault) -> None:
    kept, due = make_kept(vault.core, "a"), make_kept(vault.core, "b", due_s=60)
    folder = vault.core.keystore.folder
    vault.chip.fault = Retryable("the TPM is away")

    vault.pass_s(61)
    vault.core.sweep()

    assert {info.id for info in vault.core.kept()} == {kept.info.id}
    assert vault.core.keystore.find(due.info.id) is None
    for ask in (
        lambda: vault.core.check_gate("d"),
        lambda: vault.core.seal_key("d", "cam"),
        lambda: vault.core.open_key("any"),
        lambda: vault.core.open_kept(kept.info.id, actor=SystemActor.RECORDER, purpose="to look"),
        lambda: make_kept(vault.core, "c"),
    ):
        with pytest.raises(Refused, match="security chip") as refused:
            ask()
        assert refused.value.rule == "vault.tpm"
    assert read_tpm_fault(folder) == "the TPM is away"

    vault.chip.fault = None
    vault.pass_s(6)

    vault.core.check_gate("d")
    assert read_tpm_fault(folder) == ""


def test_no_key_waits_for_a_tpm_that_is_slow(vault: Vault) -> None:
    """The lock of the kept keys is free while the chip works, and nothing but its own timer waits for it."""
    seen: list[bool] = []
    vault.chip.before = lambda _what: seen.append(vault.core.keystore_lock.acquire(blocking=False))

    vault.core.finality.hasten()
    vault.core.settle()

    assert seen
    assert all(seen)
