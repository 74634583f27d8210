"""The shape of every command: it gets an open installation and returns its output; errors become sentences."""

from __future__ import annotations

import functools
import inspect
import typing
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

import typer

from apps.cli.common import AsJson, guard, print_json, print_plain
from lfr_core.domain.actors import ProcessIdentity

if TYPE_CHECKING:
    from lfr_core.common.errors import LfrError
    from lfr_core.custody.installation import Installation
    from lfr_core.custody.people import Actor, AuthenticatedPerson

__all__ = ["Output", "command", "logged_in", "logged_in_or_machine", "shown_service"]


@dataclass(frozen=True, slots=True)
class Output:
    """What a command found or did, for programs and for people."""

    document: object | Callable[[], object]
    """Printed as JSON with `--json`; or what makes it, where that costs more than the text."""
    text: str | Callable[[], None]
    """A line for people, or what prints more than that."""
    exit_code: int = 0
    error: LfrError | None = None
    """Raised once the rest is printed, where what was found is an error."""

    def write(self, *, as_json: bool) -> None:
        """Print it. Raises `error`, and typer.Exit where the exit code isn't 0."""
        if as_json:
            print_json(self.document() if callable(self.document) else self.document)
        elif isinstance(self.text, str):
            print_plain(self.text)
        else:
            self.text()
        if self.error is not None:
            raise self.error
        if self.exit_code:
            raise typer.Exit(self.exit_code)


Body = TypeVar("Body", bound=Callable[..., Output | None])


def command(
    app: typer.Typer,
    name: str | None = None,
    *,
    migrated: bool = False,
    identity: ProcessIdentity = ProcessIdentity.COMMANDS,
) -> Callable[[Body], Body]:
    """Make a function a command of `app`. The function itself stays as it is.

    Errors of OpenLFR become one sentence and an exit code. A first argument that is annotated `Installation` is the
    installation of the environment's settings, open while the function runs. One annotated `AuthenticatedPerson` is
    who is logged in at this terminal (`lfr login`); the command is refused while nobody is. A function that returns
    `Output` has the option `--json`; if it names `as_json` among its arguments, it is given that too.

    Args:
        app: the group.
        name: as people type it; the function's own unless given.
        migrated: bring the records' tables up to date first.
        identity: as which process the vault knows the command.
    """

    def register(function: Body) -> Body:
        own = list(inspect.signature(function).parameters.values())
        is_given_installation = bool(own) and own[0].annotation == "Installation"
        has_json = function.__annotations__["return"] == "Output"
        who = next((parameter.name for parameter in own if parameter.annotation == "AuthenticatedPerson"), "")
        reads_json = any(parameter.name == "as_json" for parameter in own)

        @functools.wraps(function)
        def run(**options: object) -> None:
            as_json = bool(options.get("as_json") if reads_json else options.pop("as_json", False))
            with guard(), ExitStack() as stack:
                given: tuple[Installation, ...] = ()
                if is_given_installation:
                    given = (stack.enter_context(_open_installation(migrated=migrated, identity=identity)),)
                if who:
                    options[who] = logged_in(*given)
                output = function(*given, **options)
                if output is not None:
                    output.write(as_json=as_json)

        shown = [parameter for parameter in own[is_given_installation:] if parameter.name != who]
        _show_options(run, shown, add_json=has_json and not reads_json)
        app.command(name)(run)
        return function

    return register


def logged_in(installation: Installation) -> AuthenticatedPerson:
    """Find who is logged in at this terminal, or whose key a script shows (`LFR_SERVICE_KEY_FILE`).

    Raises:
        As `lfr_core.custody.identity.terminal.find_person_logged_in` and `find_service_of_key`.
    """
    from lfr_core.custody.identity.service_keys import find_service_of_key
    from lfr_core.custody.identity.terminal import build_command_line_login, find_person_logged_in

    people = installation.people
    if installation.settings.service_key_file is not None:
        person = find_service_of_key(people, installation.settings.service_key_file)
    else:
        person = find_person_logged_in(build_command_line_login(installation), people)
    installation.vault.remember(person)
    return person


def logged_in_or_machine(installation: Installation) -> Actor:
    """Find who is logged in at this terminal; where nobody is, this machine's user acts: on trials, and nothing else.

    Raises:
        Refused, Retryable: as `logged_in`, where there is a login.
    """
    from lfr_core.common.errors import Refused
    from lfr_core.domain.actors import SystemActor

    try:
        return logged_in(installation)
    except Refused as refused:
        if refused.rule not in {"login.none", "login.installation"}:
            raise
        return SystemActor.LFR


def shown_service(installation: Installation) -> AuthenticatedPerson | None:
    """Find whose key a script shows; None where none is shown: the platform's own act is done by hand.

    Raises:
        Refused, Fatal: as `find_service_of_key`.
    """
    return None if installation.settings.service_key_file is None else logged_in(installation)


def _open_installation(*, migrated: bool, identity: ProcessIdentity) -> Installation:
    from lfr_core.custody.installation import Installation, kept_head_of

    installation = Installation(identity=identity)
    if migrated:
        from lfr_core.storage.migrate import upgrade

        upgrade(installation.settings.records_url, had_by=kept_head_of(installation.settings))
    return installation


def _show_options(run: Callable[..., None], options: list[inspect.Parameter], *, add_json: bool) -> None:
    """Give `run` the signature that typer reads: the options alone, their annotations evaluated."""
    run.__annotations__ = {option.name: option.annotation for option in options}
    hints = typing.get_type_hints(run, include_extras=True)
    shown = [option.replace(annotation=hints[option.name], kind=inspect.Parameter.KEYWORD_ONLY) for option in options]
    if add_json:
        shown.append(inspect.Parameter("as_json", inspect.Parameter.KEYWORD_ONLY, default=False, annotation=AsJson))
    run.__annotations__ = {option.name: option.annotation for option in shown}
    run.__signature__ = inspect.Signature(shown)  # type: ignore[attr-defined]  # what inspect and typer look for
