"""`lfr alerts`: see a deployment's alerts, and record a person's answers to the questions."""

from __future__ import annotations

import typer

from apps.cli.alerts import decisions, inspection

__all__ = ["app"]

app = typer.Typer(no_args_is_help=True, help="See alerts and record what people decided. The software never decides.")
app.add_typer(inspection.app)
app.add_typer(decisions.app)
