"""The keystore: what is destroyed stays destroyed, what survives survives every kill and every bad disk."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from lfr_core.common.errors import Fatal, Refused
from lfr_core.custody.vault import files, keystore_files
from lfr_core.custody.vault import keystore as module
from lfr_core.custody.vault.keystore import Keystore
from lfr_core.custody.vault.keystore_files import KeystoreFile, read_kept_key_ids
from lfr_core.custody.vault.port import KeptKeyInfo, KeyKind


def made(store: Keystore, subject: str, kind: KeyKind = KeyKind.ALERT) -> tuple[KeptKeyInfo, bytes]:
    return store.add(kind, "d", subject, 1_000)


def test_keys_own_secrets_and_holds_are_the_same_after_a_restart(tmp_path: Path) -> None:
    before = Keystore(tmp_path)
    info, key = made(before, "a", KeyKind.FOOTAGE)
    before.hold((info.id,), held=True)

    after = Keystore(tmp_path)

    found = after.find(info.id)
    assert found is not None
    assert (found[1], found[0].held, after.installation) == (key, True, before.installation)
    assert (after.installation_secret("signing"), after.installation_secret("pseudonyms")) == (
        before.installation_secret("signing"),
        before.installation_secret("pseudonyms"),
    )


def test_a_keystore_of_before_records_were_signed_is_given_that_secret_and_keeps_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as earlier:
        earlier.setattr(module, "_OWN", ("signing", "pseudonyms"))
        before = Keystore(tmp_path)

    given = Keystore(tmp_path)

    assert len(given.installation_secret("records")) == 32
    assert given.installation_secret("signing") == before.installation_secret("signing")
    assert Keystore(tmp_path).installation_secret("records") == given.installation_secret("records")


def test_a_copy_of_the_key_file_opens_to_nothing_once_a_key_was_destroyed(tmp_path: Path) -> None:
    store = Keystore(tmp_path / "vault")
    (gone, key), (stays, _) = made(store, "gone"), made(store, "stays")
    stolen = next((tmp_path / "vault").glob("keys-*.json")).read_bytes()
    store.destroy((gone.id,))

    left = {each.name: each.read_bytes() for each in (tmp_path / "vault").iterdir()}
    generation = max(name for name in left if name.startswith("keys-"))
    forged = tmp_path / "forged"
    shutil.copytree(tmp_path / "vault", forged)
    (forged / generation).write_bytes(stolen)  # the old file put back beside the new wrapping key

    assert store.find(gone.id) is None
    assert store.find(stays.id) is not None
    assert not any(key in content for content in left.values())
    with pytest.raises(Fatal):
        Keystore(forged)


def test_no_file_of_the_keystore_holds_a_key_in_the_clear(tmp_path: Path) -> None:
    store = Keystore(tmp_path)
    keys = [made(store, str(number))[1] for number in range(5)] + [
        store.installation_secret("signing"),
        store.installation_secret("pseudonyms"),
    ]

    content = b"".join(each.read_bytes() for each in tmp_path.iterdir())

    assert not any(key in content for key in keys)
    assert {each.stat().st_mode & 0o777 for each in tmp_path.iterdir()} == {0o600}


@pytest.mark.parametrize("written", [0, 1, 2])
def test_killed_at_any_point_of_a_deletion_the_survivors_are_there_and_a_repeat_finishes_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, written: int
) -> None:
    store = Keystore(tmp_path)
    (gone, _), (stays, key) = made(store, "gone"), made(store, "stays")
    write, remove = files.write_private, files.remove_private
    count = 0

    def killed(file: Path, content: bytes) -> None:
        nonlocal count
        if count == written:
            raise KeyboardInterrupt
        count += 1
        write(file, content)

    def killed_too(file: Path) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(module, "write_private", killed)
    monkeypatch.setattr(keystore_files, "remove_private", killed_too)
    with pytest.raises(KeyboardInterrupt):
        store.destroy((gone.id,))
    monkeypatch.setattr(module, "write_private", write)
    monkeypatch.setattr(keystore_files, "remove_private", remove)

    again = Keystore(tmp_path)
    again.destroy((gone.id,))

    found = again.find(stays.id)
    assert found is not None
    assert (found[1], again.find(gone.id)) == (key, None)
    assert len(list(tmp_path.glob("wrapping-*.key"))) == len(list(tmp_path.glob("keys-*.json"))) == 1


def test_a_full_disk_at_a_deletion_is_said_and_the_key_is_out_of_memory_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = Keystore(tmp_path)
    gone, _ = made(store, "gone")

    def full(file: Path, content: bytes) -> None:
        raise Refused("vault.keystore", "no space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(module, "write_private", full)
        with pytest.raises(Refused):
            store.destroy((gone.id,))
    outdated = store.outdated
    store.renew()

    assert (outdated, store.outdated, store.find(gone.id)) == (True, False, None)
    assert Keystore(tmp_path).find(gone.id) is None


def test_a_key_that_could_not_be_written_is_not_given(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = Keystore(tmp_path)
    monkeypatch.setattr(os, "fsync", lambda _: (_ for _ in ()).throw(OSError(28, "No space left on device")))

    with pytest.raises(Refused) as refused:
        made(store, "a")

    assert (refused.value.rule, store.infos()) == ("vault.keystore", ())
    assert "No space left" in str(refused.value)


@pytest.mark.parametrize("harm", ["cut short", "emptied", "changed", "entry removed", "wrapping key changed", "gone"])
def test_a_damaged_keystore_is_refused_and_left_as_it_is(tmp_path: Path, harm: str) -> None:
    store = Keystore(tmp_path)
    made(store, "a")
    made(store, "b")
    Keystore(tmp_path)  # which writes the whole
    keys, wrapping = next(tmp_path.glob("keys-*.json")), next(tmp_path.glob("wrapping-*.key"))
    text = keys.read_text()
    match harm:
        case "cut short":
            keys.write_text(text[: len(text) // 2])
        case "emptied":
            keys.write_text("")
        case "changed":
            keys.write_text(text.replace('"due_ns":1000', '"due_ns":9000', 1))
        case "entry removed":
            content = KeystoreFile.model_validate_json(text)
            keys.write_text(content.model_copy(update={"keys": content.keys[:1]}).model_dump_json())
        case "wrapping key changed":
            wrapping.write_bytes(os.urandom(32))
        case _:
            keys.unlink()
    before = sorted(each.name for each in tmp_path.iterdir())

    with pytest.raises(Fatal) as refused:
        Keystore(tmp_path)

    assert "restore" in str(refused.value)
    assert sorted(each.name for each in tmp_path.iterdir()) == before


AS_NOBODY = """
import os, sys
from pathlib import Path
from lfr_core.common.errors import Refused
from lfr_core.custody.vault.keystore import Keystore
if os.geteuid() == 0:
    os.setgid(65534); os.setuid(65534)
folder = Path(sys.argv[1]) / "vault"
Keystore(folder)
folder.chmod(0o500)
try:
    Keystore(folder)
except Refused as error:
    print(error.rule, error)
finally:
    folder.chmod(0o700)
"""


def test_a_read_only_keystore_is_refused_at_the_start_not_at_the_first_deletion() -> None:
    with tempfile.TemporaryDirectory(prefix="lfr-keystore-") as folder:
        Path(folder).chmod(0o777)

        done = subprocess.run([sys.executable, "-c", AS_NOBODY, folder], capture_output=True, text=True, check=False)

    assert done.stdout.startswith("vault.keystore"), done.stderr
    assert "write access" in done.stdout


def test_what_a_keystore_holds_can_be_reported_without_opening_it(tmp_path: Path) -> None:
    store = Keystore(tmp_path)
    (gone, _), (stays, _) = made(store, "gone"), made(store, "stays")
    store.destroy((gone.id,))

    assert read_kept_key_ids(tmp_path) == {stays.id}
    next(tmp_path.glob("keys-*.json")).write_text("{")
    with pytest.raises(Fatal):
        read_kept_key_ids(tmp_path)
