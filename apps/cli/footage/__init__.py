"""`lfr footage`: what is kept, holds beyond its time, and looking at it."""

from __future__ import annotations

import typer

from apps.cli.footage import holds, viewing

__all__ = ["app"]

app = typer.Typer(no_args_is_help=True, help="Footage: what is kept, holds beyond its 31 days, viewing and export.")
app.add_typer(viewing.app)
app.add_typer(holds.app)
