"""`lfr users` and `lfr documents` with a vault behind them, as people and programs use them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner

from apps.cli.main import app
from lfr_core.common.errors import Fatal, Refused
from lfr_core.common.settings import Settings
from tests.support.databases import make_records
from tests.support.sessions import session_env
from tests.support.vault_server import serving_vault

DEE = "D. Mensah"
NEXT_YEAR = (datetime.now(tz=UTC) + timedelta(days=200)).date().isoformat()


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A home folder with its records and a vault that answers."""
    settings = Settings(home=tmp_path / "home")
    monkeypatch.setenv("LFR_HOME", str(settings.home))
    monkeypatch.setenv("COLUMNS", "200")
    make_records(settings.records_url)
    with serving_vault(settings):
        yield settings.home


def lfr(*arguments: str, code: int = 0, by: str = "") -> str:
    """What it said."""
    ran = CliRunner().invoke(app, list(arguments), env=session_env(by) if by else {})
    assert (ran.exit_code, ran.exception if ran.exit_code == 1 else None) == (code, None), ran.output
    return ran.stderr if code else ran.stdout


def test_people_are_registered_changed_revoked_and_listed(home: Path) -> None:
    lfr("users", "add", "D. Mensah", "--no-account", "--role", "compliance", "--rank", "police-staff")
    lfr(
        "users",
        "add",
        "C. Adeyemi",
        "--no-account",
        "--role",
        "authorising-officer",
        "--rank",
        "Superintendent",
        by=DEE,
    )
    lfr("users", "change", "C. Adeyemi", "--role", "planner", "--role", "operator", "--rank", "inspector", by=DEE)
    lfr("users", "revoke", "c. adeyemi", "--why", "left", by=DEE)
    found = {each["name"]: each for each in json.loads(lfr("users", "list", "--json", by=DEE))}

    assert found["C. Adeyemi"]["roles"] == ["planner", "operator"]
    assert found["C. Adeyemi"]["rank"] == "inspector"
    assert found["C. Adeyemi"]["revoked_at"]
    assert found["D. Mensah"]["revoked_at"] is None
    assert "C. Adeyemi" in lfr("users", "list", by=DEE)


@pytest.mark.parametrize(
    ("arguments", "output"),
    [
        (("add", "E. Low", "--role", "authorising-officer", "--rank", "inspector"), "people.rank"),
        (("add", "E. Low", "--role", "king", "--rank", "inspector"), "people.unknown-role"),
        (("add", "E. Low", "--role", "planner", "--rank", "wizard"), "people.unknown-rank"),
        (("add", "E. Low", "--role", "planner", "--rank", "inspector"), "login.none"),
        (("revoke", "D. Mensah", "--why", "x"), "people.last-compliance"),
    ],
)
def test_what_is_refused_names_its_rule(home: Path, arguments: tuple[str, ...], output: str) -> None:
    lfr("users", "add", "D. Mensah", "--no-account", "--role", "compliance", "--rank", "police-staff")

    by = "" if output == "login.none" else DEE
    assert output in lfr("users", *arguments, code=Refused.exit_code, by=by)


def test_a_document_is_registered_listed_shown_and_handed_out(home: Path, tmp_path: Path) -> None:
    lfr("users", "add", "D. Mensah", "--no-account", "--role", "compliance", "--rank", "police-staff")
    document, copy = tmp_path / "dpia.md", tmp_path / "copy.md"
    document.write_text("# DPIA\n", encoding="utf-8")
    given = ("--title", "DPIA", "--review-by", NEXT_YEAR)
    lfr("documents", "add", "dpia", str(document), "--version", "1.0", *given, by=DEE)
    lfr("documents", "add", "dpia", str(document), "--version", "2.0", *given, by=DEE)
    listed = lfr("documents", "list")
    (newest,) = json.loads(lfr("documents", "list", "--json"))

    assert newest["version"] == "2.0"
    assert listed.count("missing") == 2  # the two other standing documents
    assert len(json.loads(lfr("documents", "list", "--all", "--json"))) == 2
    assert "as registered" in lfr("documents", "show", "dpia", "--version", "1.0", "--output", str(copy))
    assert copy.read_bytes() == document.read_bytes()

    (home / "papers" / newest["sha256"]).write_text("tampered", encoding="utf-8")
    assert "isn't what was registered" in lfr("documents", "show", "dpia", code=Fatal.exit_code)
    assert "documents.unknown" in lfr("documents", "show", "equality", code=Refused.exit_code)
    assert "documents.unknown-kind" in lfr("documents", "show", "poem", code=Refused.exit_code)
