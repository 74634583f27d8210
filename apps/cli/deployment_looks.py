"""`lfr deployment`, third part: looking at deployments of both lines."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import typer

from apps.cli.common import AsJson, DeploymentId, console, guard, load_settings, print_json
from apps.cli.planned import at_desk

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from apps.cli.planned_summary import Planned
    from lfr_core.alerts.read import DeploymentSummary
    from lfr_core.common.settings import Settings

__all__ = ["app", "records_made", "show_one"]

app = typer.Typer()


@app.command()
def status(id: DeploymentId, as_json: AsJson = False) -> None:
    """Show where a planned deployment stands: its readiness board, what is scheduled, what is owed after its end.

    Exit code 1 while a condition isn't met.

    Example: lfr deployment status high-street-0412
    """
    with guard(), at_desk() as at:
        from apps.cli.planned import status_of
        from apps.cli.planned_text import show_status

        found = status_of(at, id)
        if as_json:
            print_json(found.as_dict())
        else:
            show_status(found)
        if not found.standing.view.status.is_over and not all(line.finding.met for line in found.standing.board):
            raise typer.Exit(1)


@app.command()
def timeline(id: DeploymentId, as_json: AsJson = False) -> None:
    """Show what was done to a planned deployment, when and by whom.

    Example: lfr deployment timeline high-street-0412
    """
    with guard(), at_desk() as at:
        from dataclasses import asdict

        from apps.cli.planned_text import show_timeline
        from lfr_core.deployments.reading import timeline as steps_of

        at.application(id)  # says so when there is no such, or when it is a trial
        found = steps_of(at.engine, id)
        if as_json:
            print_json([asdict(one) for one in found])
        else:
            show_timeline(found)


@app.command(name="list")
def list_(as_json: AsJson = False) -> None:
    """List the deployments, the newest first.

    Example: lfr deployment list --json
    """
    with guard():
        from rich.markup import escape
        from rich.table import Table

        from apps.cli.planned_summary import planned_of
        from lfr_core.alerts import read

        with records_made(load_settings()) as engine:
            found = read.deployments(engine)
            planned = planned_of(engine, found)
        if as_json:
            print_json([_as_dict(one, planned.get(one.view.id)) for one in found])
            return
        if not found:
            console.print(
                "There is no deployment yet: `lfr deployment plan` makes one, `lfr deployment create` a trial."
            )
            return
        table = Table(
            "Deployment",
            "Name",
            "Kind",
            "Status",
            "Where, when, authorised by",
            "Watchlist",
            "Test subjects",
            "Threshold",
        )
        for one in found:
            plan = planned.get(one.view.id)
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


@app.command()
def show(id: DeploymentId, as_json: AsJson = False) -> None:
    """Show a deployment: its rule, its list's size, what its cameras and alerts came to.

    Example: lfr deployment show high-street-0412
    """
    with guard(), records_made(load_settings()) as engine:
        show_one(engine, id, as_json=as_json, totals=True)


@contextmanager
def records_made(settings: Settings) -> Iterator[Engine]:
    """The database, its tables made if need be."""
    from lfr_core.storage.engine import open_engine
    from lfr_core.storage.migrate import upgrade

    upgrade(settings.records_url)
    engine = open_engine(settings.records_url)
    try:
        yield engine
    finally:
        engine.dispose()


def show_one(engine: Engine, deployment: str, *, as_json: bool, totals: bool = False) -> None:
    """Print what a deployment is. Raises Refused `deployment.unknown`."""
    from apps.cli.planned_summary import planned_of
    from lfr_core.alerts import read
    from lfr_core.common.errors import Refused

    found = read.deployment(engine, deployment)
    if found is None:
        raise Refused("deployment.unknown", f"there is no deployment {deployment}; `lfr deployment list` shows them")
    values = _as_dict(found, planned_of(engine, [found]).get(deployment))
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
    if as_json:
        print_json(values)
        return
    for name, value in values.items():
        console.print(f"[dim]{name.replace('_', ' '):>18}[/dim]  ", end="")
        text = ", ".join(f"{k} {v}" for k, v in value.items()) if isinstance(value, dict) else str(value)
        console.print(text, markup=False, highlight=False, soft_wrap=True)


def _as_dict(one: DeploymentSummary, planned: Planned | None) -> dict[str, object]:
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
    } | ({} if planned is None else planned.as_dict())
