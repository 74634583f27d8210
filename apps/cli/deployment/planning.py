"""`lfr deployment template | plan | apply | forecast | compile`: from an application to a list that is built."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from apps.cli.command import Output, command
from apps.cli.common import (
    AsJson,
    DeploymentId,
    errors,
    print_plain,
    today_in_england,
    write_new,
)
from apps.cli.deployment.status import move_runs, read_application, report_step

if TYPE_CHECKING:
    from lfr_core.custody.installation import Installation
    from lfr_core.custody.people import AuthenticatedPerson

__all__ = ["app"]

app = typer.Typer()


@command(app)
def template(
    installation: Installation,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The TOML file to write; never one that is there.")],
) -> None:
    """Write an application to fill in, each field explained with the policy's limits.

    Example: lfr deployment template high-street.toml
    """
    from lfr_core.deployments.form_file import form_template

    write_new(file, form_template(installation.policy), rule="deployment.file-exists")
    errors.print(f"{file} written: fill it in, then `lfr deployment plan ID {file}`", soft_wrap=True)


@command(app, migrated=True)
def plan(
    installation: Installation,
    id: DeploymentId,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The application, as `template` writes one.")],
    by: AuthenticatedPerson,
    draft: Annotated[bool, typer.Option("--draft", help="Don't ask for its authority yet.")] = False,
) -> Output:
    """Apply for a deployment, or revise an application for which no list is built yet.

    A revision takes back the authority given for the one before; runs that were scheduled for it are moved.

    Example: lfr deployment plan high-street-0412 high-street.toml
    """
    from lfr_core.deployments.build import build_deployment_service
    from lfr_core.deployments.form_file import read_form

    read = read_form(file)
    made = build_deployment_service(installation).plan(
        id, read.kind, read.form, by=by, name=read.name, submit=not draft
    )
    move_runs(installation)
    return report_step(installation, id, f"revision {made.revision} is {'kept as a draft' if draft else 'applied for'}")


@command(app, migrated=True)
def apply(installation: Installation, id: DeploymentId, by: AuthenticatedPerson) -> Output:
    """Ask for the authority of a draft.

    Example: lfr deployment apply high-street-0412
    """
    from lfr_core.deployments.build import build_deployment_service

    build_deployment_service(installation).submit(id, by=by)
    return report_step(installation, id, "applied for")


@command(app)
def forecast(
    installation: Installation,
    size: Annotated[int, typer.Option("--size", min=1, help="Entries on the list.")],
    faces: Annotated[int, typer.Option("--faces", min=0, help="Faces compared in all, as forecast.")],
    threshold: Annotated[float | None, typer.Option("--threshold", help="Cosine; default: the policy's.")] = None,
) -> Output:
    """Forecast how many false alerts a list of that size is expected to make, with its interval.

    Example: lfr deployment forecast --size 2000 --faces 12000
    """
    from dataclasses import asdict
    from types import SimpleNamespace

    from lfr_core.deployments.evaluations import find_evaluations
    from lfr_core.deployments.false_alert_forecast import forecast_false_alerts

    policy = installation.policy
    inputs = SimpleNamespace(
        threshold=policy.alerts.threshold if threshold is None else threshold, list_cap=size, expected_faces=faces
    )
    found = forecast_false_alerts(inputs, find_evaluations(installation.settings, installation.policy), policy)
    return Output(asdict(found), found.words)


@command(app, "compile", migrated=True)
def compile_list(
    installation: Installation,
    id: DeploymentId,
    by: AuthenticatedPerson,
    folder: Annotated[
        Path | None,
        typer.Argument(metavar="[FOLDER]", help="Photographs and watchlist.csv; else the application's."),
    ] = None,
    as_json: AsJson = False,
) -> Output:
    """Build the list: checked by the suite `watchlist`, enrolled, and left for an officer to approve.

    It may be compiled anew until it is approved. A list that doesn't pass is refused whole, with its entries and why.

    Example: lfr deployment compile high-street-0412 lists/high-street
    """
    _build_list(installation, id, folder, by=by, as_json=as_json)
    errors.print("[dim]an authorising officer approves it now: `lfr deployment approve-list`[/dim]")
    return report_step(installation, id, "the list is built")


def _build_list(
    installation: Installation, deployment: str, folder: Path | None, *, by: AuthenticatedPerson, as_json: bool
) -> None:
    """Compile the list from `folder`, or from the one that the application names, with a bar and the report.

    Raises:
        Refused: `deployment.no-folder`, and as `ListBuilder.build`.
        Poison, Fatal, Retryable: as `ListBuilder.build`.
    """
    from uuid import uuid4

    from apps.cli.watchlist.text import photograph_bar, show_report
    from lfr_core.common.errors import Refused
    from lfr_core.deployments.build_lists import build_list_builder
    from lfr_core.domain.working_days import LONDON
    from lfr_core.watchlists.list_builder import quality_pages

    made = read_application(installation, deployment)
    named = folder or (Path(made.watchlist_folder) if made.watchlist_folder else None)
    if named is None:
        raise Refused("deployment.no-folder", f"the application of {deployment} names no folder: give one")
    builder = build_list_builder(installation)
    errors.print("[dim]Great Expectations takes some seconds to start …[/dim]")
    with photograph_bar() as progress:
        builder.build(
            named,
            deployment,
            today=today_in_england(installation.clock),
            last_day=made.ends_at.astimezone(LONDON).date(),
            by=by,
            attempt=uuid4().hex,
            progress=progress,
            show=(lambda _: None) if as_json else show_report,
        )
    if not as_json:
        print_plain(f"The report: {quality_pages(installation.settings.home, deployment) / 'index.html'}")
