"""The word that Prefect's server asks for: where it comes from, and who may know it."""

from __future__ import annotations

import os
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from flows.prefect_credentials import login_file, login_of
from lfr_core.common.errors import Fatal
from lfr_core.common.settings import Settings


def test_each_installation_has_its_own_and_only_its_owner_may_read_it(tmp_path: Path) -> None:
    one, other = Settings(home=tmp_path / "one"), Settings(home=tmp_path / "other")

    assert login_of(one) != login_of(other)
    assert login_of(one) == login_of(one)
    assert stat.S_IMODE(login_file(one.home).stat().st_mode) == 0o600
    assert [path.name for path in one.home.iterdir()] == ["workflows.secret"]


def test_of_many_who_start_at_once_all_get_the_same(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path / "home")
    with ThreadPoolExecutor(16) as pool:
        assert len({*pool.map(lambda _: login_of(settings), range(64))}) == 1


@pytest.mark.parametrize(
    ("mode", "text", "says"),
    [
        (0o644, "openlfr:word", "may be read by others"),
        (0o600, "word", "doesn't hold USER:PASSWORD"),
        (0o600, "", "hold"),
    ],
)
def test_a_file_that_others_may_read_or_that_holds_something_else_is_refused(
    tmp_path: Path, mode: int, text: str, says: str
) -> None:
    file = login_file(tmp_path)
    file.write_text(text)
    file.chmod(mode)

    with pytest.raises(Fatal, match=f"{says}.*delete the file"):
        login_of(Settings(home=tmp_path))


def test_a_pipe_in_its_place_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(login_file(tmp_path), 0o600)

    with pytest.raises(Fatal, match="no regular file"):
        login_of(Settings(home=tmp_path))


def test_a_server_elsewhere_has_its_login_from_a_file_or_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "secret"
    file.write_text("force:word\n")
    file.chmod(0o600)
    elsewhere = Settings(home=tmp_path / "home", prefect_url="https://prefect.example/api")

    monkeypatch.setenv("PREFECT_API_AUTH_STRING", "force:environment")
    assert login_of(elsewhere) == "force:environment"
    assert login_of(elsewhere.model_copy(update={"prefect_auth_file": file})) == "force:word"
    assert not (tmp_path / "home").exists()


@pytest.mark.parametrize(
    ("url", "login", "says"),
    [
        ("https://prefect.example/api", "", "shown no login.*LFR_PREFECT_AUTH_FILE"),
        ("http://127.0.0.1:4200/api", "", "shown no login"),
        ("http://prefect.example/api", "force:word", "not encrypted.*write https://"),
        ("http://localhost:4200/api", "force:word", r"http://127\.0\.0\.1 for one of this machine"),
        ("https://force:word@prefect.example/api", "force:word", "without a login in the address"),
        ("https://prefect.example/api", "admin:pass", "password that everybody knows"),
    ],
)
def test_a_server_elsewhere_that_anybody_could_use_or_listen_to_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, url: str, login: str, says: str
) -> None:
    monkeypatch.setenv("PREFECT_API_AUTH_STRING", login)
    with pytest.raises(Fatal, match=says) as refused:
        login_of(Settings(home=tmp_path, prefect_url=url))
    assert "word@" not in str(refused.value)


def test_one_of_this_machine_may_be_spoken_to_unencrypted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PREFECT_API_AUTH_STRING", "force:word")

    assert login_of(Settings(home=tmp_path, prefect_url="http://127.0.0.1:4200/api")) == "force:word"
