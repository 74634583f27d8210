"""`lfr publish`: tell the public beforehand, publish what came of it, build the public site."""

from __future__ import annotations

import typer

from apps.cli.publish import announcement, record, results, site

__all__ = ["app"]

app = typer.Typer(no_args_is_help=True, help="Announce deployments, publish their records, build the public site.")
for _commands in (announcement, record, site, results):
    app.add_typer(_commands.app)
