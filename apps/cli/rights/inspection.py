"""`lfr rights list | show | due`: which requests there are, and how each stands."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from apps.cli.command import Output, command
from apps.cli.common import console, print_plain
from apps.cli.rights.text import Reference, request_dict, show_request

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lfr_core.custody.installation import Installation
    from lfr_core.custody.people import AuthenticatedPerson
    from lfr_core.publication.rights.types import Request

__all__ = ["app"]

app = typer.Typer()


@command(app, "list", migrated=True)
def list_requests(
    installation: Installation,
    by: AuthenticatedPerson,
    closed: Annotated[bool, typer.Option("--closed", help="Also those that are closed.")] = False,
) -> Output:
    """List the requests, those due first at the front; an overdue one is red. No personal data is shown.

    Example: lfr rights list
    """
    from lfr_core.publication.build import build_rights_service

    found = build_rights_service(installation).list(by=by, closed=closed)
    return Output([request_dict(each) for each in found], lambda: _show_list(found))


@command(app, migrated=True)
def show(
    installation: Installation,
    reference: Reference,
    by: AuthenticatedPerson,
    purpose: Annotated[str, typer.Option("--purpose", help="What for it is opened; on the audit trail.")] = "",
) -> Output:
    """Show where a request stands; with --purpose also who asked, and what.

    Example: lfr rights show R-2026-7QF3-9KXM-2TWA --purpose "to answer it"
    """
    from lfr_core.publication.build import build_rights_service

    service = build_rights_service(installation)
    opened = service.open(reference, by=by, purpose=purpose) if purpose else None
    found = service.find(reference, by=by)
    personal = (
        {}
        if opened is None
        else {"contact": opened.contact, "place": opened.place, "text": opened.text, "answer": opened.answer}
    )

    def text() -> None:
        show_request(found)
        for name, heading in (("contact", "Contact"), ("place", "Place"), ("text", "Asked"), ("answer", "Answer")):
            if personal.get(name):
                console.print(f"[dim]{heading}[/dim]")
                print_plain(personal[name])

    return Output(request_dict(found) | personal, text)


@command(app, migrated=True)
def due(installation: Installation, by: AuthenticatedPerson) -> Output:
    """Show what is overdue or due soon, and holds nobody has confirmed. Exit code 1 when an answer is overdue.

    Example: lfr rights due
    """
    from lfr_core.publication.build import build_rights_service
    from lfr_core.publication.rights.types import RequestState

    found = [
        each
        for each in build_rights_service(installation).list(by=by)
        if each.state in {RequestState.OVERDUE, RequestState.DUE_SOON}
        or any(hold.is_provisional for hold in each.holds)
    ]

    def text() -> None:
        if not found:
            console.print("Nothing is due within a week, and no hold waits for a second person.")
        for each in found:
            show_request(each)

    is_late = any(each.state is RequestState.OVERDUE for each in found)
    return Output([request_dict(each) for each in found], text, exit_code=1 if is_late else 0)


def _show_list(found: Sequence[Request]) -> None:
    from rich.table import Column, Table

    if not found:
        console.print("No request is open.")
        return
    table = Table(Column("Reference", min_width=21), "Kind", "About", "Received", "Answer by", "State", "Held")
    for each in found:
        late = each.state.value == "overdue"
        table.add_row(
            each.reference,
            each.kind.value + (" (list)" if each.asks_listed else ""),
            each.deployment or "—",
            str(each.received_on),
            str(each.due_on),
            f"[bold red]{each.state.value}[/bold red]" if late else each.state.value,
            str(sum(hold.segments for hold in each.holds if hold.ended_at is None)),
        )
    console.print(table)
