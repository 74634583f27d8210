"""A kept login counts for one user of one machine's operating system, at one installation, until its end."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest

from lfr_core.common.errors import Fatal, Refused
from lfr_core.custody.identity.session_file import (
    StoredSession,
    forget_session,
    nonce_of,
    read_session,
    session_folder,
    write_session,
)

NOW_NS = 1_800_000_000 * 10**9
SESSION = StoredSession("https://login.example.test", "openlfr-cli", "here", os.getuid(), "salt", NOW_NS + 1, "a.b.c")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "state" / "openlfr"


def refusal(folder: Path, *, installation: str = "here", now_ns: int = NOW_NS) -> tuple[str, str]:
    with pytest.raises(Refused) as caught:
        read_session(folder, installation, now_ns)
    return caught.value.rule, str(caught.value)


def test_a_session_is_read_back_as_it_was_and_nobody_else_may_read_it(folder: Path) -> None:
    file = write_session(folder, SESSION)

    assert read_session(folder, "here", NOW_NS) == SESSION
    assert (file.stat().st_mode & 0o777, folder.stat().st_mode & 0o777) == (0o600, 0o700)


def test_without_a_login_nobody_is_logged_in(folder: Path) -> None:
    assert refusal(folder)[0] == "login.none"
    assert not forget_session(folder, "here")


def test_after_logging_out_nobody_is_logged_in(folder: Path) -> None:
    write_session(folder, SESSION)

    assert forget_session(folder, "here")
    assert refusal(folder)[0] == "login.none"


def test_a_session_that_others_may_read_is_refused(folder: Path) -> None:
    write_session(folder, SESSION).chmod(0o640)

    rule, words = refusal(folder)
    assert rule == "login.session"
    assert "other users of this machine may read or write it. Log in again: `lfr login`" in words


def test_a_session_that_is_a_link_is_refused(folder: Path, tmp_path: Path) -> None:
    file = write_session(folder, SESSION)
    file.rename(tmp_path / "elsewhere")
    file.symlink_to(tmp_path / "elsewhere")

    assert "it is a link" in refusal(folder)[1]


def test_a_session_that_is_no_file_is_refused_without_waiting(folder: Path) -> None:
    file = write_session(folder, SESSION)
    file.unlink()
    os.mkfifo(file, 0o600)

    assert "no regular file" in refusal(folder)[1]


@pytest.mark.skipif(os.getuid() != 0, reason="only root can give a file to another user")
def test_a_session_that_another_user_owns_is_refused(folder: Path) -> None:
    os.chown(write_session(folder, SESSION), 65534, -1)

    assert "belongs to another user" in refusal(folder)[1]


def test_a_session_of_another_user_is_refused(folder: Path) -> None:
    write_session(folder, replace(SESSION, uid=os.getuid() + 1))

    assert refusal(folder)[0] == "login.installation"


def test_a_session_of_another_installation_is_refused_though_it_was_copied_here(folder: Path) -> None:
    there = write_session(folder, replace(SESSION, installation="there"))
    there.rename(write_session(folder, SESSION))

    assert refusal(folder)[0] == "login.installation"
    assert refusal(folder, installation="elsewhere")[0] == "login.none"


def test_a_session_is_over_at_its_end(folder: Path) -> None:
    write_session(folder, SESSION)

    assert refusal(folder, now_ns=NOW_NS + 1)[0] == "login.expired"


@pytest.mark.parametrize("content", [b"", b"{}", b"[]", b"\xff", b'{"uid": 1}', b"[" * 9_000, b" " * 40_000], ids=len)
def test_a_damaged_session_is_refused(folder: Path, content: bytes) -> None:
    write_session(folder, SESSION).write_bytes(content)

    assert refusal(folder)[0] == "login.session"


def test_a_value_of_another_kind_is_refused(folder: Path) -> None:
    write_session(folder, replace(SESSION, ends_at_ns=1e30))  # type: ignore[arg-type]

    assert refusal(folder)[0] == "login.session"


def test_a_folder_that_others_may_write_into_is_not_used(folder: Path) -> None:
    write_session(folder, SESSION)
    folder.chmod(0o770)

    assert refusal(folder)[0] == "login.session"
    with pytest.raises(Fatal, match="no other user may write into"):
        write_session(folder, SESSION)


def test_what_the_provider_signs_is_of_one_installation_user_and_login() -> None:
    every = {nonce_of(*each) for each in (("a", 1, "s"), ("b", 1, "s"), ("a", 2, "s"), ("a", 1, "t"))}

    assert len(every) == 4
    assert SESSION.nonce == nonce_of("here", os.getuid(), "salt")


def test_sessions_lie_where_the_user_keeps_state(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    assert session_folder() == tmp_path / "openlfr"
    monkeypatch.setenv("XDG_STATE_HOME", "relative")
    assert session_folder() == Path.home() / ".local" / "state" / "openlfr"
