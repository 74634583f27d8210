"""`lfr rights`: enquiries, complaints, "was I on a list", receipts for people who were stopped."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Annotated

import typer

from apps.cli.common import AsJson, console, guard, load_settings, person_option, policy_of, print_json
from apps.cli.footage_text import records
from apps.cli.rights_text import (
    By,
    Contact,
    DeploymentName,
    From,
    Place,
    Receipt,
    Received,
    Reference,
    Text,
    TextFile,
    To,
    about_of,
    as_day,
    desk_of,
    request_dict,
    tell,
    text_of,
)

__all__ = ["app"]

app = typer.Typer(no_args_is_help=True, help="Enquiries and complaints of the public, and receipts for people stopped.")


@app.command()
def enquire(
    by: By,
    contact: Contact,
    text: Text = "",
    text_file: TextFile = None,
    deployment: DeploymentName = "",
    from_: From = "",
    to: To = "",
    place: Place = "",
    receipt: Receipt = "",
    received: Received = "",
    listed: Annotated[bool, typer.Option("--listed", help='It asks "was I on a list".')] = False,
    as_json: AsJson = False,
) -> None:
    """Take an enquiry; the person is given its reference, and an answer within one month.

    Example: lfr rights enquire --listed --deployment high-street-0412 --contact "PO box 4" --text-file letter.txt
    --by "F. Desk"
    """
    _take(
        "enquiry", by, contact, text, text_file, (deployment, from_, to, place, receipt), received,
        listed=listed, as_json=as_json,
    )  # fmt: skip


@app.command()
def complain(
    by: By,
    contact: Contact,
    text: Text = "",
    text_file: TextFile = None,
    deployment: DeploymentName = "",
    from_: From = "",
    to: To = "",
    place: Place = "",
    receipt: Receipt = "",
    received: Received = "",
    as_json: AsJson = False,
) -> None:
    """Take a complaint; the footage it concerns is held by itself, until a second person confirms that or time passes.

    Example: lfr rights complain --receipt S-2026-7QF3-9KXM-2TWA --contact "a@b.example" --text-file letter.txt
    --by "F. Desk"
    """
    _take(
        "complaint", by, contact, text, text_file, (deployment, from_, to, place, receipt), received,
        listed=False, as_json=as_json,
    )  # fmt: skip


@app.command(name="list")
def list_(
    closed: Annotated[bool, typer.Option("--closed", help="Also those that are closed.")] = False,
    as_json: AsJson = False,
) -> None:
    """List the requests, those due first at the front; an overdue one is red. No personal data is shown.

    Example: lfr rights list
    """
    with guard():
        from rich.table import Column, Table

        from lfr_core.publication.rights.reading import requests

        settings = load_settings()
        with records(settings) as engine:
            desk = desk_of(settings, engine)
            found = requests(engine, desk.days, desk.now(), closed=closed)
        if as_json:
            print_json([request_dict(each) for each in found])
            return
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


@app.command()
def show(
    reference: Reference,
    by: Annotated[str, person_option("--by", "Open it, as this person of compliance ...")] = "",
    purpose: Annotated[str, typer.Option("--purpose", help="... and what for; both go on the audit trail.")] = "",
    as_json: AsJson = False,
) -> None:
    """Show where a request stands; with --by and --purpose also who asked, and what.

    Example: lfr rights show R-2026-7QF3-9KXM-2TWA --by "D. Officer" --purpose "to answer it"
    """
    with guard():
        from lfr_core.publication.rights.reading import find_request

        settings = load_settings()
        with records(settings) as engine:
            desk = desk_of(settings, engine)
            found = find_request(engine, desk.days, desk.now(), reference)
            opened = desk.open(reference, by=by, purpose=purpose) if by or purpose else None
        if as_json:
            personal = {} if opened is None else {
                "contact": opened.contact, "place": opened.place, "text": opened.text, "answer": opened.answer,
            }  # fmt: skip
            print_json(request_dict(found) | personal)
            return
        tell(found, as_json=False)
        if opened is not None:
            for what, words in (
                ("Contact", opened.contact), ("Place", opened.place), ("Asked", opened.text), ("Answer", opened.answer)
            ):  # fmt: skip
                if words:
                    console.print(f"[dim]{what}[/dim]")
                    console.print(words, markup=False, highlight=False, soft_wrap=True)


@app.command()
def answer(
    reference: Reference,
    by: By,
    text: Text = "",
    text_file: TextFile = None,
    listed: Annotated[bool, typer.Option("--listed", help='Answer "was I on a list": the words are given.')] = False,
    subject: Annotated[
        str, typer.Option("--subject", help="Nominal id of who asks; used only after `lfr rights disclose`.")
    ] = "",
    as_json: AsJson = False,
) -> None:
    """Write the answer. "Was I on a list" is neither confirmed nor denied, in the same words to everybody.

    Example: lfr rights answer R-2026-7QF3-9KXM-2TWA --listed --by "D. Officer"
    """
    with guard():
        from lfr_core.publication.rights import answering

        settings = load_settings()
        with records(settings) as engine:
            desk = desk_of(settings, engine)
            if listed:
                done = answering.answer_listed(desk, reference, by=by, subject=subject)
            else:
                done = answering.answer(desk, reference, text_of(text, text_file, "Answer"), by=by)
        tell(done, as_json=as_json)


@app.command()
def disclose(
    reference: Reference,
    by: By,
    approved_by: Annotated[str, person_option("--approved-by", "Another person, who approves it.")],
    as_json: AsJson = False,
) -> None:
    """Decide, two people, that one enquiry "was I on a list" is answered plainly.

    Example: lfr rights disclose R-2026-7QF3-9KXM-2TWA --by "D. Officer" --approved-by "Supt Allow"
    """
    with guard():
        from lfr_core.publication.rights import answering

        settings = load_settings()
        with records(settings) as engine:
            done = answering.disclose(desk_of(settings, engine), reference, by=by, approved_by=approved_by)
        tell(done, as_json=as_json)


@app.command()
def assign(
    reference: Reference,
    deployment: Annotated[str, typer.Argument(metavar="DEPLOYMENT", help="Its public name or id.")],
    by: By,
    as_json: AsJson = False,
) -> None:
    """Say which deployment a request is about, where the person couldn't.

    Example: lfr rights assign R-2026-7QF3-9KXM-2TWA high-street-0412 --by "D. Officer"
    """
    with guard():
        settings = load_settings()
        with records(settings) as engine:
            tell(desk_of(settings, engine).assign(reference, deployment, by=by), as_json=as_json)


@app.command()
def confirm(reference: Reference, by: By, as_json: AsJson = False) -> None:
    """Confirm the hold that a complaint placed by itself, as the second person; else it lapses.

    Example: lfr rights confirm R-2026-7QF3-9KXM-2TWA --by "D. Officer"
    """
    with guard():
        settings = load_settings()
        with records(settings) as engine:
            tell(desk_of(settings, engine).confirm(reference, by=by), as_json=as_json)


@app.command()
def close(
    reference: Reference,
    by: By,
    withdrawn: Annotated[bool, typer.Option("--withdrawn", help="The person took it back.")] = False,
    as_json: AsJson = False,
) -> None:
    """Close an answered request. Who asked, and what, is destroyed some months later, by the policy.

    Example: lfr rights close R-2026-7QF3-9KXM-2TWA --by "D. Officer"
    """
    with guard():
        from lfr_core.publication.rights import answering

        settings = load_settings()
        with records(settings) as engine:
            done = answering.close(desk_of(settings, engine), reference, by=by, withdrawn=withdrawn)
        tell(done, as_json=as_json)


@app.command()
def due(as_json: AsJson = False) -> None:
    """What is overdue or due soon, and holds nobody has confirmed. Exit code 1 when an answer is overdue.

    Example: lfr rights due
    """
    with guard():
        from lfr_core.publication.rights.reading import requests
        from lfr_core.publication.rights.types import RequestState

        settings = load_settings()
        with records(settings) as engine:
            desk = desk_of(settings, engine)
            found = [
                each
                for each in requests(engine, desk.days, desk.now())
                if each.state in {RequestState.OVERDUE, RequestState.DUE_SOON}
                or any(hold.is_provisional for hold in each.holds)
            ]
        if as_json:
            print_json([request_dict(each) for each in found])
        elif not found:
            console.print("Nothing is due within a week, and no hold waits for a second person.")
        else:
            for each in found:
                tell(each, as_json=False)
        if any(each.state is RequestState.OVERDUE for each in found):
            raise typer.Exit(1)


@app.command()
def receipt(
    alert: Annotated[str, typer.Argument(metavar="ALERT", help="Id of the alert, or its first characters.")],
    by: By,
    output: Annotated[Path, typer.Option("--output", help="The page is written here.")] = Path("receipt.html"),
    as_json: AsJson = False,
) -> None:
    """Print the receipt for the person engaged on an alert: one page with a reference, and no name.

    Example: lfr rights receipt 1f0c2a7e --by "B. Sergeant" --output receipt.html
    """
    with guard():
        from apps.auditing import whole_file
        from lfr_core.alerts import read
        from lfr_core.common.errors import Refused
        from lfr_core.publication.rights.receipt_page import receipt_html
        from lfr_core.publication.rights.receipts import issue_receipt

        settings = load_settings()
        policy = policy_of(settings)
        with records(settings) as engine:
            found = read.alerts_starting(engine, alert)
            if len(found) != 1:
                raise Refused(
                    "alert.unknown" if not found else "alert.ambiguous",
                    f"{len(found) or 'no'} alerts start with {alert!r}; after 24 hours an alert is deleted",
                )
            issued = issue_receipt(engine, desk_of(settings, engine).trail, found[0], by=by, now_ns=time.time_ns())
        with whole_file(output) as out:
            out.write(receipt_html(issued, policy).encode())
        if as_json:
            print_json({"reference": issued.reference, "file": str(output)})
        else:
            console.print(f"{issued.reference}: {output}", markup=False, soft_wrap=True)


def _take(
    kind: str, by: str, contact: str, text: str, text_file: Path | None, about: tuple[str, str, str, str, str],
    received: str, *, listed: bool, as_json: bool,
) -> None:  # fmt: skip
    with guard():
        from lfr_core.publication.rights.types import NewRequest, RequestKind

        settings = load_settings()
        asked = NewRequest(
            kind=RequestKind(kind),
            contact=contact,
            text=text_of(text, text_file, "What is asked"),
            about=about_of(*about),
            asks_listed=listed,
            received_on=as_day(received),
        )
        with records(settings) as engine:
            taken = desk_of(settings, engine).take(asked, by=by)
        tell(taken, as_json=as_json)
