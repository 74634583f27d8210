"""`lfr` stays light: its help within a second, and nothing heavy imported to print it."""

from __future__ import annotations

import json
import resource
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.run_commands import CommandProcess

LFR = Path(sys.executable).with_name("lfr")
HEAVY = [
    "cv2",
    "faust",
    "great_expectations",
    "insightface",
    "kafka",
    "numpy",
    "onnxruntime",
    "pandas",
    "prefect",
    "pymilvus",
    "scipy",
    "sqlalchemy",
    "streamlit",
]


def cpu_seconds(command: list[str]) -> float:
    """CPU time of the command: what it costs, whatever else the machine does meanwhile."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, check=True, capture_output=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def test_help_takes_under_a_second() -> None:
    assert any(cpu_seconds([str(LFR), "--help"]) < 1.0 for _ in range(3))


STARTS = "apps.supervisor.cameras, apps.supervisor.plan, apps.supervisor.process, apps.supervisor.state"
"""What `lfr up --detach` imports, while the supervisor that it has started waits for a core."""


@pytest.mark.parametrize("imported", ["apps.cli.main", f"apps.cli.system, {STARTS}"], ids=["help", "up"])
def test_the_command_line_imports_nothing_heavy(imported: str) -> None:
    code = f"import {imported}, json, sys; print(json.dumps([name for name in {HEAVY!r} if name in sys.modules]))"
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)

    assert json.loads(done.stdout) == []


def leaves() -> list[list[str]]:
    """Every command of `lfr`, as the words a person types."""
    from typer.main import get_command

    from apps.cli.main import app

    def below(command: object, words: list[str]) -> list[list[str]]:
        children = getattr(command, "commands", None)
        if children is None:
            return [words]
        return [leaf for name, child in sorted(children.items()) for leaf in below(child, [*words, name])]

    return below(get_command(app), [])


@pytest.mark.parametrize("name", ["up", "down", "status", "doctor", "demo"])
def test_the_commands_of_the_first_day_stand_at_the_top(name: str) -> None:
    assert [name] in leaves()


@pytest.mark.parametrize("group", ["models", "camera", "watchlist", "deployment", "alerts", "stream"])
def test_the_other_commands_stand_in_their_groups(group: str) -> None:
    assert [words for words in leaves() if words[0] == group and len(words) > 1]


def test_a_setting_that_cant_be_used_is_named_and_nothing_is_started(commands: CommandProcess) -> None:
    (done,) = commands.run([(["status"], {"LFR_KAFKA_PORT": "many"})], Path("/"))

    assert done["code"] == 70
    assert "LFR_KAFKA_PORT" in done["err"]
