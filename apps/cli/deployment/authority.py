"""`lfr deployment authorise | refuse | approve-list | announce | withhold | ready`: what people answer for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from apps.cli.command import Output, command
from apps.cli.common import DeploymentId, person_option
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
    one_in: Annotated[
        int | None,
        typer.Option("--one-in", help="At most one false alert in so many faces; default: the claim."),
    ] = None,
    revision: Annotated[
        int | None, typer.Option("--revision", help="Of the application that you read; refused if there is a newer.")
    ] = None,
    claim_not_shown: Annotated[
        bool, typer.Option("--claim-not-shown", help="Sign that no evaluation shows the public claim for this list.")
    ] = False,
) -> Output:
    """Allow a deployment: an authorising officer who didn't plan it. Its runs are scheduled at once.

    The officer signs the expected number of false alerts for this cap, threshold and footfall: `lfr deployment forecast`.

    Example: lfr deployment authorise high-street-0412 --reason "warrants outstanding in the area" --claim-not-shown
    """  # noqa: E501  an example is one line
    from lfr_core.deployments.services import build_planning_service

    given = build_planning_service(installation).authorise(
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
    from lfr_core.deployments.services import build_planning_service

    build_planning_service(installation).refuse(id, by=by, reason=reason)
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
    from lfr_core.deployments.services import build_planning_service

    if not digest:
        built = list_as_built(installation, id)
        advice = f"To approve it: lfr deployment approve-list {id} --digest {built.digest[:16]}"
        return Output(built.as_dict(), f"{built.words}\n{advice}")
    build_planning_service(installation).approve_list(id, digest, by=by)
    return report_step(installation, id, "the list is approved")


@command(app, migrated=True)
def announce(installation: Installation, id: DeploymentId, by: AuthenticatedPerson) -> Output:
    """Tell the public now, as the deployment is planned. `lfr publish site` puts it on the site.

    Example: lfr deployment announce high-street-0412
    """
    from lfr_core.deployments import announcement
    from lfr_core.deployments.services import build_announcement_store

    made = announcement.announce(installation.engine, build_announcement_store(installation), id, by=by)
    return report_step(installation, id, f"announced, revision {made.revision}")


@command(app, migrated=True)
def withhold(
    installation: Installation,
    id: DeploymentId,
    by: AuthenticatedPerson,
    approved_by: Annotated[str, person_option("--approved-by", "The authorising officer who allows that.")],
    reason_class: Annotated[
        str,
        typer.Option(
            "--reason-class",
            help="threat-to-life, prevents-serious-crime, national-security or safety-of-a-person; published.",
        ),
    ],
) -> Output:
    """Tell nobody beforehand, for a reason that an authorising officer stands for. It is counted in public.

    Example: lfr deployment withhold high-street-0412 --approved-by "C. Adeyemi" --reason-class threat-to-life
    """
    from apps.cli.publish.announcement import parse_reason_class
    from lfr_core.deployments import announcement
    from lfr_core.deployments.services import build_announcement_store

    because = parse_reason_class(reason_class)
    store = build_announcement_store(installation)
    made = announcement.withhold(installation.engine, store, id, because=because, by=by, approved_by=approved_by)
    return report_step(installation, id, f"withheld; the public knows it as {made.public_id}")


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
    from lfr_core.deployments.services import build_planning_service

    service = build_planning_service(installation)
    service.confirm(id, by=by, signage=signage, briefing=briefing)
    service.ready(id, by=by)
    return report_step(installation, id, "ready")
