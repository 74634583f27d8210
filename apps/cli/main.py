"""`lfr`: every command, put together. Each command module stays light, so that `lfr --help` is quick."""

from __future__ import annotations

import importlib
import io
import os
import sys
from pathlib import Path
from typing import Annotated

import typer

__all__ = ["app", "run"]

app = typer.Typer(
    name="lfr",
    no_args_is_help=True,
    rich_markup_mode="markdown",
    pretty_exceptions_show_locals=False,  # locals may hold biometrics
    help="OpenLFR: run overt live facial recognition, and prove what was deleted.",
    epilog="Example: `lfr up --detach`, then `lfr status`; `lfr demo` shows it all on a street that was never there.",
)

_GROUPS = {  # each with a command to begin with
    "models": "lfr models verify",
    "accuracy": "lfr accuracy evaluate --dataset faces --report report",
    "camera": "lfr camera probe --source rtsp://10.0.0.7/stream1",
    "watchlist": "lfr watchlist check lists/high-street",
    "deployment": "lfr deployment list",
    "alerts": "lfr alerts list --deployment high-street-0412",
    "operator": "lfr operator attend high-street-0412",
    "users": "lfr users list",
    "documents": "lfr documents list",
    "policy": "lfr policy show --section footage",
    "vault": "lfr vault status",
    "audit": "lfr audit verify",
    "erasure": "lfr erasure verify",
    "footage": "lfr footage list --deployment high-street-0412",
    "retention": "lfr retention status",
    "rights": "lfr rights due",
    "promises": "lfr promises check",
    "probe": "lfr probe self-test high-street-0412",
    "records": "lfr records validate met-2024.csv",
    "publish": "lfr publish record high-street-0412",
    "stream": "lfr stream run --source street.avi --watchlist lists/test",
}
_COMMANDS = (
    "system",
    "login",
    "demo",
    "evidence",
)  # modules whose commands stand at the top level: up, down, status, ...


@app.callback()
def _options(
    env_file: Annotated[
        Path | None,
        typer.Option(
            "--env-file", help="Settings from this file instead of `.env` in the project's folder.", show_default=False
        ),
    ] = None,
) -> None:
    if env_file is not None:
        os.environ["LFR_ENV_FILE"] = str(env_file.absolute())


for _name in _COMMANDS:
    app.add_typer(importlib.import_module(f"apps.cli.{_name}").app)
for _name, _example in _GROUPS.items():
    app.add_typer(importlib.import_module(f"apps.cli.{_name}").app, name=_name, epilog=f"Example: `{_example}`")


def run() -> None:
    """Run the console script. What a terminal of another encoding can't show is written as escapes and ends nothing."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    app()
