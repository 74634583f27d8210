"""`lfr operator`: sign on to a deployment, and attend it, from a terminal."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

import typer

from apps.cli.common import console, guard, load_settings, person_option

if TYPE_CHECKING:
    from lfr_core.custody.people.sign_on import SignOns

__all__ = ["app"]

app = typer.Typer(
    no_args_is_help=True, help="Sign on to a deployment and attend it: without an operator nothing is recognised."
)

Deployment = Annotated[str, typer.Argument(metavar="ID", help="Id of the deployment.")]
Name = Annotated[str, person_option("--name", "Your name, as it is registered with role operator.")]


@app.command("sign-on")
def sign_on(deployment: Deployment, name: Name) -> None:
    """Take a deployment's alerts in hand, on the audit trail, for 12 hours. Before that nobody is shown any.

    The operator's page does the same when you sign on there.

    Example: lfr operator sign-on high-street-0412 --name "A. Okafor"
    """
    with guard(), _sign_ons() as sign_ons:
        person = sign_ons.sign_on(deployment, name)
        console.print(f"{person.name} has signed on to {deployment}", markup=False, highlight=False)


@app.command("sign-off")
def sign_off(deployment: Deployment, name: Name) -> None:
    """Have its alerts in hand no longer.

    Example: lfr operator sign-off high-street-0412 --name "A. Okafor"
    """
    with guard(), _sign_ons() as sign_ons:
        sign_ons.sign_off(deployment, name)
        console.print(f"{name} has signed off from {deployment}", markup=False, highlight=False)


@app.command()
def attend(
    deployment: Deployment,
    name: Name,
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

        from lfr_core.deployments.attendance import Attendance
        from lfr_core.storage.engine import open_engine

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


@contextmanager
def _sign_ons() -> Iterator[SignOns]:
    from apps.auditing import trail_for
    from lfr_core.custody.people.sign_on import SignOns
    from lfr_core.storage.engine import open_engine
    from lfr_core.storage.migrate import upgrade

    settings = load_settings()
    upgrade(settings.records_url)
    engine = open_engine(settings.records_url)
    try:
        yield SignOns(engine, trail_for(settings))
    finally:
        engine.dispose()
