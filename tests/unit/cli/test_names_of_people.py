"""Nobody acts under a name that is typed, as the first person or the second: no command has an option for it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from typer.main import get_command

from apps.cli.main import app
from lfr_core.custody.people.roles import SERVICE_ROLES, Role

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


NOT_PERSONAL = {
    "closed",
    "deployment",
    "digest",
    "from_",
    "listed",
    "output",
    "purpose",
    "received",
    "receipt",
    "to",
    "withdrawn",
}


def test_nothing_personal_of_who_asks_for_their_rights_stands_in_a_command_line() -> None:
    options = {
        each.name: set(each.opts)
        for path, command in COMMANDS.items()
        for each in command.params
        if path[0] == "rights" and each.param_type_name == "option"
    }
    typed = {name for name, flags in options.items() if not any(flag.endswith("-file") for flag in flags)}

    assert typed <= NOT_PERSONAL | {"as_json", "json", "help"}
    assert {"contact_file", "place_file", "subject_file", "text_file"} <= options.keys()


def test_each_role_that_a_person_may_hold_is_named_where_roles_are_given() -> None:
    given = [each for path, command in COMMANDS.items() for each in command.params if "--role" in each.opts]
    roles = [role.value.replace(" ", "-") for role in Role if role not in SERVICE_ROLES]
    missing = [role for role in roles for each in given if role not in each.help]

    assert len(given) >= 2
    assert missing == []
