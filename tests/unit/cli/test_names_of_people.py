"""Nobody acts under a name that is typed: no command has an option for it; a second person is no `system:NAME`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from typer.main import get_command
from typer.testing import CliRunner

from apps.cli.main import app

SECOND = "--approved-by"
TYPED = {"--by", "--as", "--actor", "--user", "--operator"}
NAMES_A_THING = {("deployment", "create"), ("camera", "run"), ("camera", "probe"), ("stream", "run")}
"""Commands whose `--name` is no person's."""


def commands(command: Any = None, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Every command; of typer's own click, which has no public types."""
    command = command or get_command(app)
    children = getattr(command, "commands", None)
    if children is None:
        yield path, command
    for name, each in (children or {}).items():
        yield from commands(each, (*path, name))


COMMANDS = dict(commands())


def flags_of(command: Any) -> set[str]:
    return {flag for each in command.params for flag in each.opts}


def test_no_command_is_told_by_an_option_who_acts() -> None:
    told = {path for path, command in COMMANDS.items() if flags_of(command) & TYPED}
    named = {path for path, command in COMMANDS.items() if "--name" in flags_of(command)}

    assert len(COMMANDS) > 60
    assert told == set()
    assert named <= NAMES_A_THING


@pytest.mark.parametrize(
    "path", [path for path, command in COMMANDS.items() if SECOND in flags_of(command)], ids=" ".join
)
def test_a_part_of_the_platform_is_no_second_person(path: tuple[str, ...]) -> None:
    required = [each for each in COMMANDS[path].params if each.required and SECOND not in each.opts]
    given = [part for each in required for part in ((each.opts[0], "1") if each.opts[0].startswith("-") else ("1",))]

    result = CliRunner().invoke(app, [*path, SECOND, "system:recorder", *given])

    assert result.exit_code == 77
    assert "actor.not-a-person" in result.output
