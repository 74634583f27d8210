"""`lfr operator`: sign on to a deployment, and attend it, from a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from apps.cli.command import command
from apps.cli.common import DeploymentId, console

if TYPE_CHECKING:
    from lfr_core.custody.installation import Installation
    from lfr_core.custody.people import AuthenticatedPerson
    from lfr_core.custody.people.sign_on import SignOns

__all__ = ["app"]

app = typer.Typer(
    no_args_is_help=True, help="Sign on to a deployment and attend it: without an operator nothing is recognised."
)


@command(app, "sign-on", migrated=True)
def sign_on(installation: Installation, deployment: DeploymentId, by: AuthenticatedPerson) -> None:
    """Take a deployment's alerts in hand, on the audit trail, for 12 hours. Before that nobody is shown any.

    The operator's page does the same when you sign on there.

    Example: lfr operator sign-on high-street-0412
    """
    person = _sign_ons(installation).sign_on(deployment, by)
    console.print(f"{person.name} has signed on to {deployment}", markup=False, highlight=False)


@command(app, "sign-off", migrated=True)
def sign_off(installation: Installation, deployment: DeploymentId, by: AuthenticatedPerson) -> None:
    """Have its alerts in hand no longer.

    Example: lfr operator sign-off high-street-0412
    """
    _sign_ons(installation).sign_off(deployment, by)
    console.print(f"{by.name} has signed off from {deployment}", markup=False, highlight=False)


@command(app)
def attend(
    installation: Installation,
    deployment: DeploymentId,
    by: AuthenticatedPerson,
    seconds: Annotated[float | None, typer.Option(help="For so long; default: until Ctrl-C.", min=0.1)] = None,
) -> None:
    """Say that you watch, every two seconds, until you press Ctrl-C; then the gate shuts at once.

    The operator's page does the same by itself while somebody has it open. This is for a deployment that is watched
    on other screens.

    Example: lfr operator attend high-street-0412
    """
    import signal
    import threading

    from lfr_core.deployments.attendance import Attendance

    over = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: over.set())
    with Attendance(installation.engine, installation.trail, installation.clock).keep_alive(deployment, by, ended=over):
        console.print(f"{by.name} attends {deployment}; Ctrl-C ends it", markup=False, highlight=False)
        over.wait(seconds)


def _sign_ons(installation: Installation) -> SignOns:
    from lfr_core.custody.people.sign_on import SignOns

    return SignOns(installation.engine, installation.trail, installation.clock)
