"""`lfr camera`: send a camera's frames, try a source, see how cameras are doing."""

from __future__ import annotations

import typer

from apps.cli.camera import adding, inspection, sending

__all__ = ["app"]

app = typer.Typer(no_args_is_help=True, help="Cameras: send frames, try a source, see how they are doing.")
app.add_typer(adding.app)
app.add_typer(sending.app)
app.add_typer(inspection.app)
