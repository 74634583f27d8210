"""`lfr deployment`, second half: trials; and opening, suspending, ending and looking at deployments of both lines."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

import typer

from apps.cli import planned_papers, planning
from apps.cli.common import AsJson, console, errors, guard, load_settings, policy_of, print_json
from apps.cli.planned import At, at_desk

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from apps.cli.planned_summary import Planned
    from lfr_core.deployments import DeploymentKind, DeploymentView
    from lfr_core.records.read import DeploymentSummary
    from lfr_core.settings import Settings

__all__ = ["app"]

app = typer.Typer(no_args_is_help=True, help="Plan, authorise, prepare, open, suspend, close and look at deployments.")
app.registered_commands.extend(planning.app.registered_commands)
app.registered_commands.extend(planned_papers.app.registered_commands)

By = Annotated[
    str, typer.Option(help="Who does it; of a planned deployment a registered person. Default: your login's name.")
]
Id = Annotated[str, typer.Argument(metavar="ID", help="Id of the deployment, e.g. high-street-0412.")]


@app.command()
def create(
    id: Id,  # noqa: A002  the field's own word
    kind: Annotated[str, typer.Option(help="evaluation or demo; an operational one is planned.")] = "evaluation",
    name: Annotated[str, typer.Option(help="What people call it; default: the id.")] = "",
    threshold: Annotated[float | None, typer.Option(help="Cosine, between 0 and 1; default: the policy's.")] = None,
    recorded: Annotated[bool, typer.Option("--recorded", help="For recorded video: no frame is too old.")] = False,
    by: By = "",
    as_json: AsJson = False,
) -> None:
    """Make a trial: a deployment without an authority, which takes recordings and never a live camera.

    Next: give it its watchlist with `lfr watchlist enrol`. What takes a live camera is planned: `lfr deployment plan`.

    Example: lfr deployment create rehearsal-3 --name "Rehearsal on rendered streets"
    """
    with guard():
        from apps.stores import deployment_store

        settings = load_settings()
        policy = policy_of(settings)
        with _records(settings) as engine:
            deployment_store(settings, engine).create(
                id,
                _kind(kind),
                name=name,
                policy=policy,
                live_only=not recorded,
                threshold=threshold,
                by=by or _user(),
            )
            _show_one(engine, id, as_json=as_json)


@app.command(name="open")
def open_(
    id: Id,  # noqa: A002  the field's own word
    hours: Annotated[
        float | None, typer.Option(help="A trial: open for at most this long; default: the policy's.")
    ] = None,
    by: By = "",
    as_json: AsJson = False,
) -> None:
    """Let a deployment match: a planned one within its hours and when its board is green, a trial from now on.

    Nothing is recognised unless an operator attends: see `lfr operator attend`, or open the operator's page.

    Example: lfr deployment open high-street-0412 --by "O. Reyes"
    """
    with guard(), at_desk() as at:
        from apps.stores import deployment_store
        from lfr_core.errors import Refused

        store, found = deployment_store(at.settings, at.engine), at.reader.find(id)
        if found is not None and found.planned:
            if hours is not None:
                raise Refused("deployment.planned", f"{id} is planned: its hours are those of its authority")
            _prove(at, id, by=by or _user())
            at.desk.open(id, by=by or _user())
        else:
            longest = at.policy.vault.max_open_h
            store.open(id, hours=longest if hours is None else min(hours, longest), by=by or _user())
        _show_one(at.engine, id, as_json=as_json)


@app.command()
def suspend(
    id: Id,  # noqa: A002  the field's own word
    why: Annotated[str, typer.Option(help="The reason, for everybody who sees it stand still.")],
    by: By = "",
    as_json: AsJson = False,
) -> None:
    """Stop recognition for now; within 3 seconds nothing is recognised on any worker.

    Example: lfr deployment suspend high-street-0412 --why "two false alerts in ten minutes"
    """
    with guard():
        from apps.stores import deployment_store

        settings = load_settings()
        with _records(settings) as engine:
            deployment_store(settings, engine).suspend(id, why, by=by or _user())
            _show_one(engine, id, as_json=as_json)


@app.command()
def resume(id: Id, by: By = "", as_json: AsJson = False) -> None:  # noqa: A002  the field's own word
    """Let a suspended deployment match again, within its hours.

    Example: lfr deployment resume high-street-0412
    """
    with guard():
        from apps.stores import deployment_store

        settings = load_settings()
        with _records(settings) as engine:
            deployment_store(settings, engine).resume(id, by=by or _user())
            _show_one(engine, id, as_json=as_json)


@app.command()
def close(id: Id, by: By = "", as_json: AsJson = False) -> None:  # noqa: A002  the field's own word
    """End a deployment for good: nothing matches any more, its watchlist and its gallery are destroyed.

    If the gallery is away, the deployment has ended all the same: run the command again to drop the gallery.

    Example: lfr deployment close high-street-0412 --by "O. Reyes"
    """
    with guard(), at_desk() as at:
        from apps.stores import deployment_store

        _drop_gallery(at, deployment_store(at.settings, at.engine).close(id, by=by or _user()))
        at.reschedule()
        _show_one(at.engine, id, as_json=as_json)


@app.command()
def cancel(
    id: Id,  # noqa: A002  the field's own word
    why: Annotated[str, typer.Option(help="The reason, kept on its timeline.")],
    by: By = "",
    as_json: AsJson = False,
) -> None:
    """Give a planned deployment up before it opens; its runs are cancelled, a list that was built is destroyed.

    Example: lfr deployment cancel high-street-0412 --why "storm warning" --by "P. Lanner"
    """
    with guard(), at_desk() as at:
        from apps.stores import deployment_store

        _drop_gallery(at, deployment_store(at.settings, at.engine).cancel(id, why, by=by or _user()))
        at.reschedule()
        _show_one(at.engine, id, as_json=as_json)


@app.command()
def status(id: Id, as_json: AsJson = False) -> None:  # noqa: A002  the field's own word
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
def timeline(id: Id, as_json: AsJson = False) -> None:  # noqa: A002  the field's own word
    """Show what was done to a planned deployment, when and by whom.

    Example: lfr deployment timeline high-street-0412
    """
    with guard(), at_desk() as at:
        from dataclasses import asdict

        from apps.cli.planned_text import show_timeline
        from lfr_core.life.reading import timeline as steps_of

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
        from lfr_core.records import read

        with _records(load_settings()) as engine:
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
def show(id: Id, as_json: AsJson = False) -> None:  # noqa: A002  the field's own word
    """Show a deployment: its rule, its list's size, what its cameras and alerts came to.

    Example: lfr deployment show high-street-0412
    """
    with guard(), _records(load_settings()) as engine:
        _show_one(engine, id, as_json=as_json, totals=True)


def _prove(at: At, deployment: str, *, by: str) -> None:
    """Run the self-test unless a fresh one is green; what it found is shown only when it isn't."""
    from lfr_core.gate import Condition
    from streams.proof_selftest import self_test

    board = {line.finding.condition: line.finding for line in at.standing(deployment).board}
    if board[Condition.PROVEN].met:
        return
    errors.print("[dim]self-test …[/dim]")
    found = self_test(at.settings, at.policy, at.engine, deployment, by=by)
    for line in found.lines:
        if not line.ok:
            errors.print(f"{line.name}: {line.said}", markup=False, highlight=False, soft_wrap=True)


