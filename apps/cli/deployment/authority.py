"""`lfr deployment authorise | refuse | approve-list | announce | withhold ... | ready`: what people answer for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from apps.cli.command import Output, command
from apps.cli.common import DeploymentId
from apps.cli.deployment.status import list_as_built, move_runs, report_step

if TYPE_CHECKING:
    from lfr_core.custody.installation import Installation
    from lfr_core.custody.people import AuthenticatedPerson

__all__ = ["app"]

app = typer.Typer()

Reason = Annotated[str, typer.Option("--reason", help="Why, in a line; kept, and printed on the authority.")]


@command(app, migrated=True)
def authorise(
    installation: Installation,
    id: DeploymentId,
    by: AuthenticatedPerson,
    reason: Reason,
    revision: Annotated[
        int, typer.Option("--revision", help="Of the application that you read; refused if there is a newer.")
    ],
    one_in: Annotated[
        int | None,
        typer.Option("--one-in", help="At most one false alert in so many faces; default: the claim."),
    ] = None,
    claim_not_shown: Annotated[
        bool, typer.Option("--claim-not-shown", help="Sign that no evaluation shows the public claim for this list.")
    ] = False,
) -> Output:
    """Allow a deployment: an authorising officer who didn't plan it. Its runs are scheduled at once.

    The officer signs the expected number of false alerts for this cap, threshold and footfall: `lfr deployment forecast`.

    Example: lfr deployment authorise high-street-0412 --revision 1 --reason "warrants outstanding" --claim-not-shown
    """  # noqa: E501  an example is one line
    from lfr_core.deployments.build import build_deployment_service

    given = build_deployment_service(installation).authorise(
        id, by=by, reason=reason, one_in=one_in, claim_not_shown=claim_not_shown, revision=revision
    )
    move_runs(installation)
    words = f"authorised by {given.by}, at most 1 false alert in {given.false_alerts_one_in:,} faces"
    return report_step(installation, id, words)


@command(app, migrated=True)
def refuse(installation: Installation, id: DeploymentId, by: AuthenticatedPerson, reason: Reason) -> Output:
    """Say no to an application; its planner may revise it and apply again.

    Example: lfr deployment refuse high-street-0412 --reason "the footprint takes in a school"
    """
    from lfr_core.deployments.build import build_deployment_service

    build_deployment_service(installation).refuse(id, by=by, reason=reason)
    return report_step(installation, id, "refused")


@command(app, "approve-list", migrated=True)
def approve_list(
    installation: Installation,
    id: DeploymentId,
    by: AuthenticatedPerson,
    digest: Annotated[
        str, typer.Option("--digest", help="Of the list that you saw; without it the list is shown and nothing done.")
    ] = "",
) -> Output:
    """Approve the list as built: an officer who neither planned the deployment nor compiled the list.

    Example: lfr deployment approve-list high-street-0412 --digest 3f0c9a11d2e4
    """
    from lfr_core.deployments.build import build_deployment_service

    if not digest:
        built = list_as_built(installation, id)
        advice = f"To approve it: lfr deployment approve-list {id} --digest {built.digest[:16]}"
        return Output(built.as_dict(), f"{built.words}\n{advice}")
    build_deployment_service(installation).approve_list(id, digest, by=by)
    return report_step(installation, id, "the list is approved")


@command(app, migrated=True)
def announce(installation: Installation, id: DeploymentId, by: AuthenticatedPerson) -> Output:
    """Tell the public now, as the deployment is planned. `lfr publish site` puts it on the site.

    Example: lfr deployment announce high-street-0412
    """
    from lfr_core.deployments import announcement
    from lfr_core.deployments.build import build_announcement_store

    made = announcement.announce(installation.engine, build_announcement_store(installation), id, by=by)
    return report_step(installation, id, f"announced, revision {made.revision}")


@command(app, migrated=True)
def withhold(
    installation: Installation,
    id: DeploymentId,
    by: AuthenticatedPerson,
    reason_class: Annotated[
        str,
        typer.Option(
            "--reason-class",
            help="threat-to-life, prevents-serious-crime, national-security or safety-of-a-person; published.",
        ),
    ],
) -> Output:
    """Ask that nobody be told beforehand. Nothing is withheld until an authorising officer who is somebody else approves.

    Example: lfr deployment withhold high-street-0412 --reason-class threat-to-life
    """  # noqa: E501  a summary is one line
    from apps.cli.publish.announcement import asked_output, parse_reason_class
    from lfr_core.deployments.build import build_announcement_store
    from lfr_core.deployments.withholding import ask_to_withhold

    store, because = build_announcement_store(installation), parse_reason_class(reason_class)
    return asked_output(ask_to_withhold(store, id, because=because, by=by))


@command(app, "approve-withholding", migrated=True)
def approve_withholding(
    installation: Installation,
    id: DeploymentId,
    by: AuthenticatedPerson,
    request: Annotated[
        str, typer.Option("--request", help="Name of the request; without it that is shown and nothing done.")
    ] = "",
) -> Output:
    """Approve that a notice is withheld: an authorising officer who neither asked for it nor planned the deployment.

    Example: lfr deployment approve-withholding high-street-0412 --request 1-0f3c9a11d2e47b58
    """
    from apps.cli.publish.announcement import announced_output, asked_output
    from lfr_core.deployments.build import build_announcement_store
    from lfr_core.deployments.withholding import approve_withholding, find_pending

    store = build_announcement_store(installation)
    if not request:
        return asked_output(find_pending(store, id))
    made = approve_withholding(store, id, request=request, by=by)
    return announced_output(made, installation.policy, installation.now)


@command(app, "refuse-withholding", migrated=True)
def refuse_withholding(
    installation: Installation,
    id: DeploymentId,
    by: AuthenticatedPerson,
    reason: Annotated[str, typer.Option("--reason", help="Why, in a line; the publication officer reads it.")],
) -> Output:
    """Refuse to withhold a notice, as an authorising officer; or take back what you asked for.

    Example: lfr deployment refuse-withholding high-street-0412 --reason "nobody is in danger"
    """
    from lfr_core.deployments.build import build_announcement_store
    from lfr_core.deployments.withholding import refuse_withholding

    refuse_withholding(build_announcement_store(installation), id, by=by, reason=reason)
    return Output({"deployment": id, "withholding": "refused"}, f"{id}: its notice isn't withheld, so announce it")


@command(app, migrated=True)
def ready(
    installation: Installation,
    id: DeploymentId,
    by: AuthenticatedPerson,
    signage: Annotated[bool, typer.Option("--signage", help="Signs stand at all approaches.")] = False,
    briefing: Annotated[
        bool, typer.Option("--briefing", help="Officers are briefed, also on demographic performance.")
    ] = False,
) -> Output:
    """Confirm signs and briefing; once both are, everything but the hour is in order.

    Example: lfr deployment ready high-street-0412 --signage --briefing
    """
    from lfr_core.deployments.build import build_deployment_service

    service = build_deployment_service(installation)
    service.confirm(id, by=by, signage=signage, briefing=briefing)
    service.mark_ready(id, by=by)
    return report_step(installation, id, "ready")
