"""`lfr deployment`: plan, authorise, prepare, open, suspend, close and look at deployments."""

from __future__ import annotations

import typer

from apps.cli.deployment import authority, blue_list, documents, inspection, operation, planning

__all__ = ["app"]

app = typer.Typer(no_args_is_help=True, help="Plan, authorise, prepare, open, suspend, close and look at deployments.")
for _commands in (planning, authority, documents, operation, blue_list, inspection):
    app.add_typer(_commands.app)
