"""`lfr deployment`, first half: from an application to a deployment that is ready. Its commands join `deployment`'s."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from apps.cli.common import (
    AsJson,
    DeploymentId,
    console,
    errors,
    guard,
    load_settings,
    person_option,
    policy_of,
    print_json,
)
from apps.cli.planned import At, at_desk

if TYPE_CHECKING:
    from lfr_core.deployments.announcement import ReasonClass

__all__ = ["app"]

app = typer.Typer()

By = Annotated[str, person_option("--by", "Who does it: a registered person's name (`lfr users list`).")]
Reason = Annotated[str, typer.Option("--reason", help="Why, in a line; kept, and printed on the authority.")]


@app.command()
def template(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The TOML file to write; never one that is there.")],
) -> None:
    """Write an application to fill in, each field explained with the policy's limits.

    Example: lfr deployment template high-street.toml
    """
    with guard():
        from lfr_core.common.errors import Fatal, Refused
        from lfr_core.deployments.form_file import form_template

        text = form_template(policy_of(load_settings()))
        try:
            with file.open("x", encoding="utf-8") as out:
                out.write(text)
        except FileExistsError as error:
            raise Refused("deployment.file-exists", f"{file} is there already and is left as it is") from error
        except OSError as error:
            raise Fatal(f"{file} can't be written: {error.strerror}") from error
        errors.print(f"{file} written: fill it in, then `lfr deployment plan ID {file} --by NAME`", soft_wrap=True)


@app.command()
def plan(
    id: DeploymentId,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The application, as `template` writes one.")],
    by: By,
    draft: Annotated[bool, typer.Option("--draft", help="Don't ask for its authority yet.")] = False,
    as_json: AsJson = False,
) -> None:
    """Apply for a deployment, or revise an application for which no list is built yet.

    A revision takes back the authority given for the one before; runs that were scheduled for it are moved.

    Example: lfr deployment plan high-street-0412 high-street.toml --by "P. Lanner"
    """
    with guard(), at_desk() as at:
        from lfr_core.deployments.form_file import read_form

        said = read_form(file)
        made = at.desk.plan(id, said.kind, said.form, by=by, name=said.name, submit=not draft)
        at.reschedule()
        _after(at, id, f"revision {made.revision} is {'kept as a draft' if draft else 'applied for'}", as_json=as_json)


@app.command()
def apply(id: DeploymentId, by: By, as_json: AsJson = False) -> None:
    """Ask for the authority of a draft.

    Example: lfr deployment apply high-street-0412 --by "P. Lanner"
    """
    with guard(), at_desk() as at:
        at.desk.submit(id, by=by)
        _after(at, id, "applied for", as_json=as_json)


@app.command()
def forecast(
    size: Annotated[int, typer.Option("--size", min=1, help="Entries on the list.")],
    faces: Annotated[int, typer.Option("--faces", min=0, help="Faces compared in all, as forecast.")],
    threshold: Annotated[float | None, typer.Option("--threshold", help="Cosine; default: the policy's.")] = None,
    as_json: AsJson = False,
) -> None:
    """Forecast how many false alerts a list of that size is expected to make, with its interval.

    Example: lfr deployment forecast --size 2000 --faces 12000
    """
    with guard():
        from apps.cli.planned import forecast_of

        settings = load_settings()
        policy = policy_of(settings)
        found = forecast_of(settings, size, policy.alerts.threshold if threshold is None else threshold, faces, policy)
        if as_json:
            from dataclasses import asdict

            print_json(asdict(found))
        else:
            _say(found.words)


@app.command()
def authorise(
    id: DeploymentId,
    by: By,
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
    as_json: AsJson = False,
) -> None:
    """Allow a deployment: an authorising officer who didn't plan it. Its runs are scheduled at once.

    The officer signs the expected number of false alerts for this cap, threshold and footfall: `lfr deployment forecast`.

    Example: lfr deployment authorise high-street-0412 --by "C. Adeyemi" --reason "warrants outstanding in the area" --claim-not-shown
    """  # noqa: E501  an example is one line
    with guard(), at_desk() as at:
        given = at.desk.authorise(
            id, by=by, reason=reason, one_in=one_in, claim_not_shown=claim_not_shown, revision=revision
        )
        at.reschedule()
        _after(
            at,
            id,
            f"authorised by {given.by}, at most 1 false alert in {given.false_alerts_one_in:,} faces",
            as_json=as_json,
        )


@app.command()
def refuse(id: DeploymentId, by: By, reason: Reason, as_json: AsJson = False) -> None:
    """Say no to an application; its planner may revise it and apply again.

    Example: lfr deployment refuse high-street-0412 --by "C. Adeyemi" --reason "the footprint takes in a school"
    """
    with guard(), at_desk() as at:
        at.desk.refuse(id, by=by, reason=reason)
        _after(at, id, "refused", as_json=as_json)


@app.command()
def compile(  # noqa: A001  the field's own word
    id: DeploymentId,
    by: By,
    folder: Annotated[
        Path | None,
        typer.Argument(metavar="[FOLDER]", help="Photographs and watchlist.csv; else the application's."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Build the list: checked by the suite `watchlist`, enrolled, and left for an officer to approve.

    It may be compiled anew until it is approved. A list that doesn't pass is refused whole, with its entries and why.

    Example: lfr deployment compile high-street-0412 lists/high-street --by "P. Lanner"
    """
    with guard(), at_desk() as at:
        from apps.cli.planned import build_list

        build_list(at, id, folder, by=by, quiet=as_json)
        errors.print("[dim]an authorising officer approves it now: `lfr deployment approve-list`[/dim]")
        _after(at, id, "the list is built", as_json=as_json)


