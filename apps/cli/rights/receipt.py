"""`lfr rights receipt`: the page that a person who was stopped is given."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from apps.cli.command import Output, command
from apps.cli.common import find_alert

if TYPE_CHECKING:
    from lfr_core.custody.installation import Installation
    from lfr_core.custody.people import AuthenticatedPerson

__all__ = ["app"]

app = typer.Typer()


@command(app, migrated=True)
def receipt(
    installation: Installation,
    alert: Annotated[str, typer.Argument(metavar="ALERT", help="Id of the alert, or its first characters.")],
    by: AuthenticatedPerson,
    output: Annotated[Path, typer.Option("--output", help="The page is written here.")] = Path("receipt.html"),
) -> Output:
    """Print the receipt for the person engaged on an alert: one page with a reference, and no name.

    Example: lfr rights receipt 1f0c2a7e --output receipt.html
    """
    from lfr_core.common.files import open_atomic
    from lfr_core.publication.rights.receipt_page import receipt_html
    from lfr_core.publication.rights.receipts import issue_receipt, words_of_deletion

    policy, engine = installation.policy, installation.engine
    kept_h = policy.alerts.retention_h
    found = find_alert(engine, alert, advice=words_of_deletion(kept_h))
    issued = issue_receipt(engine, installation.trail, found, by=by, now_ns=installation.now_ns, retention_h=kept_h)
    with open_atomic(output) as out:
        out.write(receipt_html(issued, policy).encode())
    return Output({"reference": issued.reference, "file": str(output)}, f"{issued.reference}: {output}")
