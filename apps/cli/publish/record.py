"""`lfr publish record`: the published record of a deployment that has ended."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from apps.cli.command import Output, command, logged_in
from apps.cli.common import AsJson, Deployment

if TYPE_CHECKING:
    from lfr_core.custody.installation import Installation
    from lfr_core.publication.not_decided import NotDecidedStatement
    from lfr_core.publication.record import DeploymentRecord

__all__ = ["app"]

app = typer.Typer()


@command(app)
def record(
    installation: Installation,
    deployment: Deployment,
    as_csv: Annotated[bool, typer.Option("--csv", help="Print the record as a row of CSV.")] = False,
    preview: Annotated[bool, typer.Option("--preview", help="Show what would be published; publish nothing.")] = False,
    correct: Annotated[
        str | None, typer.Option("--correct", metavar="REASON", help="Supersede the published one; published too.")
    ] = None,
    not_decided: Annotated[
        int | None,
        typer.Option(
            "--not-decided",
            min=1,
            metavar="NUMBER",
            help="The publication officer's word that nobody has judged so many alerts; with --because.",
        ),
    ] = None,
    because: Annotated[
        str | None, typer.Option("--because", metavar="WHY", help="Why nobody judged them; published too.")
    ] = None,
    publish: Annotated[bool, typer.Option("--publish", help="Publish it, as who is logged in.")] = False,
    as_json: AsJson = False,
) -> Output:
    """Publish the record of a deployment that has ended, out of the records; or print the one that is published.

    An alert is published as true, false or not decided. While nobody has judged some, publishing needs the publication
    officer's word: `--not-decided 3 --because "the operator fell ill"`. It is in the record and on the audit trail.

    Example: lfr publish record high-street-0412 --publish
    """
    from lfr_core.common.errors import Refused
    from lfr_core.publication.not_decided import NotDecidedStatement
    from lfr_core.publication.tabular import csv_text

    if as_csv and as_json:
        raise Refused("publish.two-forms", "give --csv or --json, not both")
    if preview and correct is not None:
        raise Refused("publish.two-acts", "give --preview or --correct, not both")
    if (not_decided is None) != (because is None):
        raise Refused("publish.half-a-word", "--not-decided and --because go together: give both or none")
    if not_decided is not None and not publish and correct is None:
        raise Refused("publish.nothing", "--not-decided goes with --publish or --correct")
    word = None if not_decided is None or because is None else NotDecidedStatement(not_decided, because)
    if preview:
        made = _preview(installation, deployment)
    elif publish or correct is not None:
        made = _publish(installation, deployment, correct=correct, word=word)
    else:
        made = _read_published(installation, deployment)
    if as_csv:
        return Output(None, lambda: typer.echo(csv_text([made]), nl=False))
    return Output(made.model_dump(mode="json"), _words_of(made, is_preview=preview))


def _publish(
    installation: Installation, deployment: str, *, correct: str | None, word: NotDecidedStatement | None
) -> DeploymentRecord:
    from lfr_core.publication.build import build_results_service

    results, by = build_results_service(installation), logged_in(installation)
    if correct is not None:
        return results.correct(deployment, reason=correct, by=by, word=word).record
    return results.publish(deployment, by=by, word=word).record


def _read_published(installation: Installation, deployment: str) -> DeploymentRecord:
    from lfr_core.common.errors import Refused
    from lfr_core.publication.published import read_revisions

    published = read_revisions(installation.engine, deployment)
    if not published:
        raise Refused(
            "publish.nothing",
            f"nothing is published of {deployment} yet: publish it with --publish, or look with --preview",
        )
    return published[-1].record


def _preview(installation: Installation, deployment: str) -> DeploymentRecord:
    from lfr_core.publication.build import pack_facts, read_policy_reference
    from lfr_core.publication.record_builder import from_figures
    from lfr_core.publication.record_figures import gather_figures

    settings, policy = installation.settings, installation.policy
    figures = gather_figures(
        installation.engine,
        deployment,
        force=policy.force.name,
        policy_ref=read_policy_reference(settings),
        pack=pack_facts(settings),
    )
    return from_figures(figures, policy=policy.publication, published_at=installation.now)


def _words_of(made: DeploymentRecord, *, is_preview: bool) -> str:
    from lfr_core.publication.site.figures import describe_not_decided

    state = "would be published" if is_preview else f"published {made.published_at:%Y-%m-%d %H:%M} UTC"
    lines = (
        f"{made.record_id}, revision {made.revision}: {state}, due {made.due_at:%Y-%m-%d %H:%M} UTC",
        f"{made.rates.in_words.capitalize()}.",
        _describe_waiting(made) if is_preview else describe_not_decided(made),
        "Outcomes of engagements: not recorded." if made.outcomes == "not recorded" else "",
    )
    return "\n".join(filter(None, lines))


def _describe_waiting(made: DeploymentRecord) -> str:
    """Say what can still be done about alerts that aren't decided."""
    of = made.alerts
    if not of.not_decided:
        return ""
    parts = [f"the operator couldn't tell of {of.cant_tell:,}"] if of.cant_tell else []
    if of.unanswered:
        word = f'--not-decided {of.unanswered} --because "..."'
        parts.append(f"nobody has judged {of.unanswered:,}: judge them, or publish with {word}")
    return f"Not decided: {'; '.join(parts)}."
