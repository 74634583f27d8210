"""`lfr operator`: attend a deployment from a terminal."""

from __future__ import annotations

from typing import Annotated

import typer

from apps.cli.common import console, guard, load_settings

__all__ = ["app"]

app = typer.Typer(no_args_is_help=True, help="Attend a live deployment: without an operator nothing is recognised.")


@app.callback()
def _group() -> None:
    """Keeps `attend` a command of its own."""


@app.command()
def attend(
    deployment: Annotated[str, typer.Argument(metavar="ID", help="Id of the deployment.")],
    name: Annotated[str, typer.Option(help="Your name; the operator's page asks for the same.")],
    seconds: Annotated[float | None, typer.Option(help="For so long; default: until Ctrl-C.", min=0.1)] = None,
) -> None:
    """Say that you watch, every two seconds, until you press Ctrl-C; then the gate shuts at once.

    The operator's page does the same by itself while somebody has it open. This is for a deployment that is watched
    on other screens.

    Example: lfr operator attend high-street-0412 --name "A. Okafor"
    """
    with guard():
        import signal
        import threading

        from lfr_core.records.attendance import Attendance
        from lfr_core.records.engine import open_engine

        over = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: over.set())
        engine = open_engine(load_settings().records_url)
        try:
            with Attendance(engine).kept_up(deployment, name):
                console.print(f"{name} attends {deployment}; Ctrl-C ends it", markup=False, highlight=False)
                over.wait(seconds)
        finally:
            engine.dispose()
