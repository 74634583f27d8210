"""`lfr erasure`: inject canaries, certify what was deleted, verify it, show certificates and epochs."""

from __future__ import annotations

import typer

from apps.cli.erasure import canaries, certificates, epochs
from apps.cli.erasure.certificates import FAILED

__all__ = ["FAILED", "app"]

app = typer.Typer(
    no_args_is_help=True, help="Prove what was deleted: canaries, certificates, and when a face was gone."
)
for _commands in (canaries, certificates, epochs):
    app.add_typer(_commands.app)
