"""`lfr camera`: find cameras, try a source, send a camera's frames, see how cameras are doing."""

from __future__ import annotations

import typer

from apps.cli.camera import adding, discovering, inspection, sending

__all__ = ["app"]

app = typer.Typer(no_args_is_help=True, help="Cameras: find them, send frames, try a source, see how they are doing.")
app.add_typer(discovering.app)
app.add_typer(adding.app)
app.add_typer(sending.app)
app.add_typer(inspection.app)
