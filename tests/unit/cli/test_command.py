"""What the shape of commands gives to each of them: an installation that is closed again, JSON, errors, exit codes."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import pytest
import typer
from typer.testing import CliRunner

from apps.cli.command import Output, command
from lfr_core.common.errors import Refused
from lfr_core.custody.installation import Installation
from lfr_core.storage.migrate import check

Count = Annotated[int, typer.Option("--count", help="So many.")]


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("LFR_HOME", str(tmp_path))
    return tmp_path


def run(app: typer.Typer, *words: str) -> tuple[int, str]:
    done = CliRunner().invoke(app, words)
    assert done.exception is None or isinstance(done.exception, SystemExit), repr(done.exception)
    return done.exit_code, done.output


def made(body: Callable[..., Output | None]) -> typer.Typer:
    app = typer.Typer()
    command(app, "it")(body)
    return app


def test_a_command_with_an_output_prints_it_for_people_or_as_json() -> None:
    def body(count: Count = 1) -> Output:
        return Output({"count": count}, f"[{count}] of them", exit_code=3)

    app = made(body)

    assert run(app, "--count", "7") == (3, "[7] of them\n")
    code, printed = run(app, "--count", "7", "--json")
    assert (code, json.loads(printed)) == (3, {"count": 7})
    assert body(2) == Output({"count": 2}, "[2] of them", exit_code=3)  # the function itself stays as it is


def test_a_command_without_an_output_has_no_json() -> None:
    def body(count: Count = 1) -> None:
        typer.echo(count)

    assert run(made(body), "--count", "7") == (0, "7\n")
    assert run(made(body), "--json")[0] == 2


def test_a_document_that_costs_something_is_made_only_for_json() -> None:
    def body() -> Output:
        return Output(lambda: {"asked": True}, lambda: typer.echo("said"))

    assert run(made(body)) == (0, "said\n")
    assert json.loads(run(made(body), "--json")[1]) == {"asked": True}


def test_the_installation_is_open_until_the_output_is_printed_and_closed_then(monkeypatch: pytest.MonkeyPatch) -> None:
    done: list[str] = []
    monkeypatch.setattr(Installation, "close", lambda _: done.append("closed"))

    def body(installation: Installation, count: Count = 1) -> Output:
        done.append(f"run with {count} in {installation.settings.home.name}")
        return Output(None, lambda: done.append("printed"))

    assert run(made(body), "--count", "2")[0] == 0
    assert [each.split()[0] for each in done] == ["run", "printed", "closed"]


def test_only_a_command_that_asks_for_it_brings_the_tables_up_to_date(home: Path) -> None:
    def body(installation: Installation) -> Output:
        return Output(check(installation.settings.records_url), "done")

    app = typer.Typer()
    command(app, "plain")(body)
    command(app, "migrated", migrated=True)(body)

    assert json.loads(run(app, "plain", "--json")[1]) is False
    assert json.loads(run(app, "migrated", "--json")[1]) is True
    assert (home / "records.sqlite3").exists()


def test_an_error_found_after_the_output_is_a_sentence_behind_it() -> None:
    def body() -> Output:
        return Output({"red": True}, "red", error=Refused("a.rule", "it is red"))

    assert run(made(body)) == (77, "red\nerror (a.rule) it is red\n")
