"""`lfr watchlist`: check a folder of photographs, start one, enrol it, see what is enrolled."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from apps.cli.common import AsJson, console, errors, guard, load_settings, policy_of, print_json

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import Engine

    from lfr_core.deployments import DeploymentKind
    from lfr_core.policy import Policy
    from lfr_core.settings import Settings
    from lfr_core.watchlists.entries import WatchlistReport

__all__ = ["app"]

app = typer.Typer(no_args_is_help=True, help="Check, enrol and show a deployment's watchlist.")

Folder = Annotated[Path, typer.Argument(help="Folder with photographs and watchlist.csv.")]
Deployment = Annotated[str, typer.Option("--deployment", help="Id of the deployment.")]


@app.command()
def check(
    folder: Folder,
    kind: Annotated[str, typer.Option(help="Kind of deployment: operational, evaluation or demo.")] = "evaluation",
    as_json: AsJson = False,
    report_file: Annotated[Path | None, typer.Option("--report", help="Write the report to this file too.")] = None,
) -> None:
    """Say what of a watchlist would be enrolled, and what is refused and why. Nothing is kept.

    Exit code 0 only if nothing was refused.

    Example: lfr watchlist check lists/high-street --kind operational
    """
    with guard():
        settings = load_settings()
        report = _checked(folder, _kind(kind), settings, policy_of(settings))
        if report_file is not None:
            _write_report(report_file, report)
        if as_json:
            print_json(_as_dict(report))
        else:
            _show_report(report)
        if report.refusals:
            raise typer.Exit(1)


@app.command()
def template(folder: Folder) -> None:
    """Write a watchlist.csv to start from, and explain the categories.

    Example: lfr watchlist template lists/high-street
    """
    with guard():
        from lfr_core.errors import Fatal, Refused
        from lfr_core.watchlists.categories import EXPLAINED
        from lfr_core.watchlists.csv_file import COLUMNS, FILE_NAME

        file = folder / FILE_NAME
        try:
            folder.mkdir(parents=True, exist_ok=True)
            with file.open("x", encoding="utf-8") as out:
                out.write(",".join(COLUMNS) + "\n")
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
        console.print(f"Then: lfr watchlist check {folder}", markup=False, soft_wrap=True)


@app.command()
def enrol(
    folder: Folder,
    deployment: Deployment,
    all_or_nothing: Annotated[
        bool, typer.Option("--all-or-nothing", help="Enrol nothing if anything is refused.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Check a folder and make what passes the deployment's watchlist. A list is enrolled once.

    What was refused is listed; the rest is enrolled. The deployment is then ready to be opened.

    Example: lfr watchlist enrol lists/high-street --deployment high-street-1
    """
    with guard():
        import uuid

        from apps.stores import deployment_store
        from lfr_core.errors import Refused
        from lfr_core.gallery import MilvusGallery
        from lfr_core.gallery.turned import turned_gallery
        from lfr_core.vault.client import vault_client
        from lfr_core.watchlists.compile import check_open_for_watchlist, compile_watchlist

        settings = load_settings()
        store = deployment_store(settings, _records(settings))
        found = check_open_for_watchlist(store, deployment)
        plain, vault = MilvusGallery(settings.gallery_uri), vault_client(settings)
        gallery = turned_gallery(plain, vault, actor="system:enrolment", may_make=True)
        gallery.names()  # away? say so before minutes of photographs
        report = _checked(folder, found.kind, settings, policy_of(settings), deployment=deployment)
        if as_json:
            print_json(_as_dict(report))
        else:
            _show_report(report)
        if all_or_nothing and report.refusals:
            raise Refused("watchlist.refusals", f"{len(report.refusals)} refusals; nothing was enrolled")
        compile_watchlist(report, deployment=deployment, store=store, gallery=gallery, attempt=uuid.uuid4().hex)
        errors.print(f"enrolled; open the deployment with: lfr deployment open {deployment}", soft_wrap=True)


@app.command()
def show(deployment: Deployment, as_json: AsJson = False) -> None:
    """List the entries of a deployment's watchlist.

    Example: lfr watchlist show --deployment high-street-1
    """
    with guard():
        from rich.markup import escape
        from rich.table import Table

        from lfr_core.watchlists.listing import list_entries

        entries = list_entries(_records(load_settings()), deployment)
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
    from lfr_core.deployments import DeploymentKind
    from lfr_core.errors import Refused

    try:
        return DeploymentKind(text.casefold())
    except ValueError as error:
        kinds = ", ".join(kind.value for kind in DeploymentKind)
        raise Refused("deployment.bad-kind", f"{text!r} is no kind of deployment: {kinds}") from error


def _records(settings: Settings) -> Engine:
    from lfr_core.records.engine import open_engine

    return open_engine(settings.records_url)


def _checked(
    folder: Path, kind: DeploymentKind, settings: Settings, policy: Policy, *, deployment: str = ""
) -> WatchlistReport:
    from datetime import datetime
    from zoneinfo import ZoneInfo

    from lfr_core.faces.engine import build_engine
    from lfr_core.watchlists.csv_file import read_rows
    from lfr_core.watchlists.enrol import check_watchlist

    read_rows(folder)  # a wrong folder shows before the models load
    engine = build_engine(settings, policy)
    with _bar() as progress:
        return check_watchlist(
            folder,
            kind=kind,
            engine=engine,
            policy=policy,
            today=datetime.now(ZoneInfo("Europe/London")).date(),  # an entry's last day is a day in England
            progress=progress,
            deployment=deployment,
        )


@contextmanager
def _bar() -> Iterator[Callable[[int, int], None]]:
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("photographs"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=errors) as bar:
        task = bar.add_task("photographs", total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


def _as_dict(report: WatchlistReport) -> dict[str, object]:
    return {
        "size": report.size,
        "blue_list_size": report.blue_list_size,
        "entries": [
            {
                "subject": entry.subject,
                "category": entry.category.value,
                "expires_on": entry.expires_on.isoformat(),
                "photographs": [reference.photograph for reference in entry.references],
            }
            for entry in report.entries
        ],
        "refusals": [
            {
                "line": refusal.line,
                "subject": refusal.subject,
                "photograph": refusal.photograph,
                "reason": refusal.reason.value,
                "message": refusal.message,
            }
            for refusal in report.refusals
        ],
    }


def _write_report(file: Path, report: WatchlistReport) -> None:
    import json

    from lfr_core.errors import Fatal

    try:
        file.write_text(json.dumps(_as_dict(report), indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    except OSError as error:
        raise Fatal(f"the report {file} can't be written: {error.strerror}") from error


def _show_report(report: WatchlistReport) -> None:
    from rich.markup import escape
    from rich.table import Table

    if report.entries:
        table = Table("subject", "category", "expires on", "photographs", title="Can be enrolled")
        for entry in report.entries:
            names = ", ".join(reference.photograph for reference in entry.references)
            table.add_row(escape(entry.subject), entry.category.value, entry.expires_on.isoformat(), escape(names))
        console.print(table)
    if report.refusals:
        table = Table("line", "subject", "photograph", "reason", "what to do", title="Refused")
        for refusal in report.refusals:
            table.add_row(
                str(refusal.line),
                escape(refusal.subject),
                escape(refusal.photograph),
                refusal.reason.value,
                escape(refusal.message),
            )
        console.print(table)
    console.print(
        f"can be enrolled: {report.size} on the list, {report.blue_list_size} test subjects apart; "
        f"refused: {len(report.refusals)}"
    )
