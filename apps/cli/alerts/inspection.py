"""`lfr alerts list | show | export`: looking at alerts, for operators who have signed on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from apps.cli.alerts.text import Alert, alert_output, as_dict, find, word_of
from apps.cli.command import Output, command
from apps.cli.common import console

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lfr_core.alerts.read import AlertSummary
    from lfr_core.custody.installation import Installation
    from lfr_core.custody.people import AuthenticatedPerson

__all__ = ["app"]

app = typer.Typer()

_NS_PER_H = 3_600 * 10**9


@command(app, "list", migrated=True)
def list_alerts(
    installation: Installation,
    deployment: Annotated[str, typer.Option("--deployment", help="Id of the deployment.")],
    by: AuthenticatedPerson,
    undecided: Annotated[bool, typer.Option("--undecided", help="Only those nobody has compared yet.")] = False,
    limit: Annotated[int, typer.Option(min=1, help="At most so many.")] = 200,
) -> Output:
    """List a deployment's alerts, the newest first.

    Example: lfr alerts list --deployment high-street-0412 --undecided
    """
    from lfr_core.alerts import read
    from lfr_core.common.errors import Refused

    engine = installation.engine
    if read.deployment(engine, deployment) is None:
        raise Refused("deployment.unknown", f"there is no deployment {deployment}; `lfr deployment list` shows them")
    looks, now_ns = installation.looks, installation.now_ns
    found = read.alerts(looks, deployment, by=by, now_ns=now_ns, limit=limit, undecided_only=undecided)
    return Output([as_dict(one) for one in found], lambda: _show_list(found))


@command(app, migrated=True)
def show(installation: Installation, alert: Alert, by: AuthenticatedPerson) -> Output:
    """Show what is known of one alert; `lfr alerts export` opens its pictures.

    Example: lfr alerts show 1f0c2a7e
    """
    return alert_output(installation, find(installation, alert), by=by)


@command(app, migrated=True)
def export(
    installation: Installation,
    alert: Alert,
    name: Annotated[str, typer.Argument(help="Of a new folder in `exports` in the home folder; it goes by itself.")],
    by: AuthenticatedPerson,
    purpose: Annotated[str, typer.Option("--purpose", help="What for, in a few words; it is put on the audit trail.")],
) -> None:
    """Open an alert's probe and references, on the audit trail, and write them as JPEG files.

    The copies go by themselves, with the alert at the latest.

    Example: lfr alerts export 1f0c2a7e second-look --purpose "second look"
    """
    from lfr_core.alerts.read import AlertCrops
    from lfr_core.common.clock import utc_from_ns
    from lfr_core.retention.build import open_exports
    from lfr_core.retention.exports import write_picture

    opened = AlertCrops(installation.engine, installation.vault).open(find(installation, alert), by, purpose)
    due_ns = opened.opened_ns + installation.policy.alerts.retention_h * _NS_PER_H
    with open_exports(installation).make(name, now_ns=installation.now_ns, until_ns=due_ns) as made:
        write_picture(made.writing / "probe.jpg", opened.probe.reveal())
        for number, reference in enumerate(opened.references, start=1):
            write_picture(made.writing / f"reference-{number}.jpg", reference.jpeg.reveal())
    goes = f"{utc_from_ns(made.until_ns):%Y-%m-%d %H:%M:%S}Z"
    console.print(f"{1 + len(opened.references)} pictures in {made.folder}", highlight=False, soft_wrap=True)
    console.print(f"in the clear; removed at {goes}", highlight=False)
    console.print(f"Their code, for `lfr alerts judge --pictures`: {opened.digest}")


def _show_list(found: Sequence[AlertSummary]) -> None:
    from rich.table import Column, Table

    from lfr_core.common.clock import utc_from_ns
    from lfr_core.domain.categories import EXPLAINED

    if not found:
        console.print("No alert.")
        return
    table = Table(
        Column("Alert", no_wrap=True, min_width=8),
        *("Seen (UTC)", "Camera", "Subject", "Category", "Similarity", "Shots", "Same?", "Review"),
    )
    for one in found:
        table.add_row(
            str(one.id)[:8],
            f"{utc_from_ns(one.first_ns):%H:%M:%S}",
            one.camera,
            one.subject,
            EXPLAINED[one.category],
            f"{one.similarity:.2f}",
            str(one.sightings),
            word_of(one.decision.judgement),
            word_of(one.decision.review),
        )
    console.print(table)
