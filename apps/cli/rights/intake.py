"""`lfr rights enquire | complain`: taking a request of the public."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from apps.cli.command import Output, command
from apps.cli.rights.text import (
    TextFile,
    check_standard_input,
    parse_day,
    parse_moment,
    read_words,
    request_output,
)

if TYPE_CHECKING:
    from lfr_core.custody.installation import Installation
    from lfr_core.custody.people import AuthenticatedPerson
    from lfr_core.publication.rights.types import RequestContext

__all__ = ["app"]

app = typer.Typer()

ContactFile = Annotated[
    Path | None,
    typer.Option("--contact-file", help="A file with how to answer; - reads standard input. Without: asked for."),
]
DeploymentName = Annotated[str, typer.Option("--deployment", help="The name the public has for the deployment.")]
From = Annotated[str, typer.Option("--from", help="Or from this time, e.g. 2026-12-04T14:30, London's clock ...")]
To = Annotated[str, typer.Option("--to", help="... to this time.")]
PlaceFile = Annotated[
    Path | None,
    typer.Option("--place-file", help="A file with where it was, in the person's words. Without: asked at a terminal."),
]
Receipt = Annotated[str, typer.Option("--receipt", help="Reference of the receipt given at the stop.")]
Received = Annotated[str, typer.Option("--received", metavar="DATE", help="Day on which it came; today unless given.")]


@command(app, migrated=True)
def enquire(
    installation: Installation,
    by: AuthenticatedPerson,
    contact_file: ContactFile = None,
    text_file: TextFile = None,
    deployment: DeploymentName = "",
    from_: From = "",
    to: To = "",
    place_file: PlaceFile = None,
    receipt: Receipt = "",
    received: Received = "",
    listed: Annotated[bool, typer.Option("--listed", help='It asks "was I on a list".')] = False,
) -> Output:
    """Take an enquiry; the person is given its reference, and an answer within one month.

    Example: lfr rights enquire --listed --deployment high-street-0412 --text-file letter.txt

    """
    contact, words, place = _read_personal(contact_file, text_file, place_file)
    about = _parse_context(deployment, from_, to, place, receipt)
    return _receive(installation, "enquiry", contact, words, about, received, by=by, asks_listed=listed)


@command(app, migrated=True)
def complain(
    installation: Installation,
    by: AuthenticatedPerson,
    contact_file: ContactFile = None,
    text_file: TextFile = None,
    deployment: DeploymentName = "",
    from_: From = "",
    to: To = "",
    place_file: PlaceFile = None,
    receipt: Receipt = "",
    received: Received = "",
) -> Output:
    """Take a complaint; the footage it concerns is held by itself, until a second person confirms that or time passes.

    Example: lfr rights complain --receipt S-2026-7QF3-9KXM-2TWA --text-file letter.txt

    """
    contact, words, place = _read_personal(contact_file, text_file, place_file)
    about = _parse_context(deployment, from_, to, place, receipt)
    return _receive(installation, "complaint", contact, words, about, received, by=by, asks_listed=False)


def _read_personal(contact: Path | None, text: Path | None, place: Path | None) -> tuple[str, str, str]:
    """Read how to answer, the words and the place, all of which are sealed. Raises Poison."""
    check_standard_input(contact, text, place)
    return (
        read_words(contact, "How to answer (address, e-mail)"),
        read_words(text, "What is asked"),
        read_words(place, "Where it was (may stay empty)", optional=True),
    )


def _receive(
    installation: Installation,
    kind: str,
    contact: str,
    text: str,
    about: RequestContext,
    received: str,
    *,
    by: AuthenticatedPerson,
    asks_listed: bool,
) -> Output:
    from lfr_core.publication.build import build_rights_service
    from lfr_core.publication.rights.types import NewRequest, RequestKind

    asked = NewRequest(RequestKind(kind), contact, text, about, asks_listed, parse_day(received))
    return request_output(build_rights_service(installation).take(asked, by=by))


def _parse_context(deployment: str, from_: str, to: str, place: str, receipt: str) -> RequestContext:
    """Say what a request is about. Raises Poison for a time that isn't one."""
    from lfr_core.publication.rights.types import RequestContext

    return RequestContext(deployment, parse_moment(from_), parse_moment(to), place, receipt)
