"""`lfr`: every command, put together. Each command module stays light, so that `lfr --help` is quick."""

from __future__ import annotations

import importlib

import typer

__all__ = ["app", "run"]

app = typer.Typer(
    name="lfr",
    no_args_is_help=True,
    rich_markup_mode="markdown",
    pretty_exceptions_show_locals=False,  # locals may hold biometrics
    help="OpenLFR: run overt live facial recognition, and prove what was deleted.",
)

_GROUPS = ("models", "camera", "watchlist", "deployment", "alerts", "stream")
_COMMANDS = ("system", "demo")  # modules whose commands stand at the top level: up, down, status, doctor, demo

for _name in _COMMANDS:
    app.add_typer(importlib.import_module(f"apps.cli.{_name}").app)
for _name in _GROUPS:
    app.add_typer(importlib.import_module(f"apps.cli.{_name}").app, name=_name)


def run() -> None:
    """The console script."""
    app()
