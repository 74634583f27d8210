"""`lfr login | logout | whoami`: who is at this terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from apps.cli.command import Output, command, logged_in
from apps.cli.common import errors, print_plain

if TYPE_CHECKING:
    from lfr_core.custody.identity.code_flow import LoginRequest
    from lfr_core.custody.identity.login import CommandLineLogin
    from lfr_core.custody.identity.loopback import Loopback
    from lfr_core.custody.installation import Installation
    from lfr_core.custody.people import Person

__all__ = ["app"]

app = typer.Typer()


@command(app, migrated=True)
def login(
    installation: Installation,
    browser: Annotated[
        bool,
        typer.Option("--browser/--no-browser", help="Without: open the address elsewhere, and paste what comes back."),
    ] = True,
) -> Output:
    """Log in at your force's identity provider, or at the platform's own, until the shift ends.

    Example: lfr login
    """
    from lfr_core.custody.identity.loopback import Loopback
    from lfr_core.custody.identity.terminal import record_login
    from lfr_core.custody.people import People

    ours = _login(installation)
    provider = ours.provider
    if browser:
        with Loopback(provider.login_ports) as loopback:
            identity, session = ours.log_in(
                lambda address, request: _browse(address, request, loopback),
                redirect_uri=provider.redirect_uri(loopback.port),
            )
    else:
        identity, session = ours.log_in(_paste, redirect_uri=provider.redirect_uri(provider.login_ports[0]))
    people = People(installation.engine, installation.trail, installation.clock)
    person = people.of_identity(identity.issuer, identity.subject)
    record_login(installation.engine, installation.trail, person)
    ours.keep(session)
    return _person_output(person, "logged in")


@command(app)
def logout(installation: Installation) -> Output:
    """Log out at this terminal. Sessions elsewhere stay: `lfr users` ends them all.

    Example: lfr logout
    """
    was_in = _login(installation).log_out()
    return Output({"was_logged_in": was_in}, "logged out" if was_in else "nobody was logged in")


@command(app)
def whoami(installation: Installation) -> Output:
    """Say who is logged in, once the provider's signature and the register have been asked.

    Example: lfr whoami
    """
    return _person_output(logged_in(installation), "logged in")


def _login(installation: Installation) -> CommandLineLogin:
    from lfr_core.custody.identity.terminal import command_line_login

    return command_line_login(installation)


def _browse(address: str, request: LoginRequest, loopback: Loopback) -> str:
    import webbrowser

    errors.print("Log in with your browser; if none opens, open this address yourself (or use --no-browser):")
    print_plain(address, on=errors)
    webbrowser.open(address)
    return loopback.wait(request.state)


def _paste(address: str, request: LoginRequest) -> str:  # noqa: ARG001  as `_browse`
    errors.print(
        "Open this address in a browser and log in. The browser then can't open a page of 127.0.0.1: copy that"
    )
    errors.print("page's address, and paste it here.")
    print_plain(address, on=errors)
    pasted: str = typer.prompt("The address (or the code in it)", err=True, hide_input=False)
    return pasted


def _person_output(person: Person, what: str) -> Output:
    from lfr_core.custody.people import Role

    roles = [role.value for role in Role if role in person.roles]
    document = {"name": person.name, "roles": roles, "rank": person.rank.value}
    return Output(document, f"{person.name}: {what}; {', '.join(roles)}")
