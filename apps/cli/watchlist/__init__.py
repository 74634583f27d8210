"""`lfr watchlist`: check a folder of photographs, start one, choose faces, enrol it, see what is enrolled."""

from __future__ import annotations

import typer

from apps.cli.watchlist import choosing, enrolment, template

__all__ = ["app"]

app = typer.Typer(no_args_is_help=True, help="Check, enrol and show a deployment's watchlist.")
app.add_typer(template.app)
app.add_typer(enrolment.app)
app.add_typer(choosing.app)
