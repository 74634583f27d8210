"""`lfr erasure epochs`: when the faces of a stretch of seconds were forgotten."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from apps.cli.command import Output, command
from apps.cli.common import Deployment, console

if TYPE_CHECKING:
    from lfr_core.custody.installation import Installation

__all__ = ["app"]

app = typer.Typer()


@command(app)
def epochs(
    installation: Installation,
    deployment: Deployment,
    at: Annotated[
        str | None, typer.Option("--at", help="A time in England, as 14:32:07, or a date and time in ISO form.")
    ] = None,
    as_csv: Annotated[bool, typer.Option("--csv", help="CSV for publication.")] = False,
) -> Output:
    """Show when the faces of some seconds were forgotten: start, end, key's fingerprint, destroyed at; nothing else.

    Example: lfr erasure epochs high-street-0412 --at 14:32:07
    """
    from apps.cli.erasure.text import epoch_line, epoch_row, print_csv
    from lfr_core.retention.erasure import destruction_log
    from lfr_core.retention.erasure.lookup import epochs_at

    destruction_log.ended_ns(installation.engine, deployment)  # refuses an unknown deployment
    found = destruction_log.epochs(installation.engine, deployment)
    rows = [epoch_row(one) for one in (found if at is None else epochs_at(found, at))]

    def text() -> None:
        if as_csv:
            print_csv(rows)
            return
        for row in rows:
            console.print(epoch_line(row), soft_wrap=True, highlight=False)
        if not rows:
            console.print("no epoch: no camera sealed a frame then, so nothing had to be forgotten")

    return Output(rows, text)
