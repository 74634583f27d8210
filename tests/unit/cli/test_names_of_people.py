"""Nobody acts under a name that is typed, as the first person or the second: no command has an option for it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from typer.main import get_command

from apps.cli.main import app

TYPED = {"--by", "--as", "--actor", "--user", "--operator", "--approved-by", "--second"}
NAMES_A_THING = {("deployment", "create"), ("camera", "add"), ("camera", "run"), ("camera", "probe"), ("stream", "run")}
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
