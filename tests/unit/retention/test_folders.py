"""Old files of ours go, and nothing beyond their roots."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from lfr_core.common.errors import Retryable
from lfr_core.retention.steps.temporary import TemporaryStep
from tests.support.records import NOW_NS

H = 3_600 * 10**9


@pytest.fixture
def step(tmp_path: Path) -> TemporaryStep:
    (tmp_path / "home" / "tmp").mkdir(parents=True)
    (tmp_path / "system").mkdir()
    return TemporaryStep(tmp_path / "home", tmp_path / "system", keep_h=1)


def aged(path: Path, hours: float = 2.0) -> Path:
    when = NOW_NS - round(hours * H)
    os.utime(path, ns=(when, when), follow_symlinks=False)
    return path


def test_only_what_is_ours_by_name_and_old_goes(step: TemporaryStep, tmp_path: Path) -> None:
    system = tmp_path / "system"
    for name in ("lfr-old", "lfr-new", "other-old"):
        (system / name).write_bytes(b"face")
    aged(system / "lfr-old")
    aged(system / "other-old")
    aged(system / "lfr-new", 0.9)

    outcome = step.purge(NOW_NS)

    assert sorted(path.name for path in system.iterdir()) == ["lfr-new", "other-old"]
    assert [gone.due_ns for gone in outcome.destroyed] == [NOW_NS - H]
    assert outcome.failures == ()


def test_a_folder_goes_as_one_and_only_when_nothing_in_it_is_new(step: TemporaryStep, tmp_path: Path) -> None:
    folder = tmp_path / "home" / "tmp" / "upload"
    (folder / "deep").mkdir(parents=True)
    (folder / "deep" / "face.jpg").write_bytes(b"face")
    (folder / "new").write_bytes(b"x")
    for path in (folder / "deep" / "face.jpg", folder / "deep", folder):
        aged(path)
    aged(folder / "new", 0.5)
    assert step.due(NOW_NS) == ()

    (gone,) = step.purge(NOW_NS + H).destroyed

    assert not folder.exists()
    assert gone.facts["files"] == 2


def test_links_are_removed_and_never_followed(step: TemporaryStep, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "kept").write_bytes(b"kept")
    aged(outside / "kept")
    inside = tmp_path / "home" / "tmp" / "folder"
    inside.mkdir()
    for link in (inside / "to-folder", tmp_path / "system" / "lfr-link"):
        link.symlink_to(outside)
        aged(link)
    aged(inside)

    step.purge(NOW_NS)

    assert (outside / "kept").read_bytes() == b"kept"
    assert not inside.exists()
    assert not (tmp_path / "system" / "lfr-link").is_symlink()


def test_a_root_that_is_a_link_is_not_entered_and_is_reported(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    aged(outside)
    (outside / "kept").write_bytes(b"kept")
    aged(outside / "kept")
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "tmp").symlink_to(outside)
    step = TemporaryStep(tmp_path / "home", tmp_path / "system", keep_h=1)

    with pytest.raises(Retryable, match="must be a folder of ours"):
        step.purge(NOW_NS)

    assert (outside / "kept").exists()


def test_a_folder_with_a_socket_is_left_because_somebody_may_listen(
    step: TemporaryStep, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "system" / "lfr-0"
    folder.mkdir()
    monkeypatch.chdir(folder)  # a socket's path must be short
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind("vault.sock")
        aged(folder / "vault.sock")
        aged(folder)

        assert step.purge(NOW_NS).destroyed == ()

    assert (folder / "vault.sock").exists()


@pytest.mark.skipif(os.getuid() != 0, reason="only root may give files away")
def test_what_belongs_to_somebody_else_is_left(step: TemporaryStep, tmp_path: Path) -> None:
    theirs = tmp_path / "system" / "lfr-theirs"
    theirs.write_bytes(b"x")
    aged(theirs)
    os.chown(theirs, 12345, 12345)

    assert step.purge(NOW_NS).destroyed == ()
    assert theirs.exists()


def test_names_which_may_be_a_persons_are_not_told(step: TemporaryStep, tmp_path: Path) -> None:
    aged(tmp_path / "home" / "tmp").joinpath("john-smith.jpg").write_bytes(b"x")
    aged(tmp_path / "home" / "tmp" / "john-smith.jpg")

    (due,) = step.due(NOW_NS)

    assert "smith" not in due.subject