def _drop_gallery(at: At, view: DeploymentView) -> None:
    """Drop its collection. Raises Retryable when Milvus is away; the command may be given again."""
    from lfr_core.gallery.milvus import MilvusGallery

    if view.gallery:
        gallery = MilvusGallery(at.settings.gallery_uri)
        try:
            gallery.drop(view.gallery)
        finally:
            gallery.close()


def _user() -> str:
    import getpass

    return getpass.getuser()


@contextmanager
def _records(settings: Settings) -> Iterator[Engine]:
    """The database, its tables made if need be."""
    from lfr_core.records.engine import open_engine
    from lfr_core.records.migrate import upgrade

    upgrade(settings.records_url)
    engine = open_engine(settings.records_url)
    try:
        yield engine
    finally:
        engine.dispose()


def _kind(word: str) -> DeploymentKind:
    from lfr_core.deployments import DeploymentKind
    from lfr_core.errors import Refused

    try:
        return DeploymentKind(word)
    except ValueError as error:
        kinds = ", ".join(kind.value for kind in DeploymentKind)
        raise Refused("deployment.bad-kind", f"{word!r} is no kind of deployment; there are {kinds}") from error


def _show_one(engine: Engine, deployment: str, *, as_json: bool, totals: bool = False) -> None:
    from apps.cli.planned_summary import planned_of
    from lfr_core.errors import Refused
    from lfr_core.records import read

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
