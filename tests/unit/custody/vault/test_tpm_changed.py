"""A TPM that was cleared, changed, taken away, or has a disk that is full beside it: nothing is lost, all is said."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from lfr_core.common.errors import Fatal, Refused, Retryable
from lfr_core.custody.vault import keystore as keystore_module
from lfr_core.custody.vault.keystore import Keystore
from lfr_core.custody.vault.keystore_files import read_tpm_binding
from lfr_core.custody.vault.tpm_secrets import TpmSecrets
from tests.support.tpm_keystores import added, bound, opened, release, turn
from tests.support.tpms import MemoryTpm

pytestmark = pytest.mark.fault("keystore and head put back")


def cleared(tpm: MemoryTpm, place: int) -> None:
    del place
    tpm.places.clear()


def counted_elsewhere(tpm: MemoryTpm, place: int) -> None:
    tpm.count_up(place)


def counter_made_anew(tpm: MemoryTpm, place: int) -> None:
    tpm.remove(place)
    tpm.define_counter(place)
    tpm.count_up(place)


def secrets_overwritten(tpm: MemoryTpm, place: int) -> None:
    for each in (place + 1, place + 2):
        tpm.write(each, bytes(len(tpm.places[each])))


@pytest.mark.parametrize(
    ("harm", "words"),
    [
        (cleared, "another machine's, or was cleared"),
        (counted_elsewhere, "something else raised the counter"),
        (counter_made_anew, "something else raised the counter"),
        (secrets_overwritten, "destroyed there"),
    ],
)
def test_a_tpm_that_isnt_as_it_was_left_opens_nothing_and_is_noticed_while_the_vault_runs(
    tmp_path: Path, harm: Callable[[MemoryTpm, int], None], words: str
) -> None:
    tpm, folder = MemoryTpm(), tmp_path / "vault"
    store = bound(folder, tpm)
    assert store.tpm is not None
    store.tpm.look()
    before = sorted((each.name, each.read_bytes()) for each in folder.iterdir())

    harm(tpm, store.tpm.binding.place)

    with pytest.raises(Fatal, match="the TPM"):
        store.tpm.look()
    with pytest.raises(Fatal, match=words) as refused:
        opened(folder, tpm)
    assert "docs/runbooks/tpm-away.md" in str(refused.value)
    assert sorted((each.name, each.read_bytes()) for each in folder.iterdir()) == before


def test_a_binding_can_be_ended_where_something_else_raised_the_counter(tmp_path: Path) -> None:
    tpm, folder = MemoryTpm(), tmp_path / "vault"
    store = bound(folder, tpm)
    info = added(store, "a")[0]
    assert store.tpm is not None
    counted_elsewhere(tpm, store.tpm.binding.place)

    release(Keystore(folder, tpm=TpmSecrets(tpm, is_ending=True)))

    assert Keystore(folder).find(info.id) is not None
    assert tpm.places == {}
    assert read_tpm_binding(folder) is None


def test_a_copy_of_before_it_was_bound_is_recognised(tmp_path: Path) -> None:
    tpm = MemoryTpm()
    Keystore(tmp_path / "vault")
    shutil.copytree(tmp_path / "vault", tmp_path / "copy")
    bound(tmp_path / "vault", tpm)

    with pytest.raises(Fatal, match="before it was bound to this TPM"):
        bound(tmp_path / "copy", tpm)


def test_a_tpm_that_is_away_loses_nothing_and_the_turn_goes_on_when_it_is_back(tmp_path: Path) -> None:
    tpm, folder = MemoryTpm(), tmp_path / "vault"
    store = bound(folder, tpm)
    gone, kept = added(store, "a")[0], added(store, "b")[0]
    shutil.copytree(folder, tmp_path / "copy")
    store.destroy((gone.id,))
    store.turn()
    tpm.fault = Retryable("away")

    assert store.tpm is not None
    with pytest.raises(Retryable):
        store.tpm.complete()
    later = added(store, "c")[0]  # the disk goes on under the secret that is in memory
    with pytest.raises(Retryable):
        opened(folder, tpm)
    tpm.fault = None
    store.tpm.complete()

    assert {info.id for info in opened(folder, tpm).infos()} == {kept.id, later.id}
    with pytest.raises(Fatal):
        opened(tmp_path / "copy", tpm)


def test_a_full_disk_leaves_the_turn_undone_and_the_keystore_opens_under_the_secret_of_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tpm, folder = MemoryTpm(), tmp_path / "vault"
    store = bound(folder, tpm)
    kept = added(store, "a")[0]

    def full(*_given: object) -> None:
        raise Refused("vault.keystore", "the disk is full")

    with monkeypatch.context() as patch:
        patch.setattr(keystore_module, "write_private", full)
        with pytest.raises(Refused):
            store.turn()
    store.renew()

    assert opened(folder, tpm).find(kept.id) is not None
    turn(store)
    assert opened(folder, tpm).find(kept.id) is not None


def test_a_secret_in_use_that_a_late_command_wrote_over_is_put_there_again_before_the_other_goes(
    tmp_path: Path,
) -> None:
    """A vault that was killed may have left a command running, which writes after the next vault has read."""
    tpm, folder = MemoryTpm(), tmp_path / "vault"
    store = bound(folder, tpm)
    kept = added(store, "a")[0]
    assert store.tpm is not None
    following = store.tpm.binding.place + 1 + (store.tpm.binding.count + 1) % 2
    content = bytearray(tpm.places[following])
    content[-1] ^= 1
    tpm.places[following] = bytes(content)

    turn(store)

    assert opened(folder, tpm).find(kept.id) is not None
