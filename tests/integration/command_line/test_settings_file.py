"""Where settings may be written down: one fixed file or the one that is named, and nobody else's."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from lfr_core.common import settings_file
from lfr_core.common.errors import Fatal
from lfr_core.common.settings import Settings, load_settings

Write = Callable[..., Path]


@pytest.fixture
def write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Write:
    """Writes a settings file and names it."""

    def written(text: str | bytes, mode: int = 0o600) -> Path:
        file = tmp_path / "lfr.env"
        file.write_bytes(text if isinstance(text, bytes) else text.encode())
        file.chmod(mode)
        monkeypatch.setenv("LFR_ENV_FILE", str(file))
        return file

    return written


def test_a_dotenv_in_the_working_directory_is_nothing_to_us(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / ".env").write_text("LFR_DATABASE_URL=sqlite:////nowhere/stolen.sqlite3\n")
    (tmp_path / ".env").chmod(0o600)
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("LFR_ENV_FILE")

    assert load_settings().database_url == ""


def test_the_file_in_the_projects_own_folder_counts_wherever_one_stands(
    write: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(settings_file, "FIXED_FILE", write("LFR_WORKERS=3\nexport LFR_BROKER='tansu'\nPATH=/nowhere\n"))
    monkeypatch.delenv("LFR_ENV_FILE")
    monkeypatch.chdir(tmp_path.parent)

    settings = load_settings()

    assert (settings.workers, settings.broker) == (3, "tansu")
    assert os.environ["PATH"] != "/nowhere"


def test_a_named_file_counts_and_the_environment_goes_before_it(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    write("LFR_WORKERS=3\nLFR_KAFKA_PORT=1234\n")
    monkeypatch.setenv("LFR_WORKERS", "5")

    assert (Settings().workers, Settings().kafka_port, Settings(kafka_port=7).kafka_port) == (5, 1234, 7)


@pytest.mark.parametrize(
    ("text", "mode", "says"),
    [
        ("LFR_WORKERS=3", 0o620, "chmod 600"),
        ("LFR_WORKERS=3", 0o604, "chmod 600"),
        (b"\xff\xfe\x00", 0o600, "UTF-8"),
        ("LFR_HOME=var/here", 0o600, "LFR_HOME in"),
        ("LFR_VAULT_FOLDER=~/vault", 0o600, "whole path"),
        ("LFR_DATABASE_URL=sqlite:///here.sqlite3", 0o600, "whole path"),
        ("LFR_EXECUTION_PROVIDERS=cuda", 0o600, "LFR_EXECUTION_PROVIDERS must be JSON"),
        ("#" * 1_000_001, 0o600, "larger than"),
    ],
)
def test_a_file_that_others_may_touch_or_that_means_no_one_thing_is_refused(
    write: Write, text: str | bytes, mode: int, says: str
) -> None:
    write(text, mode)

    with pytest.raises(Fatal, match=says):
        load_settings()


def test_a_file_of_another_user_is_refused(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    file = write("LFR_WORKERS=3")
    if os.geteuid() == 0:
        os.chown(file, 12345, 12345)
    else:
        monkeypatch.setattr(os, "geteuid", lambda: 12345)

    with pytest.raises(Fatal, match="belongs to another user"):
        load_settings()


def test_what_is_no_file_is_refused_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe, 0o600)
    for named, says in ((pipe, "no regular file"), (tmp_path / "absent", "No such file"), ("lfr.env", "whole path")):
        monkeypatch.setenv("LFR_ENV_FILE", str(named))
        with pytest.raises(Fatal, match=says):
            load_settings()


@pytest.mark.slow
def test_env_file_holds_for_every_command(write: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = write(f"LFR_HOME={tmp_path / 'home'}\n")
    monkeypatch.delenv("LFR_HOME")
    monkeypatch.delenv("LFR_ENV_FILE")

    def lfr(*words: str) -> str:
        command = [str(Path(sys.executable).with_name("lfr")), *words]
        return subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False).stderr

    assert str(tmp_path / "home") in lfr("--env-file", file.name, "status").replace("\n", "")
    file.chmod(0o644)
    reported = lfr("--env-file", str(file), "status")
    assert "chmod 600" in reported
    assert "Traceback" not in reported
