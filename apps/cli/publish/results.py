"""`lfr publish results | due | explain`: results on time, and what is said when they aren't."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from apps.cli.command import Output, command, shown_service
from apps.cli.common import Deployment

if TYPE_CHECKING:
    from lfr_core.custody.installation import Installation
    from lfr_core.custody.people import AuthenticatedPerson
    from lfr_core.deployments.deadlines import ResultsDue

__all__ = ["app"]

app = typer.Typer()


@command(app, migrated=True)
def results(installation: Installation, deployment: Deployment) -> Output:
    """Do what the scheduled flow does: publish if every alert is decided or the deadline is near, then build the site.

    Again it changes nothing but makes up a site that couldn't be built. A script does it under its own name with the
    key of a service account (`lfr users add-service`).

    Example: lfr publish results high-street-0412
    """
    from lfr_core.publication.build import build_public_site, build_results_service

    made = build_results_service(installation).attempt(deployment, by=shown_service(installation))
    site = build_public_site(installation).refresh(installation.now, wait=False)
    return Output(
        _as_dict(made.due) | {"outcome": made.outcome.value, "said": made.message, "site": str(site.folder)},
        f"{deployment}: {made.outcome.value}. {made.message}\nSite: {site.message}",
    )


@command(app, migrated=True)
def due(installation: Installation) -> Output:
    """Show when the results of each ended deployment are due, and how they stand.

    Example: lfr publish due --json
    """
    from lfr_core.deployments.deadlines import results_due
    from lfr_core.storage.engine import reading

    policy = installation.policy.publication
    with reading(installation.engine) as session:
        found = results_due(session, installation.now, policy)
    lines = [_line(one) for one in found] or ["no deployment has opened and ended: no results are due"]
    return Output([_as_dict(one) for one in found], "\n".join(lines))


@command(app, migrated=True)
def explain(
    installation: Installation,
    deployment: Deployment,
    why: Annotated[str, typer.Option("--why", help="Why the results were late: the public reads it.")],
    by: AuthenticatedPerson,
) -> Output:
    """Explain late results on the deployment's public page. New authorities may be given again.

    Example: lfr publish explain high-street-0412 --why "two alerts waited for a reviewer who was ill"
    """
    from lfr_core.publication.build import build_explanations, build_public_site

    made = build_explanations(installation).explain(deployment, why=why, by=by)
    site = build_public_site(installation).refresh(installation.now, wait=False)
    return Output(_as_dict(made), f"{deployment}: explained, {made.stands.value}. Site: {site.message}")


def _line(one: ResultsDue) -> str:
    lock = ". No new authority until it is explained" if one.locks else ""
    late = f", late because {one.late_because}" if one.late_because else ""
    return f"{one.deployment}: {one.stands.value}, due {one.schedule.due_at:%Y-%m-%d %H:%M} UTC{late}{lock}"


def _as_dict(one: ResultsDue) -> dict[str, object]:
    at = one.schedule
    return {
        "deployment": one.deployment,
        "kind": one.kind.value,
        "stands": one.stands.value,
        "ended_at": one.ended_at.isoformat(),
        "remind_at": at.remind_at.isoformat(),
        "unattended_at": at.unattended_at.isoformat(),
        "due_at": at.due_at.isoformat(),
        "published_at": one.published_at.isoformat() if one.published_at else None,
        "late_because": one.late_because,
        "late_detail": one.late_detail,
        "explanation": one.explanation,
        "locks_new_authorities": one.locks,
    }
