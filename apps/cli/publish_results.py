"""`lfr publish results | due | explain`: results on time, and what is said when they aren't."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from apps.cli.common import AsJson, console, guard, load_settings, person_option, policy_of, print_json

if TYPE_CHECKING:
    from lfr_core.deployments.deadlines import Due

__all__ = ["app"]

app = typer.Typer()

Deployment = Annotated[str, typer.Argument(metavar="DEPLOYMENT", help="Id of the deployment.")]


@app.command()
def results(deployment: Deployment, as_json: AsJson = False) -> None:
    """Do what the scheduled flow does: publish if every alert is decided or the deadline is near, then build the site.

    Again it changes nothing but makes up a site that couldn't be built.

    Example: lfr publish results high-street-0412
    """
    with guard():
        from lfr_core.custody.installation import Installation
        from lfr_core.publication.assembly import build_public_site, build_results_service
        from lfr_core.storage.migrate import upgrade

        settings = load_settings()
        upgrade(settings.records_url)
        with Installation(settings) as here:
            made = build_results_service(here).attempt(deployment)
            site = build_public_site(here).refresh(here.now, wait=False)
        if as_json:
            print_json(
                _as_json(made.due) | {"outcome": made.outcome.value, "said": made.said, "site": str(site.folder)}
            )
            return
        for line in (f"{deployment}: {made.outcome.value}. {made.said}", f"Site: {site.said}"):
            console.print(line, markup=False, highlight=False, soft_wrap=True)


@app.command()
def due(as_json: AsJson = False) -> None:
    """Show when the results of each ended deployment are due, and how they stand.

    Example: lfr publish due --json
    """
    with guard():
        from lfr_core.common.clock import SystemClock, utc_from_ns
        from lfr_core.deployments.deadlines import results_due
        from lfr_core.storage.engine import open_engine, reading
        from lfr_core.storage.migrate import upgrade

        settings = load_settings()
        policy = policy_of(settings)
        upgrade(settings.records_url)
        engine = open_engine(settings.records_url)
        try:
            with reading(engine) as session:
                found = results_due(session, utc_from_ns(SystemClock().time_ns()), policy.publication)
        finally:
            engine.dispose()
        if as_json:
            print_json([_as_json(one) for one in found])
            return
        if not found:
            console.print("no deployment has opened and ended: no results are due")
        for one in found:
            lock = ". No new authority until it is explained" if one.locks else ""
            late = f", late because {one.late_because}" if one.late_because else ""
            line = f"{one.deployment}: {one.stands.value}, due {one.moments.due_at:%Y-%m-%d %H:%M} UTC{late}{lock}"
            console.print(line, markup=False, highlight=False, soft_wrap=True)


@app.command()
def explain(
    deployment: Deployment,
    why: Annotated[str, typer.Option("--why", help="Why the results were late: the public reads it.")],
    by: Annotated[str, person_option("--by", "A publication officer or authorising officer.")],
    as_json: AsJson = False,
) -> None:
    """Explain late results on the deployment's public page. New authorities may be given again.

    Example: lfr publish explain high-street-0412 --why "two alerts waited for a reviewer who was ill" --by "P. Webb"
    """
    with guard():
        from lfr_core.custody.installation import Installation
        from lfr_core.publication.assembly import build_explanations, build_public_site
        from lfr_core.storage.migrate import upgrade

        settings = load_settings()
        upgrade(settings.records_url)
        with Installation(settings) as here:
            made = build_explanations(here).explain(deployment, why=why, by=by)
            site = build_public_site(here).refresh(here.now, wait=False)
        if as_json:
            print_json(_as_json(made))
            return
        told = f"{deployment}: explained, {made.stands.value}. Site: {site.said}"
        console.print(told, markup=False, highlight=False, soft_wrap=True)


def _as_json(one: Due) -> dict[str, object]:
    at = one.moments
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