@app.command(name="approve-list")
def approve_list(
    id: DeploymentId,
    by: By,
    digest: Annotated[
        str, typer.Option("--digest", help="Of the list that you saw; without it the list is shown and nothing done.")
    ] = "",
    as_json: AsJson = False,
) -> None:
    """Approve the list as built: an officer who neither planned the deployment nor compiled the list.

    Example: lfr deployment approve-list high-street-0412 --by "C. Adeyemi" --digest 3f0c9a11d2e4
    """
    with guard(), at_desk() as at:
        if not digest:
            shown = at.list_as_built(id)
            if as_json:
                print_json(shown.as_dict())
            else:
                _say(shown.words)
                _say(f"To approve it: lfr deployment approve-list {id} --by '{by}' --digest {shown.digest[:16]}")
            return
        at.desk.approve_list(id, digest, by=by)
        _after(at, id, "the list is approved", as_json=as_json)


@app.command()
def announce(id: DeploymentId, by: By, as_json: AsJson = False) -> None:
    """Tell the public now, as the deployment is planned. `lfr publish site` puts it on the site.

    Example: lfr deployment announce high-street-0412 --by "U. Blake"
    """
    with guard(), at_desk() as at:
        from lfr_core.deployments.announcing import announce as tell

        made = tell(at.engine, at.announcements, id, by=by)
        _after(at, id, f"announced, revision {made.revision}", as_json=as_json)


@app.command()
def withhold(
    id: DeploymentId,
    by: By,
    approved_by: Annotated[str, person_option("--approved-by", "The authorising officer who allows that.")],
    reason_class: Annotated[
        str,
        typer.Option(
            "--reason-class",
            help="threat-to-life, prevents-serious-crime, national-security or safety-of-a-person; published.",
        ),
    ],
    as_json: AsJson = False,
) -> None:
    """Tell nobody beforehand, for a reason that an authorising officer stands for. It is counted in public.

    Example: lfr deployment withhold high-street-0412 --by "U. Blake" --approved-by "C. Adeyemi" --reason-class threat-to-life
    """  # noqa: E501  an example is one line
    with guard(), at_desk() as at:
        from lfr_core.deployments.announcing import withhold as keep

        reason = _reason(reason_class)
        made = keep(at.engine, at.announcements, id, because=reason, by=by, approved_by=approved_by)
        _after(at, id, f"withheld; the public knows it as {made.public_id}", as_json=as_json)


@app.command()
def ready(
    id: DeploymentId,
    by: By,
    signage: Annotated[bool, typer.Option("--signage", help="Signs stand at all approaches.")] = False,
    briefing: Annotated[
        bool, typer.Option("--briefing", help="Officers are briefed, also on demographic performance.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Confirm signs and briefing; once both are, everything but the hour is in order.

    Example: lfr deployment ready high-street-0412 --by "P. Lanner" --signage --briefing
    """
    with guard(), at_desk() as at:
        at.desk.confirm(id, by=by, signage=signage, briefing=briefing)
        at.desk.ready(id, by=by)
        _after(at, id, "ready", as_json=as_json)


def _after(at: At, deployment: str, words: str, *, as_json: bool) -> None:
    """What was done, and where it stands now."""
    from apps.cli.planned import status_of

    if as_json:
        print_json(status_of(at, deployment).as_dict())
    else:
        _say(f"{deployment}: {words}")


def _reason(text: str) -> ReasonClass:
    from apps.cli.publish import reason_class_of

    return reason_class_of(text)


def _say(text: str) -> None:
    console.print(text, markup=False, highlight=False, soft_wrap=True)
