"""`lfr deployment`, second part: trials; and opening, suspending and ending deployments of both lines."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from apps.cli import deployment_looks, planned_papers, planning
from apps.cli.common import AsJson, DeploymentId, errors, guard, load_settings, person_option, policy_of
from apps.cli.deployment_looks import records_made, show_one
from apps.cli.planned import At, at_desk

if TYPE_CHECKING:
    from lfr_core.domain.deployments import DeploymentKind, DeploymentView

__all__ = ["app"]

app = typer.Typer(no_args_is_help=True, help="Plan, authorise, prepare, open, suspend, close and look at deployments.")
app.registered_commands.extend(planning.app.registered_commands)
app.registered_commands.extend(planned_papers.app.registered_commands)

By = Annotated[
    str,
    person_option("--by", "Who does it; of a planned deployment a registered person. Default: your login's name."),
]


@app.command()
def create(
    id: DeploymentId,
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
        with records_made(settings) as engine:
            deployment_store(settings, engine).create(
                id,
                _kind(kind),
                name=name,
                policy=policy,
                live_only=not recorded,
                threshold=threshold,
                by=by or _user(),
            )
            show_one(engine, id, as_json=as_json)


@app.command(name="open")
def open_(
    id: DeploymentId,
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
        from functools import partial

        from apps.stores import deployment_store
        from lfr_core.common.errors import Refused
        from lfr_core.deployments.monitoring.gallery import compare_gallery
        from lfr_core.domain.deployments import DeploymentStatus

        compare = partial(compare_gallery, at.settings, at.engine, at.clock)
        store, found = deployment_store(at.settings, at.engine), at.reader.find(id)
        if found is not None and found.planned:
            if hours is not None:
                raise Refused("deployment.planned", f"{id} is planned: its hours are those of its authority")
            _prove(at, id, by=by or _user())
            at.desk.open(id, by=by or _user(), compare=compare)
        else:
            if found is not None and found.status is DeploymentStatus.READY and (why := compare(id)):
                raise Refused(
                    "gate.gallery-unchanged",
                    f"the gallery of {id} no longer holds the list that was enrolled: {why}. Make a new deployment",
                )
            longest = at.policy.vault.max_open_h
            store.open(id, hours=longest if hours is None else min(hours, longest), by=by or _user())
        show_one(at.engine, id, as_json=as_json)


@app.command()
def suspend(
    id: DeploymentId,
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
        with records_made(settings) as engine:
            deployment_store(settings, engine).suspend(id, why, by=by or _user())
            show_one(engine, id, as_json=as_json)


@app.command()
def resume(id: DeploymentId, by: By = "", as_json: AsJson = False) -> None:
    """Let a suspended deployment match again, within its hours.

    Example: lfr deployment resume high-street-0412
    """
    with guard():
        from apps.stores import deployment_store

        settings = load_settings()
        with records_made(settings) as engine:
            deployment_store(settings, engine).resume(id, by=by or _user())
            show_one(engine, id, as_json=as_json)


@app.command()
def close(id: DeploymentId, by: By = "", as_json: AsJson = False) -> None:
    """End a deployment for good: nothing matches any more, its watchlist and its gallery are destroyed.

    It says how many alerts still wait for a person's judgement; they can be judged until they are deleted.

    If the gallery is away, the deployment has ended all the same: run the command again to drop the gallery.

    Example: lfr deployment close high-street-0412 --by "O. Reyes"
    """
    with guard(), at_desk() as at:
        from apps.stores import deployment_store
        from lfr_core.publication.closing import still_to_decide

        closed = deployment_store(at.settings, at.engine).close(id, by=by or _user())
        waiting = still_to_decide(at.engine, id)
        if waiting:
            errors.print(f"{waiting} (`lfr alerts list --deployment {id} --undecided`)", markup=False, soft_wrap=True)
        _drop_gallery(at, closed)
        at.reschedule()
        show_one(at.engine, id, as_json=as_json, totals=True)


@app.command()
def cancel(
    id: DeploymentId,
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
        show_one(at.engine, id, as_json=as_json)


def _prove(at: At, deployment: str, *, by: str) -> None:
    """Run the self-test unless a fresh one is green; what it found is shown only when it isn't."""
    from lfr_core.custody.installation import Installation
    from lfr_core.domain.gate import Condition
    from streams.live_probe_selftest import run_self_test

    board = {line.finding.condition: line.finding for line in at.standing(deployment).board}
    if board[Condition.PROVEN].met and board[Condition.GALLERY_UNCHANGED].met:
        return
    errors.print("[dim]self-test …[/dim]")
    with Installation(at.settings) as installation:
        found = run_self_test(installation, deployment, by=by)
    for line in found.lines:
        if not line.ok:
            errors.print(f"{line.name}: {line.said}", markup=False, highlight=False, soft_wrap=True)


def _drop_gallery(at: At, view: DeploymentView) -> None:
    """Drop its collection. Raises Retryable when Milvus is away; the command may be given again."""
    from lfr_core.recognition.gallery.milvus import MilvusGallery

    if view.gallery:
        gallery = MilvusGallery(at.settings.gallery_uri)
        try:
            gallery.drop(view.gallery)
        finally:
            gallery.close()


def _user() -> str:
    import getpass

    return getpass.getuser()


def _kind(word: str) -> DeploymentKind:
    from lfr_core.common.errors import Refused
    from lfr_core.domain.deployments import DeploymentKind

    try:
        return DeploymentKind(word)
    except ValueError as error:
        kinds = ", ".join(kind.value for kind in DeploymentKind)
        raise Refused("deployment.bad-kind", f"{word!r} is no kind of deployment; there are {kinds}") from error


app.registered_commands.extend(deployment_looks.app.registered_commands)
