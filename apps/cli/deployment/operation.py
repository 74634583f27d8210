"""`lfr deployment create | open | suspend | resume | close | cancel`: trials, and running deployments of both kinds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from apps.cli.command import Output, command, logged_in, logged_in_or_machine
from apps.cli.common import DeploymentId, errors, parse_kind, print_plain
from apps.cli.deployment.inspection import summary_output
from apps.cli.deployment.status import move_runs, read_standing

if TYPE_CHECKING:
    from lfr_core.custody.installation import Installation
    from lfr_core.custody.people import Actor, AuthenticatedPerson
    from lfr_core.deployments.steps import Step

__all__ = ["app"]

app = typer.Typer()


@command(app, migrated=True)
def create(
    installation: Installation,
    id: DeploymentId,
    kind: Annotated[str, typer.Option(help="evaluation or demo; an operational one is planned.")] = "evaluation",
    name: Annotated[str, typer.Option(help="What people call it; default: the id.")] = "",
    threshold: Annotated[float | None, typer.Option(help="Cosine, between 0 and 1; default: the policy's.")] = None,
    recorded: Annotated[bool, typer.Option("--recorded", help="For recorded video: no frame is too old.")] = False,
) -> Output:
    """Make a trial: a deployment without an authority, which takes recordings and never a live camera.

    Next: give it its watchlist with `lfr watchlist enrol`. What takes a live camera is planned: `lfr deployment plan`.

    Example: lfr deployment create rehearsal-3 --name "Rehearsal on rendered streets"
    """
    from lfr_core.deployments.build import build_deployment_service

    build_deployment_service(installation).create(
        id,
        parse_kind(kind),
        name=name,
        live_only=not recorded,
        threshold=threshold,
        by=logged_in_or_machine(installation),
    )
    return summary_output(installation, id)


@command(app, "open", migrated=True)
def open_deployment(
    installation: Installation,
    id: DeploymentId,
    hours: Annotated[
        float | None, typer.Option(help="A trial: open for at most this long; default: the policy's.")
    ] = None,
) -> Output:
    """Let a deployment match: a planned one within its hours if the readiness board is green, a trial from now on.

    Nothing is recognised unless an operator attends: see `lfr operator attend`, or open the operator's page.

    Example: lfr deployment open high-street-0412
    """
    from lfr_core.deployments.build import build_deployment_service
    from lfr_core.deployments.steps import Step
    from lfr_core.domain.gate import Condition

    deployments, who = build_deployment_service(installation), _actor(installation, id, Step.OPEN)
    if hours is None and Condition.PROVEN in deployments.rule(id, Step.OPEN).conditions:
        _test_unless_proven(installation, id, by=who)
    deployments.open(id, by=who, hours=hours)
    return summary_output(installation, id)


@command(app, migrated=True)
def suspend(
    installation: Installation,
    id: DeploymentId,
    why: Annotated[str, typer.Option(help="The reason, for everybody who sees it stand still.")],
) -> Output:
    """Stop recognition for now; within 3 seconds nothing is recognised on any worker.

    Example: lfr deployment suspend high-street-0412 --why "two false alerts in ten minutes"
    """
    from lfr_core.deployments.build import build_deployment_service
    from lfr_core.deployments.steps import Step

    build_deployment_service(installation).suspend(id, why, by=_actor(installation, id, Step.SUSPEND))
    return summary_output(installation, id)


@command(app, migrated=True)
def resume(installation: Installation, id: DeploymentId) -> Output:
    """Let a suspended deployment match again, within its hours.

    Example: lfr deployment resume high-street-0412
    """
    from lfr_core.deployments.build import build_deployment_service
    from lfr_core.deployments.steps import Step

    build_deployment_service(installation).resume(id, by=_actor(installation, id, Step.RESUME))
    return summary_output(installation, id)


@command(app, migrated=True)
def close(installation: Installation, id: DeploymentId) -> Output:
    """End a deployment for good: nothing matches any more, its watchlist and its gallery are destroyed.

    It says how many alerts still wait for a person's judgement; they can be judged until they are deleted.

    If the gallery is away, the deployment has ended all the same: run the command again to drop the gallery.

    Example: lfr deployment close high-street-0412
    """
    from lfr_core.deployments.build import build_deployment_service
    from lfr_core.deployments.steps import Step
    from lfr_core.publication.closing import still_to_decide
    from lfr_core.recognition.build import drop_gallery

    closed = build_deployment_service(installation).close(id, by=_actor(installation, id, Step.CLOSE))
    waiting = still_to_decide(installation.engine, id, retention_h=installation.policy.alerts.retention_h)
    if waiting:
        errors.print(f"{waiting} (`lfr alerts list --deployment {id} --undecided`)", markup=False, soft_wrap=True)
    drop_gallery(installation, closed.gallery)
    move_runs(installation)
    return summary_output(installation, id, totals=True)


@command(app, migrated=True)
def cancel(
    installation: Installation,
    id: DeploymentId,
    by: AuthenticatedPerson,
    why: Annotated[str, typer.Option(help="The reason, kept on its timeline.")],
) -> Output:
    """Give a planned deployment up before it opens; its runs are cancelled, a list that was built is destroyed.

    Example: lfr deployment cancel high-street-0412 --why "storm warning"
    """
    from lfr_core.deployments.build import build_deployment_service
    from lfr_core.recognition.build import drop_gallery

    cancelled = build_deployment_service(installation).cancel(id, why, by=by)
    drop_gallery(installation, cancelled.gallery)
    move_runs(installation)
    return summary_output(installation, id)


def _actor(installation: Installation, deployment: str, step: Step) -> Actor:
    """Find who takes a step: who is logged in; where nobody is and the step allows it, this machine's user."""
    from lfr_core.deployments.build import build_deployment_service
    from lfr_core.domain.actors import SystemActor

    may_be_machine = SystemActor.LFR in build_deployment_service(installation).rule(deployment, step).systems
    return logged_in_or_machine(installation) if may_be_machine else logged_in(installation)


def _test_unless_proven(installation: Installation, deployment: str, *, by: Actor) -> None:
    """Run the self-test unless a fresh one is green; what it found is shown only when it isn't."""
    from lfr_core.deployments.locking import lock_deployment
    from lfr_core.deployments.record import check_may_take
    from lfr_core.deployments.steps import Step
    from lfr_core.domain.gate import Condition
    from lfr_core.storage.engine import reading
    from streams.live_probe_selftest import run_self_test

    with reading(installation.engine) as session:
        check_may_take(session, lock_deployment(session, deployment), Step.OPEN, by)
    readiness = {line.finding.condition: line.finding for line in read_standing(installation, deployment).readiness}
    if readiness[Condition.PROVEN].met and readiness[Condition.GALLERY_UNCHANGED].met:
        return
    errors.print("[dim]self-test …[/dim]")
    found = run_self_test(installation, deployment, by=by)
    for line in found.lines:
        if not line.ok:
            print_plain(f"{line.name}: {line.message}", errors)
