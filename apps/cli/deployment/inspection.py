"""`lfr deployment status | timeline | list | show`: looking at deployments, planned ones and trials."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from apps.cli.command import Output, command
from apps.cli.common import DeploymentId, console, print_fields
from apps.cli.deployment.status import read_application, read_status

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from apps.cli.deployment.summary import PlanSummary
    from lfr_core.alerts.read import DeploymentSummary
    from lfr_core.custody.installation import Installation
    from lfr_core.custody.people import AuthenticatedPerson

__all__ = ["app", "summary_output"]

app = typer.Typer()


@command(app, migrated=True)
def status(installation: Installation, id: DeploymentId) -> Output:
    """Show where a planned deployment stands: its readiness board, what is scheduled, what is owed after its end.

    Exit code 1 while a condition isn't met.

    Example: lfr deployment status high-street-0412
    """
    from apps.cli.deployment.text import show_status

    found = read_status(installation, id)
    is_over, readiness = found.standing.view.status.is_over, found.standing.readiness
    in_order = is_over or all(line.finding.met for line in readiness)
    return Output(found.as_dict(), lambda: show_status(found), exit_code=0 if in_order else 1)


@command(app, migrated=True)
def timeline(installation: Installation, id: DeploymentId, by: AuthenticatedPerson) -> Output:
    """Show what was done to a planned deployment, when and by whom.

    Example: lfr deployment timeline high-street-0412
    """
    from dataclasses import asdict

    from apps.cli.deployment.text import show_timeline
    from lfr_core.deployments import reading

    read_application(installation, id)  # says so when there is no such, or when it is a trial
    found = reading.show_timeline(installation.looks, id, by=by)
    return Output([asdict(one) for one in found], lambda: show_timeline(found))


@command(app, "list", migrated=True)
def list_deployments(installation: Installation) -> Output:
    """List the deployments, the newest first.

    Example: lfr deployment list --json
    """
    from apps.cli.deployment.summary import read_plans
    from lfr_core.alerts import read

    found = read.deployments(installation.engine)
    plans = read_plans(installation.engine, found)
    return Output([_as_dict(one, plans.get(one.view.id)) for one in found], lambda: _show_list(found, plans))


@command(app, migrated=True)
def show(installation: Installation, id: DeploymentId) -> Output:
    """Show a deployment: its rule, its list's size, what its cameras and alerts came to.

    Example: lfr deployment show high-street-0412
    """
    return summary_output(installation, id, totals=True)


def summary_output(installation: Installation, deployment: str, *, totals: bool = False) -> Output:
    """Read what a deployment is. Raises Refused `deployment.unknown`."""
    from apps.cli.deployment.summary import read_plans
    from lfr_core.alerts import read
    from lfr_core.common.errors import Refused

    engine = installation.engine
    found = read.deployment(engine, deployment)
    if found is None:
        raise Refused("deployment.unknown", f"there is no deployment {deployment}; `lfr deployment list` shows them")
    values = _as_dict(found, read_plans(engine, [found]).get(deployment))
    if totals:
        counts = read.counts(engine, deployment)
        values |= {
            "frames": counts.frames.as_dict(),
            "faces_seen": counts.tracks_started,
            "faces_compared": counts.faces_compared,
            "alerts": counts.alerts.total,
            "alerts_undecided": counts.alerts.undecided,
            "blue_list_alerts": counts.blue_list.total,
        }
    shown = {_WORDS.get(name, name): _as_text(value) for name, value in values.items()}
    return Output(values, lambda: print_fields(shown.items()))


_WORDS = {"live_only": "drops late frames"}
"""Of keys that programs read, those that people would take for something else."""


def _as_text(value: object) -> str:
    return ", ".join(f"{k} {v}" for k, v in value.items()) if isinstance(value, dict) else str(value)


def _show_list(found: Sequence[DeploymentSummary], plans: Mapping[str, PlanSummary]) -> None:
    from rich.markup import escape
    from rich.table import Table

    if not found:
        console.print("There is no deployment yet: `lfr deployment plan` makes one, `lfr deployment create` a trial.")
        return
    table = Table(
        "Deployment", "Name", "Kind", "Status", "Where, when, authorised by", "Watchlist", "Test subjects", "Threshold"
    )
    for one in found:
        plan = plans.get(one.view.id)
        table.add_row(
            one.view.id,
            one.name,
            one.view.kind.value,
            one.view.status.value,
            escape(f"{plan.place}\n{plan.hours}\n{plan.authorised_by or 'nobody'}") if plan else "trial",
            str(one.watchlist_size),
            str(one.blue_list_size),
            f"{one.view.threshold:.2f}",
        )
    console.print(table)


def _as_dict(one: DeploymentSummary, plan: PlanSummary | None) -> dict[str, object]:
    def when(at: object) -> str | None:
        return None if at is None else str(at)

    return {
        "id": one.view.id,
        "name": one.name,
        "kind": one.view.kind.value,
        "status": one.view.status.value,
        "threshold": one.view.threshold,
        "agreeing_shots": one.view.agreeing_shots,
        "live_only": one.view.live_only,
        "gallery": one.view.gallery,
        "contract_id": one.view.contract_id,
        "watchlist_size": one.watchlist_size,
        "blue_list_size": one.blue_list_size,
        "created_at": when(one.created_at),
        "opened_at": when(one.opened_at),
        "closes_at": when(one.closes_at),
        "suspended_why": one.suspended_why,
        "ended_at": when(one.ended_at),
        "planned": one.view.planned,
    } | ({} if plan is None else plan.as_dict())
