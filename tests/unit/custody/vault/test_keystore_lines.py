"""Keys that are added to a keystore: each is a line of its own, until the whole is written."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from lfr_core.common.errors import Fatal, Refused
from lfr_core.custody.vault import keystore
from lfr_core.custody.vault.keystore import Keystore
from lfr_core.custody.vault.keystore_files import read_kept_key_ids
from lfr_core.custody.vault.port import KeptKeyInfo, KeyKind


def made(store: Keystore, subject: str, kind: KeyKind = KeyKind.ALERT) -> tuple[KeptKeyInfo, bytes]:
    return store.add(kind, "d", subject, 1_000)


def added_file(folder: Path) -> Path:
    return next(folder.glob("added-*.jsonl"))


def test_a_new_key_writes_its_own_line_alone_and_is_there_after_a_kill(tmp_path: Path) -> None:
    store = Keystore(tmp_path)
    whole = next(tmp_path.glob("keys-*.json")).read_bytes()

    keys = [made(store, str(number)) for number in range(3)]

    assert next(tmp_path.glob("keys-*.json")).read_bytes() == whole
    assert read_kept_key_ids(tmp_path) == {info.id for info, _ in keys}
    after = Keystore(tmp_path)
    assert [after.find(info.id) for info, _ in keys] == keys
    assert not list(tmp_path.glob("added-*.jsonl"))  # they are of the whole now


def test_a_line_that_a_kill_left_half_written_is_nobodys_key_and_harms_no_other(tmp_path: Path) -> None:
    store = Keystore(tmp_path)
    (first, _), (second, _) = made(store, "a"), made(store, "b")
    lines = added_file(tmp_path).read_bytes().splitlines(keepends=True)
    added_file(tmp_path).write_bytes(lines[0] + lines[1][:-1])

    after = Keystore(tmp_path)

    assert (after.find(first.id) is None, after.find(second.id)) == (False, None)
    third, _ = made(after, "c")
    assert {info.id for info in Keystore(tmp_path).infos()} == {first.id, third.id}


@pytest.mark.parametrize("how", ["other order", "one left out", "another time", "of another key"])
def test_lines_of_added_keys_that_were_changed_by_hand_are_refused(tmp_path: Path, how: str) -> None:
    store = Keystore(tmp_path)
    for subject in "abc":
        made(store, subject)
    lines = added_file(tmp_path).read_bytes().splitlines(keepends=True)
    changed = {
        "other order": [lines[1], lines[0], lines[2]],
        "one left out": [lines[0], lines[2]],
        "another time": [lines[0].replace(b'"due_ns":1000', b'"due_ns":9000'), *lines[1:]],
        "of another key": [lines[0], lines[0], *lines[2:]],
    }
    added_file(tmp_path).write_bytes(b"".join(changed[how]))

    with pytest.raises(Fatal, match="damaged"):
        Keystore(tmp_path)


def test_a_destroyed_key_that_was_just_added_is_in_no_file_and_its_copy_opens_to_nothing(tmp_path: Path) -> None:
    store = Keystore(tmp_path)
    (gone, _), (stays, _) = made(store, "gone"), made(store, "stays")
    name, copy = added_file(tmp_path).name, added_file(tmp_path).read_bytes()

    store.destroy((gone.id,))

    assert read_kept_key_ids(tmp_path) == {stays.id}
    assert not list(tmp_path.glob("added-*.jsonl"))
    newest = max(tmp_path.glob("keys-*.json")).name.replace("keys", "added").replace(".json", ".jsonl")
    (tmp_path / newest).write_bytes(copy)  # put back beside the new wrapping key
    assert name != newest
    with pytest.raises(Fatal):
        Keystore(tmp_path)


def test_lines_that_a_kill_left_beside_the_whole_that_has_them_change_nothing(tmp_path: Path) -> None:
    store = Keystore(tmp_path)
    info, key = made(store, "a", KeyKind.FOOTAGE)
    left = added_file(tmp_path)
    lines = left.read_bytes()
    store.hold((info.id,), held=True)
    left.write_bytes(lines)  # killed after the whole was written

    found = Keystore(tmp_path).find(info.id)

    assert found is not None
    assert (found[0].held, found[1]) == (True, key)


def test_a_full_disk_leaves_no_half_line_before_the_next_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = Keystore(tmp_path)
    first, _ = made(store, "a")

    def half(descriptor: int, content: bytes) -> int:
        return write(descriptor, content[: len(content) // 2])

    write = os.write
    with monkeypatch.context() as full:
        full.setattr(os, "write", half)
        full.setattr(os, "ftruncate", lambda *_: (_ for _ in ()).throw(OSError(30, "read-only")))
        with pytest.raises(Refused, match="can't be written"):
            made(store, "lost")
    third, _ = made(store, "c")

    assert [info.subject for info in store.infos()] == ["a", "c"]
    assert {info.id for info in Keystore(tmp_path).infos()} == {first.id, third.id}


def test_a_kill_while_lines_are_overwritten_harms_no_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = Keystore(tmp_path)
    keys = [made(store, str(number)) for number in range(3)]

    def killed(file: Path) -> None:
        file.write_bytes(b"noise\n" * 9)
        raise OSError("killed")

    with monkeypatch.context() as patched:
        patched.setattr(keystore, "remove_private", killed)
        with pytest.raises(OSError, match="killed"):
            store.hold((keys[0][0].id,), held=False)
    fourth = made(store, "later")  # had it only been an error of the disk

    after = Keystore(tmp_path)
    assert [after.find(info.id) for info, _ in (*keys, fourth)] == [*keys, fourth]
    assert not [file for file in tmp_path.iterdir() if "added" in file.name]
