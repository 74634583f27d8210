"""The reader of files from outside: what is no regular file of a bounded size is refused, and never waited for."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from lfr_core.common.clock import SystemClock
from lfr_core.common.errors import Fatal, Poison
from lfr_core.common.files import open_atomic, open_regular, read_bounded, read_text_bounded
from lfr_core.deployments.evaluations import load_evaluations
from lfr_core.deployments.form_file import read_form
from lfr_core.domain.policy import load_policy
from lfr_core.domain.policy_listing import faults_of
from lfr_core.retention.erasure.certificate import SignedCertificate
from streams.camera.open_source import open_source
from streams.camera.urls import parse_source

LIMIT = 10


def test_a_file_up_to_the_bound_is_read_whole(tmp_path: Path) -> None:
    file = tmp_path / "a"
    file.write_bytes(b"0123456789")
    (tmp_path / "link").symlink_to(file)

    assert read_bounded(file, LIMIT) == b"0123456789"
    assert read_bounded(tmp_path / "link", LIMIT) == b"0123456789"
    assert read_text_bounded(file) == "0123456789"
    with open_regular(file) as stream:
        assert stream.read(3) == b"012"


def test_a_file_beyond_the_bound_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "a"
    file.write_bytes(b"01234567890")

    with pytest.raises(OSError, match=r"larger than 0\.01 kB") as caught:
        read_bounded(file, LIMIT)
    assert caught.value.errno == errno.EFBIG


def test_a_pipe_a_device_a_folder_and_nothing_are_refused_at_once(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "zero").symlink_to("/dev/zero")
    (tmp_path / "folder").mkdir()

    for name in ("pipe", "zero", "folder"):
        with pytest.raises(OSError, match="no regular file"):
            read_bounded(tmp_path / name, LIMIT)
    with pytest.raises(FileNotFoundError):
        read_bounded(tmp_path / "nowhere", LIMIT)


def test_in_a_folder_of_others_a_link_may_lead_within_it_and_nowhere_else(tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    (folder / "deep").mkdir(parents=True)
    (folder / "deep" / "a").write_bytes(b"inside")
    (tmp_path / "secret").write_bytes(b"outside")
    (folder / "within").symlink_to("deep/a")
    (folder / "out").symlink_to(tmp_path / "secret")
    (folder / "up").symlink_to(tmp_path)
    (folder / "loop").symlink_to("loop")

    assert read_bounded(folder / "within", LIMIT, inside=folder) == b"inside"
    assert read_bounded(folder / "deep" / "a", LIMIT, inside=folder) == b"inside"
    for name in ("out", "up/secret", "../secret"):
        with pytest.raises(OSError, match="outside the folder"):
            read_bounded(folder / name, LIMIT, inside=folder)
    with pytest.raises(OSError, match="symbolic links"):
        read_bounded(folder / "loop", LIMIT, inside=folder)
    with pytest.raises(OSError, match="no regular file"):
        read_bounded(folder, LIMIT, inside=folder)


def test_a_link_put_in_the_way_after_the_look_is_not_followed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "folder"
    (folder / "deep").mkdir(parents=True)
    (folder / "deep" / "a").write_bytes(b"inside")
    (tmp_path / "a").write_bytes(b"outside")
    realpath = os.path.realpath

    def exchanged(path: Path, *, strict: bool = False) -> str:
        found = realpath(path, strict=strict)
        if path.name == "a":
            (folder / "deep").rename(tmp_path / "gone")
            (folder / "deep").symlink_to(tmp_path)
        return found

    monkeypatch.setattr(os.path, "realpath", exchanged)

    with pytest.raises(OSError):  # noqa: PT011  ELOOP or ENOTDIR, as the system words it
        read_bounded(folder / "deep" / "a", LIMIT, inside=folder)


@pytest.mark.parametrize(
    "text", ["a = " + "[" * 100_000, "a = " + "9" * 10_000, "a" * 2_000_000, "a." * 50_000 + "a = 1"]
)
def test_settings_nested_too_deeply_or_too_large_are_refused_by_every_reader(tmp_path: Path, text: str) -> None:
    file = tmp_path / "settings.toml"
    file.write_text(text)

    with pytest.raises(Fatal, match="policy"):
        load_policy(file)
    with pytest.raises(Fatal, match="evaluations"):
        load_evaluations(file)
    with pytest.raises(Poison, match=r"settings\.toml"):
        read_form(file)
    assert faults_of(file)


def test_settings_that_are_a_pipe_are_refused_and_not_waited_for(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe.toml"
    os.mkfifo(pipe)

    with pytest.raises(Fatal, match="no regular file"):
        load_policy(pipe)
    with pytest.raises(Fatal, match="no regular file"):
        load_evaluations(pipe)
    with pytest.raises(Poison, match="no regular file"):
        read_form(pipe)
    with pytest.raises(Poison, match="neither a file"):
        parse_source(str(pipe))


def test_a_certificate_s_file_nested_too_deeply_is_no_certificate() -> None:
    with pytest.raises(Poison, match="RecursionError"):
        SignedCertificate.from_file("[" * 200_000)


def test_a_folder_of_pictures_reads_no_pipe_and_no_file_elsewhere(tmp_path: Path) -> None:
    (tmp_path / "secret").write_bytes(b"\xff\xd8\xff")
    folder = tmp_path / "pictures"
    folder.mkdir()
    os.mkfifo(folder / "a.jpg")
    (folder / "b.jpg").symlink_to(tmp_path / "secret")
    source = open_source(parse_source(str(folder)), load_policy().images, clock=SystemClock())

    for why in ("no regular file", "outside the folder"):
        assert source.grab() is not None
        with pytest.raises(Poison, match=why):
            source.jpeg()


@pytest.mark.parametrize("name", ["pipe", "link"])
def test_what_is_no_file_is_never_replaced_by_one(tmp_path: Path, name: str) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    target = tmp_path / name
    if target != pipe:
        target.symlink_to(pipe)

    with pytest.raises(Fatal, match="a device or a pipe"), open_atomic(target) as out:
        out.write(b"x")
    assert pipe.is_fifo()
    assert target.is_symlink() == (target != pipe)
    assert {one.name for one in tmp_path.iterdir()} == {"pipe", name}
