"""`lfr rights`: enquiries, complaints, "was I on a list", receipts for people who were stopped."""

from __future__ import annotations

import typer

from apps.cli.rights import answering, inspection, intake, receipt

__all__ = ["app"]

app = typer.Typer(no_args_is_help=True, help="Enquiries and complaints of the public, and receipts for people stopped.")
for _commands in (intake, inspection, answering, receipt):
    app.add_typer(_commands.app)
