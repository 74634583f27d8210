"""The TPM's part of what opens the keystore: lost in no power cut, and in no copy once it was replaced."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from lfr_core.common.errors import Fatal
from lfr_core.custody.vault import keystore as keystore_module
from lfr_core.custody.vault import keystore_files
from lfr_core.custody.vault.keystore import Keystore
from lfr_core.custody.vault.tpm_secrets import TpmSecrets
from tests.support.tpm_keystores import added, bound, opened, release, turn
from tests.support.tpms import Cut, MemoryTpm

pytestmark = pytest.mark.fault("keystore and head put back")

MOST_STEPS = 60


class Power:
    """Cuts it before or after the nth thing that is written, on the disk or in the TPM."""

    def __init__(self, patch: pytest.MonkeyPatch, tpm: MemoryTpm) -> None:
        self._left = MOST_STEPS * 2
        for module, name in (
            (keystore_module, "write_private"),
            (keystore_module, "append_private"),
            (keystore_module, "remove_private"),
            (keystore_files, "remove_private"),
        ):
            patch.setattr(module, name, self._cutting(getattr(module, name)))
        tpm.before = tpm.after = lambda _what: self._step()

    def cut_at(self, step: int) -> None:
        self._left = step

    def stay(self) -> None:
        self._left = MOST_STEPS * 100

    def _step(self) -> None:
        if self._left == 0:
            raise Cut
        self._left -= 1

    def _cutting(self, write: Callable[..., None]) -> Callable[..., None]:
        def cutting(*given: object) -> None:
            self._step()
            write(*given)
            self._step()

        return cutting


def is_cut(act: Callable[[], object]) -> bool:
    try:
        act()
    except Cut:
        return True
    return False


@pytest.mark.parametrize("step", range(MOST_STEPS))
def test_a_power_cut_at_any_step_of_a_turn_loses_no_key_and_the_start_makes_it_final(
    tmp_path: Path, step: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    tpm, folder = MemoryTpm(), tmp_path / "vault"
    store = bound(folder, tpm)
    gone, (kept, key) = added(store, "a")[0], added(store, "b")
    shutil.copytree(folder, tmp_path / "copy")
    power = Power(monkeypatch, tpm)

    def destroy() -> None:
        store.destroy((gone.id,))
        turn(store)

    power.cut_at(step)
    was_cut = is_cut(destroy)
    power.stay()
    again = opened(folder, tpm)
    if again.tpm is not None and again.tpm.binding.owed:  # as the vault's timer does at its start
        turn(again)

    assert again.find(kept.id) == (kept, key)
    assert again.tpm is not None
    assert again.tpm.is_complete
    if again.find(gone.id) is None:  # the destruction had begun: it is final now
        with pytest.raises(Fatal, match="put back from a copy"):
            opened(tmp_path / "copy", tpm)
    else:
        assert was_cut
    later = opened(folder, tpm)
    turn(later)
    assert opened(folder, tpm).find(kept.id) == (kept, key)


@pytest.mark.parametrize("step", range(MOST_STEPS))
def test_a_power_cut_at_any_step_of_binding_and_of_ending_it_loses_no_key(
    tmp_path: Path, step: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    tpm, folder = MemoryTpm(), tmp_path / "vault"
    store = Keystore(folder)
    kept, key = added(store, "a")
    power = Power(monkeypatch, tpm)

    power.cut_at(step)
    is_cut(lambda: bound(folder, tpm))
    power.stay()
    assert bound(folder, tpm).find(kept.id) == (kept, key)

    store = opened(folder, tpm)
    power.cut_at(step)
    is_cut(lambda: release(store))
    power.stay()
    again = Keystore(folder, tpm=TpmSecrets(tpm, is_ending=True))
    if again.tpm is None:
        TpmSecrets(tpm).give_back(again.installation)
    else:
        release(again)
    found = Keystore(folder).find(kept.id)
    assert found == (kept, key)
    assert bound(folder, tpm).find(kept.id) == (kept, key)


def test_the_steps_that_are_cut_are_more_than_there_are(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tpm = MemoryTpm()
    power = Power(monkeypatch, tpm)
    power.cut_at(MOST_STEPS - 1)

    assert not is_cut(lambda: turn(bound(tmp_path / "vault", tpm)))


def test_a_copy_opens_until_the_next_turn_and_never_after_it_and_the_keys_that_stay_do(tmp_path: Path) -> None:
    tpm, folder = MemoryTpm(), tmp_path / "vault"
    store = bound(folder, tpm)
    gone, kept = added(store, "a")[0], added(store, "b")[0]
    shutil.copytree(folder, tmp_path / "copy")
    store.destroy((gone.id,))
    shutil.copytree(tmp_path / "copy", tmp_path / "early")
    assert opened(tmp_path / "early", tpm).find(gone.id) is not None  # nothing is final yet, and nobody says so

    turn(store)

    with pytest.raises(Fatal, match="put back from a copy: it is of turn 1 and the TPM stands at 2"):
        opened(tmp_path / "copy", tpm)
    assert {info.id for info in opened(folder, tpm).infos()} == {kept.id}
    with pytest.raises(Fatal, match="opens with a TPM only"):
        Keystore(folder)


def test_a_turn_costs_the_chip_one_count_and_one_write(tmp_path: Path) -> None:
    tpm = MemoryTpm()
    store = bound(tmp_path / "vault", tpm)
    tpm.writes.clear()

    turn(store)

    assert tpm.writes == ["count", "write"]


def test_places_of_two_keystores_in_one_tpm_are_apart(tmp_path: Path) -> None:
    tpm = MemoryTpm()
    stores = {name: bound(tmp_path / name, tpm) for name in ("one", "two")}

    for store in stores.values():
        turn(store)

    for name, store in stores.items():
        assert opened(tmp_path / name, tpm).installation == store.installation
