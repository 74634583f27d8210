"""`lfr deployment blue-list-plan | blue-list-pass | blue-list`: how often volunteers on the list are recognised."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import typer

from apps.cli.command import Output, command
from apps.cli.common import DeploymentId

if TYPE_CHECKING:
    from lfr_core.alerts.blue_list import BlueListResult
    from lfr_core.custody.installation import Installation
    from lfr_core.custody.people import AuthenticatedPerson

__all__ = ["app"]

app = typer.Typer()
_FORMATS = ["%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M"]


@command(app, "blue-list-plan", migrated=True)
def plan(
    installation: Installation,
    id: DeploymentId,
    by: AuthenticatedPerson,
    rate: Annotated[float, typer.Option("--rate", help="The recognition rate that is expected.")] = 0.9,
    margin: Annotated[float, typer.Option("--margin", help="How near it is to be known.")] = 0.05,
) -> Output:
    """Plan how many passes of test subjects are walked, so that the recognition rate is known that nearly.

    Example: lfr deployment blue-list-plan high-street-0412 --rate 0.9 --margin 0.05
    """
    from lfr_core.alerts.blue_list import BlueList

    passes = BlueList(installation.engine, installation.trail, installation.clock).plan(
        id, rate=rate, margin=margin, by=by
    )
    words = f"{passes:,} passes put a rate near {100 * rate:g} % within {100 * margin:g} points, in 95 cases of 100"
    return Output({"deployment": id, "passes": passes, "rate": rate, "margin": margin}, words)


@command(app, "blue-list-pass", migrated=True)
def enter(
    installation: Installation,
    id: DeploymentId,
    subject: Annotated[str, typer.Option("--subject", help="The test subject who walked, as on the list.")],
    camera: Annotated[str, typer.Option("--camera", help="Past which they walked.")],
    start: Annotated[datetime, typer.Option("--from", formats=_FORMATS, help="When the pass began, in England.")],
    end: Annotated[datetime, typer.Option("--to", formats=_FORMATS, help="When it ended.")],
    by: AuthenticatedPerson,
) -> Output:
    """Enter who walked when; the pass is scored by whether it raised their alert. Of the volunteer nothing is kept.

    Example: lfr deployment blue-list-pass high-street-0412 --subject volunteer-3 --camera north
    --from 2026-12-04T14:03:10 --to 2026-12-04T14:03:25
    """
    from lfr_core.alerts.blue_list import BlueList, show_blue_list
    from lfr_core.domain.working_days import LONDON

    recognised = BlueList(installation.engine, installation.trail, installation.clock).enter(
        id,
        subject,
        camera,
        start.replace(tzinfo=LONDON),
        end.replace(tzinfo=LONDON),
        retention_h=installation.policy.alerts.retention_h,
        by=by,
    )
    found = show_blue_list(installation.engine, id)
    words = f"{'recognised' if recognised else 'not recognised'}. So far: {found.words}"
    return Output({**_document(found), "recognised": recognised}, words)


@command(app, "blue-list")
def show(installation: Installation, id: DeploymentId) -> Output:
    """Show the recognition rate that test subjects had so far, with its interval.

    Example: lfr deployment blue-list high-street-0412
    """
    from lfr_core.alerts.blue_list import show_blue_list

    found = show_blue_list(installation.engine, id)
    return Output(_document(found), found.words)


def _document(found: BlueListResult) -> dict[str, object]:
    from dataclasses import asdict

    return {"planned": found.planned, "recognition": asdict(found.recognition), "words": found.words}
