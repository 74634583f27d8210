"""The group of commands, in a module of its own: the modules that fill it import it."""

from __future__ import annotations

import typer

__all__ = ["app"]

app = typer.Typer(
    no_args_is_help=True, help="Measure how often recognition is right and wrong; plan a threshold from it."
)
