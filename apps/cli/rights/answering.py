"""`lfr rights answer | disclose | approve | assign | confirm | close`: what compliance does with a request."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from apps.cli.command import Output, command
from apps.cli.rights.text import Reference, TextFile, check_standard_input, read_words, request_output

if TYPE_CHECKING:
    from lfr_core.custody.installation import Installation
    from lfr_core.custody.people import AuthenticatedPerson

__all__ = ["app"]

app = typer.Typer()


@command(app, migrated=True)
def answer(
    installation: Installation,
    reference: Reference,
    by: AuthenticatedPerson,
    text_file: TextFile = None,
    listed: Annotated[bool, typer.Option("--listed", help='Answer "was I on a list": the words are given.')] = False,
    subject_file: Annotated[
        Path | None,
        typer.Option(
            "--subject-file",
            help="A file with the nominal id of who asks, - for standard input; used only after "
            "`lfr rights disclose`. Without: asked at a terminal.",
        ),
    ] = None,
) -> Output:
    """Write the answer. "Was I on a list" is neither confirmed nor denied, in the same words to everybody.

    Example: lfr rights answer R-2026-7QF3-9KXM-2TWA --listed
    """
    from lfr_core.publication.build import build_rights_service
    from lfr_core.publication.rights import answering

    service = build_rights_service(installation)
    check_standard_input(text_file, subject_file)
    if listed:
        subject = read_words(subject_file, "Nominal id, if it was approved to answer plainly", optional=True)
        return request_output(answering.answer_listed(service, reference, by=by, subject=subject))
    return request_output(answering.answer(service, reference, read_words(text_file, "Answer"), by=by))


@command(app, migrated=True)
def disclose(installation: Installation, reference: Reference, by: AuthenticatedPerson) -> Output:
    """Ask that one enquiry "was I on a list" be answered plainly. Another person approves: `lfr rights approve`.

    Example: lfr rights disclose R-2026-7QF3-9KXM-2TWA
    """
    from lfr_core.publication.build import build_rights_service
    from lfr_core.publication.rights import answering

    return request_output(answering.ask_disclosure(build_rights_service(installation), reference, by=by))


@command(app, migrated=True)
def approve(
    installation: Installation,
    reference: Reference,
    by: AuthenticatedPerson,
    digest: Annotated[
        str, typer.Option("--digest", help="Of what you read; without it what is asked is shown and nothing done.")
    ] = "",
) -> Output:
    """Approve, as the second person, that an enquiry "was I on a list" is answered plainly.

    Example: lfr rights approve R-2026-7QF3-9KXM-2TWA --digest 0f3c9a11d2e47b58
    """
    from lfr_core.publication.build import build_rights_service
    from lfr_core.publication.rights import answering

    service = build_rights_service(installation)
    if not digest:
        return request_output(service.find(reference, by=by))
    return request_output(answering.approve_disclosure(service, reference, digest=digest, by=by))


@command(app, migrated=True)
def assign(
    installation: Installation,
    reference: Reference,
    deployment: Annotated[str, typer.Argument(metavar="DEPLOYMENT", help="Its public name or id.")],
    by: AuthenticatedPerson,
) -> Output:
    """Say which deployment a request is about, where the person couldn't.

    Example: lfr rights assign R-2026-7QF3-9KXM-2TWA high-street-0412
    """
    from lfr_core.publication.build import build_rights_service

    return request_output(build_rights_service(installation).assign(reference, deployment, by=by))


@command(app, migrated=True)
def confirm(installation: Installation, reference: Reference, by: AuthenticatedPerson) -> Output:
    """Confirm the hold that a complaint placed by itself, as the second person; else it lapses.

    Example: lfr rights confirm R-2026-7QF3-9KXM-2TWA
    """
    from lfr_core.publication.build import build_rights_service

    return request_output(build_rights_service(installation).confirm(reference, by=by))


@command(app, migrated=True)
def close(
    installation: Installation,
    reference: Reference,
    by: AuthenticatedPerson,
    withdrawn: Annotated[bool, typer.Option("--withdrawn", help="The person took it back.")] = False,
) -> Output:
    """Close an answered request. Who asked, and what, is destroyed some months later, by the policy.

    Example: lfr rights close R-2026-7QF3-9KXM-2TWA
    """
    from lfr_core.publication.build import build_rights_service
    from lfr_core.publication.rights import answering

    return request_output(answering.close(build_rights_service(installation), reference, by=by, withdrawn=withdrawn))
