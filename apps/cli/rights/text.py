"""Reads days, times and words for the commands of `lfr rights`, and shows a request."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from apps.cli.command import Output
from apps.cli.common import console, print_plain

if TYPE_CHECKING:
    import datetime as dt

    from lfr_core.publication.rights.types import Request

__all__ = [
    "Reference",
    "TextFile",
    "check_standard_input",
    "parse_day",
    "parse_moment",
    "read_words",
    "request_dict",
    "request_output",
    "show_request",
]

Reference = Annotated[
    str, typer.Argument(metavar="REFERENCE", help="As R-2026-7QF3-9KXM-2TWA; `lfr rights list` shows it.")
]
TextFile = Annotated[
    Path | None, typer.Option("--text-file", help="A file with the words; - reads standard input. Without: asked for.")
]


def read_words(file: Path | None, prompt: str, *, optional: bool = False) -> str:
    """Read what is personal from a file, standard input (`-`) or the keyboard: every user can see a command line.

    `optional`: it may be left out, and is asked for at a terminal alone.

    Raises:
        Poison: the file isn't UTF-8 text, or can't be read.
    """
    from lfr_core.common.errors import Poison
    from lfr_core.common.files import SETTINGS_BYTES, read_text_bounded

    if file is None:
        if not optional:
            return str(typer.prompt(prompt, err=True))
        at_terminal = sys.stdin.isatty()
        return str(typer.prompt(prompt, default="", show_default=False, err=True)) if at_terminal else ""
    try:
        return (sys.stdin.read(SETTINGS_BYTES) if str(file) == "-" else read_text_bounded(file)).strip()
    except (OSError, UnicodeDecodeError) as error:
        raise Poison(f"{file} can't be read as UTF-8 text: give another file; nothing was taken") from error


def check_standard_input(*files: Path | None) -> None:
    """See that standard input is read for one thing. Raises Poison."""
    from lfr_core.common.errors import Poison

    if [str(file) for file in files].count("-") > 1:
        raise Poison("standard input (-) can be read for one of them: give files for the others; nothing was taken")


def parse_day(text: str) -> dt.date | None:
    """Read a day; None for no text. Raises Poison when there is no such day."""
    import datetime as dt

    from lfr_core.common.errors import Poison

    if not text:
        return None
    try:
        return dt.date.fromisoformat(text)
    except ValueError as error:
        raise Poison(f"{text!r} is no day: write it as 2026-12-04") from error


def parse_moment(text: str) -> dt.datetime | None:
    """Read a time; without a zone it is London's. Raises Poison."""
    import datetime as dt

    from lfr_core.common.errors import Poison
    from lfr_core.domain.working_days import LONDON

    if not text:
        return None
    try:
        at = dt.datetime.fromisoformat(text)
    except ValueError as error:
        raise Poison(f"{text!r} isn't a time: write it as 2026-12-04T14:30") from error
    if at.tzinfo is not None:
        return at
    local = at.replace(tzinfo=LONDON)
    if local.utcoffset() != local.replace(fold=1).utcoffset():
        raise Poison(f"the clocks change then: {text} isn't one moment in London; add Z for UTC, or +01:00 for summer")
    return local


def request_dict(request: Request) -> dict[str, object]:
    """Describe a request for programs."""
    from lfr_core.common.clock import utc_from_ns

    def moment(ns: int | None) -> str | None:
        return None if ns is None else utc_from_ns(ns).isoformat()

    return {
        "reference": request.reference,
        "kind": request.kind.value,
        "asks_listed": request.asks_listed,
        "state": request.state.value,
        "received_on": request.received_on.isoformat(),
        "due_on": request.due_on.isoformat(),
        "deployment": request.deployment,
        "from": moment(request.from_ns),
        "to": moment(request.to_ns),
        "receipt": request.receipt,
        "neither_confirm_nor_deny": request.neither_confirm_nor_deny,
        "disclosure_asked_by": request.disclosure_asked_by,
        "disclosure_digest": request.disclosure_digest,
        "taken_by": request.taken_by,
        "answered_at": request.answered_at,
        "answered_by": request.answered_by,
        "closed_at": request.closed_at,
        "closed_by": request.closed_by,
        "withdrawn": request.withdrawn,
        "holds": [
            {
                "id": hold.id,
                "deployment": hold.deployment,
                "segments": hold.segments,
                "provisional": hold.is_provisional,
                "lapses_at": hold.lapses_at,
                "confirmed_by": hold.confirmed_by,
                "ended_at": hold.ended_at,
            }
            for hold in request.holds
        ],
    }


def request_output(request: Request) -> Output:
    """Say where a request stands."""
    return Output(request_dict(request), lambda: show_request(request))


def show_request(request: Request) -> None:
    """Print where a request stands."""
    colour = {"overdue": "bold red", "due soon": "yellow"}.get(request.state.value, "default")
    due = request.due_on
    about = request.deployment or ("one of several deployments" if request.holds else "no deployment named")
    console.print(
        f"[bold]{request.reference}[/bold]  {request.kind.value}, {about}: "
        f"[{colour}]{request.state.value}[/{colour}], answer by {due:%A} {due.day} {due:%B %Y}",
        soft_wrap=True,
    )
    if request.disclosure_digest and request.neither_confirm_nor_deny and request.answered_at is None:
        print_plain(
            f"{request.disclosure_asked_by} asks that it be answered plainly. Another person approves: "
            f"lfr rights approve {request.reference} --digest {request.disclosure_digest}"
        )
    for hold in request.holds:
        if hold.ended_at is not None:
            standing = f"ended {hold.ended_at:%Y-%m-%d}"
        elif hold.is_provisional:
            standing = f"provisional: lapses {hold.lapses_at:%Y-%m-%d %H:%M} UTC unless a second person confirms it"
        else:
            standing = f"confirmed by {hold.confirmed_by}"
        console.print(
            f"  {hold.segments} segments of {hold.deployment} held ({standing})", markup=False, soft_wrap=True
        )
    if request.kind.value == "complaint" and not request.holds:
        console.print("  No footage is held: neither a deployment, a receipt nor a time is known that finds any.")
