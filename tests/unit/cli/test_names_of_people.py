"""Nobody acts as the platform by typing it: every option that takes a person's name refuses `system:NAME`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from typer.main import get_command
from typer.testing import CliRunner

from apps.cli.main import app

OPTIONS = {"--by", "--approved-by"}
BY_NAME = {("operator", "attend"), ("operator", "sign-on"), ("operator", "sign-off"), ("probe", "self-test")}
"""Commands whose `--name` is a person's."""


def commands(command: Any = None, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Every command; of typer's own click, which has no public types."""
    command = command or get_command(app)
    children = getattr(command, "commands", None)
    if children is None:
        yield path, command
    for name, each in (children or {}).items():
        yield from commands(each, (*path, name))


COMMANDS = dict(commands())


def names() -> list[tuple[tuple[str, ...], str]]:
    found = []
    for path, command in COMMANDS.items():
        flags = {flag for each in command.params for flag in each.opts}
        found += [(path, flag) for flag in sorted(flags & (OPTIONS | ({"--name"} if path in BY_NAME else set())))]
    return found


def test_the_options_that_take_a_person_are_found() -> None:
    found = names()

    assert {path for path, flag in found if flag == "--name"} == BY_NAME
    assert len(found) > 30


@pytest.mark.parametrize(
    ("path", "flag"), names(), ids=lambda each: " ".join(each) if isinstance(each, tuple) else each
)
def test_a_part_of_the_platform_is_no_persons_name(path: tuple[str, ...], flag: str) -> None:
    required = [each for each in COMMANDS[path].params if each.required and flag not in each.opts]
    given = [part for each in required for part in ((each.opts[0], "1") if each.opts[0].startswith("-") else ("1",))]

    result = CliRunner().invoke(app, [*path, flag, "system:recorder", *given])

    assert result.exit_code == 77
    assert "actor.not-a-person" in result.output
