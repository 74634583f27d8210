"""What holds of every command of `lfr`, also of those to come: examples that work, failures without a traceback."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from typer.main import get_command
from typer.testing import CliRunner

from apps.cli.main import app
from lfr_core.common.settings import Settings
from tests.support.brokers import free_ports
from tests.support.run_commands import CommandProcess

EXAMPLE = re.compile(r"Example: `?(?:[A-Z]\w+=\S+ )*lfr ([^`\n]+)")


@dataclass(frozen=True)
class Command:
    """A group or a command, as typed."""

    words: tuple[str, ...]
    command: Any  # typer's own click, which has no public types
    is_group: bool

    @property
    def example(self) -> list[str]:
        """The words after `lfr` of the example in its help."""
        text = f"{self.command.help or ''}\n{self.command.epilog or ''}"
        found = EXAMPLE.search(" ".join(text.split("\n")))
        return shlex.split(found[1]) if found else []


def every_command() -> list[Command]:
    def below(command: Any, words: tuple[str, ...]) -> list[Command]:
        children = getattr(command, "commands", None)
        deeper = [each for name, child in sorted((children or {}).items()) for each in below(child, (*words, name))]
        return [Command(words, command, children is not None), *deeper]

    return below(get_command(app), ())


COMMANDS = every_command()
LEAVES = [each for each in COMMANDS if not each.is_group]
FOLDER_ALONE = {("watchlist", "template"), ("publish", "verify"), ("policy", "check")}  # which need no settings
WELL_ALONE = {("policy", "show"), ("deployment", "forecast"), ("deployment", "template"), ("down",)}
"""They need nothing that may be away; and where nothing runs there is nothing to stop."""
NEEDY = [each for each in LEAVES if each.words not in FOLDER_ALONE]
STARTS = {("up",), ("demo",), ("stream", "run")}
"""They make what they need."""


def title(each: Command) -> str:
    return " ".join(("lfr", *each.words))


@pytest.mark.parametrize("each", COMMANDS, ids=title)
def test_its_help_has_an_example_of_itself(each: Command) -> None:
    shown = CliRunner().invoke(app, [*each.words, "--help"])

    assert shown.exit_code == 0
    assert "Example: " in shown.output
    assert tuple(each.example[: len(each.words)]) == each.words


@pytest.mark.parametrize("each", LEAVES, ids=title)
def test_its_example_is_understood_by_it(each: Command) -> None:
    arguments = each.example[len(each.words) :]

    context = each.command.make_context(title(each), arguments)  # refuses unknown options and missing ones

    assert context.args == []


def local(each: Command) -> list[str]:
    """Its example, asking for JSON where it can, and for no other machine."""
    wants_json = any("--json" in option.opts and option.is_flag for option in each.command.params)
    arguments = ["/nowhere.mp4" if "://" in word else word for word in each.example]
    return [*arguments, *(["--json"] if wants_json and "--json" not in arguments else [])]


def test_with_nothing_to_work_with_it_fails_in_a_sentence_and_leaves_standard_output_to_programs(
    commands: CommandProcess, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("in the way")
    nowhere = str(tmp_path / "file" / "below")
    (port,) = free_ports(1)
    away = {
        "LFR_HOME": nowhere,
        "LFR_CACHE": nowhere,
        "LFR_KAFKA_SERVERS": f"127.0.0.1:{port}",
        "LFR_MILVUS_URI": f"http://127.0.0.1:{port}",
    }
    ended = commands.run([(local(each), away) for each in NEEDY], tmp_path)

    faults = []
    for each, result in zip(NEEDY, ended, strict=True):
        name = " ".join(local(each))
        if result["bug"]:
            faults.append(f"{name}: a traceback for {result['bug']}")
        if result["code"] == 0 and each.words not in WELL_ALONE:
            faults.append(f"{name}: exit code 0")
        if not result["out"] and not result["err"].strip():
            faults.append(f"{name}: not a word")
        if result["out"]:
            try:
                json.loads(result["out"])
            except ValueError:
                faults.append(f"{name}: no JSON alone on standard output but {result['out'][:80]!r}")
    assert faults == []


@pytest.mark.slow
def test_before_the_first_start_it_says_to_start_the_platform_in_no_words_of_sql(
    commands: CommandProcess, tmp_path: Path
) -> None:
    asked = [each for each in NEEDY if each.words not in STARTS]
    cache = str(Settings().cache.absolute())
    homes = [{"LFR_HOME": str(tmp_path / f"home{number}"), "LFR_CACHE": cache} for number in range(len(asked))]
    ended = commands.run([(local(each), env) for each, env in zip(asked, homes, strict=True)], tmp_path)

    words = re.compile(r"no such (table|column)|sqlite3\.|SELECT|Error\b|Traceback")
    assert [title(each) for each, result in zip(asked, ended, strict=True) if words.search(result["err"])] == []
    lacking = {title(each): result["err"] for each, result in zip(asked, ended, strict=True) if result["code"] == 70}
    assert {"lfr users list", "lfr whoami", "lfr audit show"} <= lacking.keys()
    of_records = {name: err for name, err in lacking.items() if "records.sqlite3" in err}
    assert [name for name, err in of_records.items() if "start the platform first with `lfr up`" not in err] == []


def test_a_setting_that_cant_be_used_is_named_by_every_command(commands: CommandProcess, tmp_path: Path) -> None:
    env = {"LFR_HOME": str(tmp_path), "LFR_KAFKA_PORT": "many"}
    ended = commands.run([(local(each), env) for each in NEEDY], tmp_path)

    assert [
        title(each)
        for each, result in zip(NEEDY, ended, strict=True)
        if result["code"] != 70 or "LFR_KAFKA_PORT" not in result["err"]
    ] == []
    assert list(tmp_path.iterdir()) == []


def test_each_kind_of_bad_setting_is_one_sentence(commands: CommandProcess, tmp_path: Path) -> None:
    bad = {
        "LFR_EXECUTION_PROVIDERS": "cuda",
        "LFR_LOG_LEVEL": "loud",
        "LFR_POLICY_FILE": "/etc",
        "LFR_DATABASE_URL": "nonsense",
    }
    says = {name: name for name in bad} | {"LFR_POLICY_FILE": "/etc"}
    create, home = ["deployment", "create", "x"], {"LFR_HOME": str(tmp_path)}
    ended = commands.run([(create, home | {name: value}) for name, value in bad.items()], tmp_path)

    assert [(result["code"], result["bug"]) for result in ended] == [(70, "")] * len(bad)
    assert [name for name, result in zip(bad, ended, strict=True) if says[name] not in result["err"]] == []


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full here")
def test_output_that_cannot_be_written_fails_in_a_sentence(tmp_path: Path) -> None:
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [str(Path(sys.executable).with_name("lfr")), "status", "--json"],
            env=os.environ | {"LFR_HOME": str(tmp_path)},
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )

    assert done.returncode != 0
    assert "No space left" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_result_file_that_cannot_be_written_is_refused_before_anything_starts(
    commands: CommandProcess, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("in the way")
    result = str(tmp_path / "file" / "result.json")
    demo = ["demo", "--headless", "--json", result]
    stream = ["stream", "run", "--source", str(tmp_path), "--watchlist", str(tmp_path), "--json", result]
    ended = commands.run([(each, {"LFR_HOME": str(tmp_path / "home")}) for each in (demo, stream)], tmp_path)

    assert [each["code"] for each in ended] == [70, 70]
    assert all("result.json can't be written" in each["err"].replace("\n", "") for each in ended)
    assert not (tmp_path / "home").exists()
