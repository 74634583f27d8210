"""`lfr alerts list | show | export`: looking at alerts, for operators who have signed on."""

from __future__ import annotations

import os
from pathlib import Path
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
    found = read.alerts(engine, deployment, by=by, now_ns=installation.now_ns, limit=limit, undecided_only=undecided)
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
    folder: Annotated[Path, typer.Argument(help="Written here, readable by you alone.")],
    by: AuthenticatedPerson,
    purpose: Annotated[str, typer.Option("--purpose", help="What for, in a few words; it is put on the audit trail.")],
) -> None:
    """Open an alert's probe and references, on the audit trail, and write them as JPEG files.

    The copies are yours to delete: the vault's schedule doesn't reach them.

    Example: lfr alerts export 1f0c2a7e /tmp/alert --purpose "second look"
    """
    from lfr_core.alerts.read import AlertCrops

    crops = AlertCrops(installation.engine, installation.vault)
    opened = crops.open(find(installation, alert), by, purpose)
    _write_picture(folder / "probe.jpg", opened.probe.reveal())
    for number, reference in enumerate(opened.references, start=1):
        _write_picture(folder / f"reference-{number}.jpg", reference.jpeg.reveal())
    console.print(f"{1 + len(opened.references)} pictures are in {folder}: delete them when they have served.")
    console.print(f"Their code, for `lfr alerts judge --pictures`: {opened.digest}")


def _show_list(found: Sequence[AlertSummary]) -> None:
    from rich.table import Column, Table

    from lfr_core.common.clock import utc_from_ns

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
            one.category.value.replace("_", " "),
            f"{one.similarity:.2f}",
            str(one.sightings),
            word_of(one.decision.judgement),
            word_of(one.decision.review),
        )
    console.print(table)


def _write_picture(file: Path, jpeg: bytes) -> None:
    """Write biometric data: the folder and the file are their owner's alone."""
    from lfr_core.common.errors import Fatal

    try:
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as out:
            out.write(jpeg)
    except OSError as error:
        raise Fatal(f"{file} can't be written: {error.strerror}") from error
