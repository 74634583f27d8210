"""`lfr login | logout | whoami`: who is at this terminal."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Annotated

import typer

from apps.cli.command import Output, command, logged_in
from apps.cli.common import errors, print_plain

if TYPE_CHECKING:
    from lfr_core.custody.identity.code_flow import LoginRequest
    from lfr_core.custody.identity.login import CommandLineLogin
    from lfr_core.custody.identity.loopback import Loopback
    from lfr_core.custody.installation import Installation
    from lfr_core.custody.people import AuthenticatedPerson

__all__ = ["app"]

app = typer.Typer()

_TRIES = 3
"""So often somebody may paste what isn't it."""


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

    ours = _login(installation)
    provider = ours.provider
    if browser:
        with Loopback(provider.login_ports) as loopback:
            identity, session = ours.log_in(
                lambda address, request: _browse(address, request, loopback),
                redirect_uri=provider.redirect_uri(loopback.port),
            )
    else:
        back = provider.redirect_uri(provider.login_ports[0])
        identity, session = ours.log_in(_Pasting(back), redirect_uri=back, tries=_TRIES)
    people = installation.people
    ends_at = identity.issued_at + timedelta(hours=ours.session_h)
    person = people.of_identity(identity.issuer, identity.subject, ends_at=ends_at, shown=identity.token)
    installation.vault.remember(person)
    record_login(installation.engine, installation.trail, person)
    ours.keep(session)
    return _person_output(installation, person)


@command(app)
def logout(installation: Installation) -> Output:
    """Log out, at this terminal and everywhere else: on the pages too, and whoever copied the session.

    Where LFR_SERVICE_KEY_FILE names a script's key, that key is used no more, by anybody, and no login ends.

    Example: lfr logout
    """
    from lfr_core.common.errors import LfrError, Retryable
    from lfr_core.custody.identity.terminal import end_login

    if installation.settings.service_key_file is not None:
        service = logged_in(installation)
        installation.people.end_sessions(service.name, by=service)
        left = f"the key of {service.name} is used no more: compliance makes another (`lfr users add-service`)"
        return Output({"was_logged_in": True}, left)
    try:
        was_in = end_login(_login(installation), installation.people, installation.vault.remember)
    except LfrError as error:
        raise Retryable(
            f"this terminal is logged out, but a copy of its session would count until the shift ends: {error}. Once "
            "that is mended log in and out again, or have compliance do it (`lfr users log-out`)"
        ) from error
    return Output({"was_logged_in": was_in}, "logged out" if was_in else "nobody was logged in")


@command(app)
def whoami(installation: Installation) -> Output:
    """Say who is logged in, and until when, once the provider's signature and the register have been asked.

    Example: lfr whoami
    """
    return _person_output(installation, logged_in(installation))


def _login(installation: Installation) -> CommandLineLogin:
    from lfr_core.custody.identity.terminal import build_command_line_login

    return build_command_line_login(installation)


def _browse(address: str, request: LoginRequest, loopback: Loopback) -> str:
    import webbrowser

    errors.print("Log in with your browser; if none opens, open this address yourself (or use --no-browser):")
    print_plain(address, on=errors)
    webbrowser.open(address)
    return loopback.wait(request.state)


class _Pasting:
    """Asks for what the browser came to, once for each call: the first time it says how to get there."""

    def __init__(self, back: str) -> None:
        self._back = back
        self._is_first = True

    def __call__(self, address: str, request: LoginRequest) -> str:
        from lfr_core.common.errors import Refused

        if self._is_first:
            errors.print(
                "Open this address in a browser and log in. The browser then can't open a page of 127.0.0.1: copy that"
            )
            errors.print("page's address, and paste it here.")
            print_plain(address, on=errors)
        else:
            what = f"the whole address that the browser couldn't open: it begins with {self._back}?code="
            print_plain(f"That isn't the answer to this login. Paste {what}", on=errors)
        self._is_first = False
        try:
            pasted: str = typer.prompt("The address (or the code in it)", err=True, hide_input=False)
        except typer.Abort as ended:
            raise Refused("login.late", "nothing was pasted: begin again with `lfr login --no-browser`") from ended
        return pasted


def _person_output(installation: Installation, person: AuthenticatedPerson) -> Output:
    """Say who is logged in, and until when by the clock of this machine; a service account's key has no end."""
    from lfr_core.custody.people import Role

    roles = [role.value for role in Role if role in person.roles]
    ends = person.login.ends_at  # None for a service's key
    document = {
        "name": person.name,
        "roles": roles,
        "rank": person.rank_in_words or None,
        "until": ends.isoformat() if ends else None,
    }
    until = ""
    if ends:
        local = ends.astimezone()
        until = f" until {local:%H:%M on %A} {local.day} {local:%B} (in {_time_left(ends - installation.now)})"
    return Output(document, f"{person.name}: logged in{until}; {', '.join(roles)}")


def _time_left(left: timedelta) -> str:
    minutes = max(int(left.total_seconds() // 60), 0)
    return f"{minutes // 60} h {minutes % 60} min"
