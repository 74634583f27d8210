"""`lfr watchlist`: check a folder of photographs, start one, enrol it, see what is enrolled."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from apps.cli.common import AsJson, console, errors, guard, load_settings, person_option, policy_of, print_json
from apps.cli.watchlist_text import as_dict, show_report, write_report

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import date

    from sqlalchemy import Engine

    from lfr_core.common.settings import Settings
    from lfr_core.domain.deployments import DeploymentKind
    from lfr_core.domain.policy import Policy
    from lfr_core.watchlists.quality.service import CheckedList

__all__ = ["app", "photograph_bar"]

app = typer.Typer(no_args_is_help=True, help="Check, enrol and show a deployment's watchlist.")

Folder = Annotated[Path, typer.Argument(help="Folder with photographs and watchlist.csv.")]
Deployment = Annotated[str, typer.Option("--deployment", help="Id of the deployment.")]


LastDay = Annotated[
    datetime | None,
    typer.Option(formats=["%Y-%m-%d"], metavar="DAY", help="The deployment's last day, as 2027-03-31; default: today."),
]


@app.command()
def check(
    folder: Folder,
    kind: Annotated[str, typer.Option(help="Kind of deployment: operational, evaluation or demo.")] = "evaluation",
    as_json: AsJson = False,
    report_file: Annotated[Path | None, typer.Option("--report", help="Write the report to this file too.")] = None,
    docs: Annotated[
        Path | None, typer.Option(metavar="OUT", help="Write the report as pages into this folder.")
    ] = None,
    last_day: LastDay = None,
) -> None:
    """Say what of a watchlist would be enrolled, and what is refused and why. Nothing is kept.

    The suite `watchlist` checks the rows before a face is embedded, and the faces after. Exit code 0 only if nothing
    was refused. The pages need no network; only you can read them.

    Example: lfr watchlist check lists/high-street --kind operational --last-day 2027-03-31 --docs reports/list
    """
    with guard():
        settings = load_settings()
        checked = _checked(folder, _kind(kind), settings, policy_of(settings), last_day=last_day, docs=docs)
        if report_file is not None:
            write_report(report_file, checked)
        if as_json:
            print_json(as_dict(checked))
        else:
            show_report(checked)
            if docs is not None:
                console.print(f"The report: {docs / 'index.html'}", soft_wrap=True, highlight=False, markup=False)
        if checked.report.refusals or not checked.quality.passes:
            raise typer.Exit(1)


@app.command()
def template(folder: Folder) -> None:
    """Write a watchlist.csv to start from, and explain the categories.

    Example: lfr watchlist template lists/high-street
    """
    with guard():
        from lfr_core.common.errors import Fatal, Refused
        from lfr_core.domain.categories import EXPLAINED
        from lfr_core.watchlists.csv_file import COLUMNS, FILE_NAME, FURTHER_COLUMNS

        file = folder / FILE_NAME
        try:
            folder.mkdir(parents=True, exist_ok=True)
            with file.open("x", encoding="utf-8") as out:
                out.write(",".join((*COLUMNS, *FURTHER_COLUMNS)) + "\n")
        except FileExistsError as error:
            raise Refused("watchlist.exists", f"{file} is there already and is left as it is") from error
        except OSError as error:
            raise Fatal(f"{file} can't be written: {error.strerror}") from error
        console.print(f"{file} written: one row a photograph, several rows a subject.", markup=False, soft_wrap=True)
        console.print("[bold]subject[/bold] is your reference, not a name. [bold]category[/bold] is one of:")
        for category, words in EXPLAINED.items():
            console.print(f"  [bold]{category.value}[/bold]  {words}", soft_wrap=True)
        console.print("[bold]legal_reference[/bold] and [bold]approved_by[/bold]: on what ground, and who agreed.")
        console.print("[bold]expires_on[/bold]: the last day of use, as 2027-03-31.")
        console.print("[bold]photograph[/bold]: a JPEG, PNG or WebP file in this folder, with one face.")
        console.print(
            "[bold]image_source[/bold] and [bold]image_date[/bold]: whence it comes, and the day it was taken."
        )
        console.print("[bold]age[/bold]: whole years. Under 18: [bold]minor_rationale[/bold], and who else approved in")
        console.print(
            "[bold]second_approver[/bold]. [bold]checked_on[/bold]: the day somebody last checked the ground."
        )
        console.print(f"Then: lfr watchlist check {folder}", markup=False, soft_wrap=True)


@app.command()
def enrol(
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
    with guard():
        import uuid

        from apps.stores import deployment_store
        from lfr_core.custody.vault.client import vault_client
        from lfr_core.domain.actors import SystemActor
        from lfr_core.recognition.faces.engine import build_engine
        from lfr_core.recognition.gallery import MilvusGallery
        from lfr_core.recognition.gallery.rotated import rotated_gallery
        from lfr_core.watchlists.building import ListBuilder, quality_pages

        settings = load_settings()
        policy = policy_of(settings)
        gallery = rotated_gallery(
            MilvusGallery(settings.gallery_uri), vault_client(settings), actor=SystemActor.ENROLMENT, may_make=True
        )

        def show(checked: CheckedList) -> None:
            if as_json:
                print_json(as_dict(checked))
                return
            show_report(checked)
            pages = quality_pages(settings.home, deployment)
            console.print(f"The report: {pages / 'index.html'}", soft_wrap=True, highlight=False, markup=False)

        builder = ListBuilder(
            policy=policy,
            store=deployment_store(settings, _records(settings)),
            gallery=gallery,
            engine=lambda: build_engine(settings, policy),
            home=settings.home,
        )
        today = _today()
        with photograph_bar() as progress:
            builder.build(
                folder,
                deployment,
                today=today,
                last_day=last_day.date() if last_day else today,
                by=SystemActor.LFR,
                attempt=uuid.uuid4().hex,
                all_or_nothing=all_or_nothing,
                progress=progress,
                show=show,
            )
        errors.print(f"enrolled; open the deployment with: lfr deployment open {deployment}", soft_wrap=True)


@app.command()
def show(
    deployment: Deployment,
    by: Annotated[str, person_option("--by", "Who looks: an operator who has signed on (`lfr operator sign-on`).")],
    as_json: AsJson = False,
) -> None:
    """List the entries of a deployment's watchlist.

    Example: lfr watchlist show --deployment high-street-1 --by "A. Operator"
    """
    with guard():
        from rich.markup import escape
        from rich.table import Table

        from lfr_core.watchlists.listing import list_entries

        entries = list_entries(_records(load_settings()), deployment, by=by, now_ns=time.time_ns())
        if as_json:
            print_json([entry.as_dict() for entry in entries])
            return
        table = Table("subject", "category", "legal reference", "approved by", "expires on", "photographs")
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


def _kind(text: str) -> DeploymentKind:
    from lfr_core.common.errors import Refused
    from lfr_core.domain.deployments import DeploymentKind

    try:
        return DeploymentKind(text.casefold())
    except ValueError as error:
        kinds = ", ".join(kind.value for kind in DeploymentKind)
        raise Refused("deployment.bad-kind", f"{text!r} is no kind of deployment: {kinds}") from error


def _records(settings: Settings) -> Engine:
    from lfr_core.storage.engine import open_engine

    return open_engine(settings.records_url)


def _today() -> date:
    """An entry's last day is a day in England."""
    from zoneinfo import ZoneInfo

    return datetime.now(ZoneInfo("Europe/London")).date()


def _checked(
    folder: Path,
    kind: DeploymentKind,
    settings: Settings,
    policy: Policy,
    *,
    last_day: datetime | None = None,
    docs: Path | None = None,
) -> CheckedList:
    from lfr_core.common.errors import Refused
    from lfr_core.recognition.faces.engine import build_engine
    from lfr_core.watchlists.csv_file import read_rows
    from lfr_core.watchlists.quality.service import ListCheck, check_list

    today = _today()
    last = last_day.date() if last_day else today
    if last < today:
        raise Refused("watchlist.last-day-past", f"the deployment's last day, {last}, is past: give its end")
    read_rows(folder)  # a wrong folder shows before Great Expectations loads
    errors.print("[dim]Great Expectations takes some seconds to start …[/dim]")
    asked = ListCheck(kind=kind, policy=policy, today=today, last_day=last)
    with photograph_bar() as progress:
        return check_list(folder, asked, engine=lambda: build_engine(settings, policy), docs=docs, progress=progress)


@contextmanager
def photograph_bar() -> Iterator[Callable[[int, int], None]]:
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("photographs"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=errors) as bar:
        task = bar.add_task("photographs", total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)
