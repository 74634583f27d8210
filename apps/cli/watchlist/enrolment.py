"""`lfr watchlist check | enrol | show`: from a folder of photographs to a deployment's watchlist."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from apps.cli.command import Output, command, logged_in_or_machine
from apps.cli.common import (
    AsJson,
    console,
    errors,
    parse_kind,
    print_json,
    print_plain,
    today_in_england,
)
from apps.cli.watchlist.text import as_dict, photograph_bar, show_report, write_report

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lfr_core.custody.installation import Installation
    from lfr_core.custody.people import AuthenticatedPerson
    from lfr_core.domain.deployments import DeploymentKind
    from lfr_core.watchlists.listing import ListedEntry
    from lfr_core.watchlists.quality.service import CheckedList

__all__ = ["app"]

app = typer.Typer()

Folder = Annotated[Path, typer.Argument(help="Folder with photographs and watchlist.csv.")]
Deployment = Annotated[str, typer.Option("--deployment", help="Id of the deployment.")]
LastDay = Annotated[
    datetime | None,
    typer.Option(formats=["%Y-%m-%d"], metavar="DAY", help="The deployment's last day, as 2027-03-31; default: today."),
]


@command(app)
def check(
    installation: Installation,
    folder: Folder,
    kind: Annotated[str, typer.Option(help="Kind of deployment: operational, evaluation or demo.")] = "evaluation",
    report_file: Annotated[Path | None, typer.Option("--report", help="Write the report to this file too.")] = None,
    docs: Annotated[
        Path | None, typer.Option(metavar="OUT", help="Write the report as pages into this folder.")
    ] = None,
    last_day: LastDay = None,
) -> Output:
    """Say what of a watchlist would be enrolled, and what is refused and why. Nothing is kept.

    The suite `watchlist` checks the rows before a face is embedded, and the faces after. Exit code 0 only if nothing
    was refused. The pages need no network; only you can read them.

    Example: lfr watchlist check lists/high-street --kind operational --last-day 2027-03-31 --docs reports/list
    """
    checked = _check(installation, folder, parse_kind(kind), last_day=last_day, docs=docs)
    if report_file is not None:
        write_report(report_file, checked)

    def text() -> None:
        show_report(checked)
        if docs is not None:
            print_plain(f"The report: {docs / 'index.html'}")

    is_whole = not checked.report.refusals and checked.quality.passes
    return Output(as_dict(checked), text, exit_code=0 if is_whole else 1)


@command(app)
def enrol(
    installation: Installation,
    folder: Folder,
    deployment: Deployment,
    all_or_nothing: Annotated[
        bool, typer.Option("--all-or-nothing", help="Enrol nothing if anything is refused.")
    ] = False,
    as_json: AsJson = False,
    last_day: LastDay = None,
) -> None:
    """Check a folder and make what passes the deployment's watchlist. A list is enrolled once.

    It runs the suite that `lfr watchlist check` runs, and keeps its report in quality/DEPLOYMENT of the home folder
    until the deployment has ended. An operational list that doesn't pass is refused whole. Of another list what was
    refused is listed; the rest is enrolled. The deployment is then ready to be opened.

    Example: lfr watchlist enrol lists/high-street --deployment high-street-1
    """
    import uuid

    from lfr_core.deployments.build_lists import build_list_builder
    from lfr_core.watchlists.list_builder import quality_pages

    def show_checked(checked: CheckedList) -> None:  # also when the list is refused afterwards
        if as_json:
            print_json(as_dict(checked))
            return
        show_report(checked)
        print_plain(f"The report: {quality_pages(installation.settings.home, deployment) / 'index.html'}")

    builder, today = build_list_builder(installation), today_in_england(installation.clock)
    with photograph_bar() as progress:
        builder.build(
            folder,
            deployment,
            today=today,
            last_day=last_day.date() if last_day else today,
            by=logged_in_or_machine(installation),
            attempt=uuid.uuid4().hex,
            all_or_nothing=all_or_nothing,
            progress=progress,
            show=show_checked,
        )
    errors.print(f"enrolled; open the deployment with: lfr deployment open {deployment}", soft_wrap=True)


@command(app)
def show(
    installation: Installation,
    deployment: Deployment,
    by: AuthenticatedPerson,
) -> Output:
    """List the entries of a deployment's watchlist.

    Example: lfr watchlist show --deployment high-street-1
    """
    from lfr_core.watchlists.listing import list_entries

    entries = list_entries(installation.looks, deployment, by=by, now_ns=installation.now_ns)
    return Output([entry.as_dict() for entry in entries], lambda: _show_entries(entries))


def _show_entries(entries: Sequence[ListedEntry]) -> None:
    from rich.markup import escape
    from rich.table import Table

    table = Table("subject", "category", "legal reference", "approved by, says the list", "expires on", "photographs")
    for entry in entries:
        table.add_row(
            escape(entry.subject),
            entry.category,
            escape(entry.legal_reference),
            escape(entry.approved_by),
            entry.expires_on.isoformat(),
            str(len(entry.photographs)),
        )
    console.print(table)


def _check(
    installation: Installation,
    folder: Path,
    kind: DeploymentKind,
    *,
    last_day: datetime | None = None,
    docs: Path | None = None,
) -> CheckedList:
    from lfr_core.common.errors import Refused
    from lfr_core.recognition.faces.engine import build_engine
    from lfr_core.watchlists.csv_file import read_rows
    from lfr_core.watchlists.quality.service import ListCheck, check_list

    settings, policy, today = installation.settings, installation.policy, today_in_england(installation.clock)
    last = last_day.date() if last_day else today
    if last < today:
        raise Refused("watchlist.last-day-past", f"the deployment's last day, {last}, is past: give its end")
    read = read_rows(folder)  # a wrong folder shows before Great Expectations loads
    errors.print("[dim]Great Expectations takes some seconds to start …[/dim]")
    asked = ListCheck(kind=kind, policy=policy, today=today, last_day=last, thumbnails=docs is not None)
    with photograph_bar() as progress:
        return check_list(
            folder, asked, engine=lambda: build_engine(settings, policy), docs=docs, progress=progress, read=read
        )
