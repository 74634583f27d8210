"""Records of another installation are refused by each process beside a keystore: nothing goes by them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest
from sqlmodel import select

from apps.supervisor.plan import settings_env
from lfr_core.common.errors import Fatal
from lfr_core.common.settings import Settings
from lfr_core.storage.engine import open_engine, reading, writing
from lfr_core.storage.tables.deployments import DeploymentRow
from lfr_core.storage.tables.vault import InstallationRow

OURS, THEIRS = "0e0d6a3c-ours", "7b1f0b52-theirs"


@pytest.fixture
def head(tmp_path: Path) -> Path:
    """The head of a keystore that is ours."""
    folder = tmp_path / "home" / "vault"
    folder.mkdir(parents=True, mode=0o700)
    (folder / "installation").write_text(OURS)
    (folder / "audit-head.json").write_text("{}")
    return folder / "audit-head.json"


def own(url: str, installation: str) -> None:
    engine = open_engine(url)
    with writing(engine) as session:
        session.add(InstallationRow(id=installation))
    engine.dispose()


def read(url: str, head: Path | None) -> None:
    engine = open_engine(url, had_by=head)
    try:
        with reading(engine) as session:
            session.exec(select(DeploymentRow.id)).all()
        with writing(engine) as session:
            session.exec(select(DeploymentRow.id)).all()
    finally:
        engine.dispose()


def test_records_of_another_installation_are_refused_and_ours_and_new_ones_are_read(
    database_url: str, head: Path
) -> None:
    read(database_url, head)  # nobody's yet
    own(database_url, THEIRS)

    for _ in range(2):
        with pytest.raises(Fatal, match=f"belong to installation {THEIRS}, and the keystore here to {OURS}"):
            read(database_url, head)

    read(database_url, None)
    (head.parent / "installation").write_text(THEIRS)
    read(database_url, head)
    (head.parent / "installation").unlink()  # a machine without the keystore
    read(database_url, head)


def test_a_purge_by_another_installation_s_records_destroys_nothing_and_says_whose_they_are(
    sqlite_url: str, head: Path
) -> None:
    """A check of a list whose deployment they don't know would be old enough to go, and footage nobody's."""
    own(sqlite_url, THEIRS)
    home = head.parents[1]
    kept = [home / "quality" / "ours" / "suite.html", home / "footage" / f"{'a' * 32}.lfrseg"]
    for file in kept:
        file.parent.mkdir(parents=True)
        file.write_text("ours")
        os.utime(file, (0, 0))
    os.utime(home / "quality" / "ours", (0, 0))
    settings = Settings(home=home, database_url=sqlite_url)
    env = os.environ | settings_env(settings) | {"COLUMNS": "1000", "TMPDIR": str(home)}

    said = {}
    for words in (("retention", "run", "--json"), ("deployment", "list"), ("retention", "status")):
        done = subprocess.run(
            [sys.executable, "-m", "apps.cli", *words],
            env=env,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        said[words[1]] = done.stdout + done.stderr
        assert done.returncode != 0, said

    assert all(file.exists() for file in kept)
    assert all(THEIRS in words for words in said.values()), said
    with suppress(ValueError):
        assert not any(report["destroyed"] for report in json.loads(said["run"]))
