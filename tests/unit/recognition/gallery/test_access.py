"""Settings of a Milvus elsewhere: refused in a sentence where faces or passwords would be open to others."""

from __future__ import annotations

from pathlib import Path

import pytest

from lfr_core.common.errors import Fatal
from lfr_core.common.settings import Settings
from lfr_core.recognition.gallery.access import LOGIN_VARIABLE, milvus_access
from tests.support.certificates import Authority

AWAY = "https://milvus.force.example:19530"
HERE = "http://127.0.0.1:19530"


def settings(home: Path, **given: object) -> Settings:
    return Settings(home=home, **given)  # type: ignore[arg-type]  # by name


@pytest.fixture
def login(tmp_path: Path) -> Path:
    file = tmp_path / "login"
    file.write_text("lfr:a long word\n")
    file.chmod(0o600)
    return file


def test_milvus_lite_of_this_machine_is_shown_nothing(tmp_path: Path) -> None:
    access = milvus_access(settings(tmp_path))

    assert (access.uri, access.options()) == ("http://127.0.0.1:19530", {})


def test_login_and_authority_reach_the_client_and_the_login_no_message(tmp_path: Path, login: Path) -> None:
    ca_file = Authority().write(tmp_path / "ca.pem")
    access = milvus_access(settings(tmp_path, milvus_uri=AWAY, milvus_login_file=login, milvus_ca_file=ca_file))

    assert access.options() == {"token": "lfr:a long word", "secure": True, "server_pem_path": str(ca_file)}
    assert "long word" not in f"{access} {access!r} {access.where}"


def test_a_process_started_by_hand_has_its_login_in_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(LOGIN_VARIABLE, "lfr:another word")

    assert milvus_access(settings(tmp_path, milvus_uri=HERE)).login == "lfr:another word"
    assert milvus_access(settings(tmp_path)).login == ""  # nothing is shown to Milvus Lite


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"milvus_uri": "http://milvus.force.example:19530"}, "unencrypted"),
        ({"milvus_uri": "http://localhost.example:19530"}, "unencrypted"),
        ({"milvus_uri": AWAY}, "is shown no login"),
        ({"milvus_uri": "https://lfr:secret@milvus.force.example"}, "LFR_MILVUS_LOGIN_FILE"),
        ({"milvus_uri": "ftp://milvus"}, "no address of a Milvus server"),
        ({"milvus_uri": HERE, "milvus_ca_file": Path("/dev/null")}, "no TLS is asked for"),
        ({"milvus_uri": AWAY, "milvus_ca_file": Path("/nowhere.pem"), "milvus_login_file": "login"}, "in PEM"),
        ({"milvus_login_file": "login"}, "for a Milvus of your own"),
        ({"milvus_uri": AWAY, "milvus_login_file": Path("/dev/no-such-file")}, "there is no /dev/no-such-file"),
        ({"milvus_uri": AWAY, "milvus_login_file": Path("/usr")}, "no regular file"),
    ],
)
def test_a_wrong_setting_is_a_sentence(tmp_path: Path, login: Path, given: dict[str, object], says: str) -> None:
    given = {name: login if value == "login" else value for name, value in given.items()}

    with pytest.raises(Fatal, match=says) as refused:
        milvus_access(settings(tmp_path, **given))

    assert "secret" not in str(refused.value)


@pytest.mark.parametrize("content", ["root:Milvus", "lfr:Milvus", "lfr:root"])
def test_the_password_of_a_fresh_milvus_is_refused_wherever_it_stands(
    tmp_path: Path, login: Path, content: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    login.write_text(content)
    with pytest.raises(Fatal, match="that everybody knows"):
        milvus_access(settings(tmp_path, milvus_uri=HERE, milvus_login_file=login))

    monkeypatch.setenv(LOGIN_VARIABLE, content)
    with pytest.raises(Fatal, match="that everybody knows"):
        milvus_access(settings(tmp_path, milvus_uri=HERE))


def test_a_login_that_others_may_read_is_refused(tmp_path: Path, login: Path) -> None:
    login.chmod(0o640)

    with pytest.raises(Fatal, match="chmod 600"):
        milvus_access(settings(tmp_path, milvus_uri=HERE, milvus_login_file=login))
