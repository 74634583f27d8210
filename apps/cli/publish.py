"""`lfr publish`: tell the public beforehand, publish what came of it, build the public site."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from apps.cli import publish_results
from apps.cli.common import AsJson, console, guard, load_settings, person_option, policy_of, print_json

if TYPE_CHECKING:
    from lfr_core.common.settings import Settings
    from lfr_core.deployments.announcement import Announcement, ReasonClass

__all__ = ["app", "reason_class_of"]

app = typer.Typer(no_args_is_help=True, help="Announce deployments, publish their records, build the public site.")

app.add_typer(publish_results.app)

Deployment = Annotated[str, typer.Argument(metavar="DEPLOYMENT", help="Id of the deployment.")]
By = Annotated[str, person_option("--by", "Who does it: a person's name.")]


@app.command()
def announce(
    deployment: Deployment,
    place: Annotated[str, typer.Option("--place", help="An area, as the public knows it; never a camera's place.")],
    date: Annotated[datetime, typer.Option("--date", formats=["%Y-%m-%d"], help="The day in England.")],
    purpose: Annotated[str, typer.Option("--purpose", help="What it is for, in a line.")],
    by: By,
    use_case: Annotated[int, typer.Option("--use-case", min=1, max=5, help="1 crime hotspot … 5 sought persons.")],
    start: Annotated[datetime, typer.Option("--from", formats=["%H:%M"], help="Clock time in England.")],
    end: Annotated[datetime, typer.Option("--to", formats=["%H:%M"], help="Clock time; before --from: the next day.")],
    withhold: Annotated[bool, typer.Option("--withhold", help="Tell nobody beforehand.")] = False,
    reason_class: Annotated[
        str | None, typer.Option("--reason-class", help="threat-to-life, prevents-serious-crime, ...")
    ] = None,
    approved_by: Annotated[str | None, person_option("--approved-by", "The officer who allows to withhold.")] = None,
    as_json: AsJson = False,
) -> None:
    """Announce a deployment now, or put on record why its notice is withheld and who approved that.

    It may be announced again while it hasn't opened. Prints the posts for social media.

    Example: lfr publish announce high-street-0412 --place Norwich --date 2026-12-04 --from 10:00 --to 16:00 --purpose "find people wanted by courts" --use-case 5 --by "A. Okafor"
    """  # noqa: E501  an example is one line
    with guard():
        import secrets

        from apps.auditing import trail_for
        from lfr_core.common.clock import SystemClock
        from lfr_core.common.errors import Refused
        from lfr_core.deployments.announcement import AnnouncementStore, plan
        from lfr_core.domain.figures import UseCase
        from lfr_core.storage.engine import open_engine

        settings = load_settings()
        plan_ = plan(
            place=place,
            day=date.date(),
            start=start.time(),
            end=end.time(),
            purpose=purpose,
            use_case=list(UseCase)[use_case - 1],
        )
        if withhold != bool(reason_class) or withhold != bool(approved_by):
            raise Refused(
                "announcement.half-withheld",
                "--withhold, --reason-class and --approved-by go together: give all or none",
            )
        engine = open_engine(settings.records_url)
        try:
            store = AnnouncementStore(engine, trail_for(settings), SystemClock(), lambda: secrets.token_hex(6))
            if withhold:
                made = store.withhold(
                    deployment, plan_, because=reason_class_of(reason_class or ""), by=by, approved_by=approved_by or ""
                )
            else:
                made = store.publish(deployment, plan_, by=by)
        finally:
            engine.dispose()
        _show(made, settings, as_json=as_json)


@app.command()
def release(deployment: Deployment, by: By, as_json: AsJson = False) -> None:
    """Let the place of a withheld deployment be named from now on. A published record names it once it is corrected.

    Example: lfr publish release high-street-0412 --by "A. Okafor"
    """
    with guard():
        import secrets

        from apps.auditing import trail_for
        from lfr_core.common.clock import SystemClock
        from lfr_core.deployments.announcement import AnnouncementStore
        from lfr_core.storage.engine import open_engine

        settings = load_settings()
        engine = open_engine(settings.records_url)
        try:
            store = AnnouncementStore(engine, trail_for(settings), SystemClock(), lambda: secrets.token_hex(6))
            made = store.release(deployment, by=by)
        finally:
            engine.dispose()
        _show(made, settings, as_json=as_json)


@app.command()
def record(
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
    by: Annotated[str | None, person_option("--by", "Who publishes: a person's name. Without: only print.")] = None,
    as_json: AsJson = False,
) -> None:
    """Publish the record of a deployment that has ended, out of the records; or print the one that is published.

    An alert is published as true, false or not decided. While nobody has judged some, publishing needs the publication
    officer's word: `--not-decided 3 --because "the operator fell ill"`. It is in the record and on the audit trail.

    Example: lfr publish record high-street-0412 --by "P. Webb"
    """
    with guard():
        from lfr_core.common.errors import Refused
        from lfr_core.custody.installation import Installation
        from lfr_core.publication.assembly import build_results_service, pack_facts, policy_reference
        from lfr_core.publication.not_decided import NotDecidedWord
        from lfr_core.publication.published import revisions_of
        from lfr_core.publication.record_builder import from_figures
        from lfr_core.publication.record_figures import figures_for
        from lfr_core.publication.site.figures import said_of_not_decided
        from lfr_core.publication.tabular import csv_text

        settings = load_settings()
        policy = policy_of(settings)
        if as_csv and as_json:
            raise Refused("publish.two-forms", "give --csv or --json, not both")
        if preview and correct is not None:
            raise Refused("publish.two-acts", "give --preview or --correct, not both")
        if (not_decided is None) != (because is None):
            raise Refused("publish.half-a-word", "--not-decided and --because go together: give both or none")
        if by is None and (correct is not None or not_decided is not None):
            raise Refused("publish.nobody", "say who does it: --by NAME")
        word = None if not_decided is None or because is None else NotDecidedWord(not_decided, because)
        with Installation(settings) as here:
            results = build_results_service(here)
            if correct is not None and by is not None:
                made = results.correct(deployment, reason=correct, by=by, word=word).record
            elif not preview and by is not None:
                made = results.publish(deployment, by=by, word=word).record
            elif not preview:
                standing = revisions_of(here.engine, deployment)
                if not standing:
                    raise Refused(
                        "publish.nobody",
                        f"nothing is published of {deployment} yet: publish it with --by NAME, or look with --preview",
                    )
                made = standing[-1].record
            else:
                reference, pack = policy_reference(settings), pack_facts(settings)
                figures = figures_for(here.engine, deployment, force=policy.force.name, policy_ref=reference, pack=pack)
                made = from_figures(figures, policy=policy.publication, published_at=here.now)
        if as_csv:
            typer.echo(csv_text([made]), nl=False)
        elif as_json:
            print_json(made.model_dump(mode="json"))
        else:
            state = "would be published" if preview else f"published {made.published_at:%Y-%m-%d %H:%M} UTC"
            due = f"{made.due_at:%Y-%m-%d %H:%M} UTC"
            for line in (
                f"{made.record_id}, revision {made.revision}: {state}, due {due}",
                f"{made.rates.in_words.capitalize()}.",
                said_of_not_decided(made),
                "Outcomes of engagements: not recorded." if made.outcomes == "not recorded" else "",
            ):
                if line:
                    console.print(line, markup=False, highlight=False, soft_wrap=True)


@app.command()
def site(
    output: Annotated[
        Path | None,
        typer.Option(
            "--output", metavar="FOLDER", help="A link to a sibling. Default: the public folder of the settings."
        ),
    ] = None,
    draft: Annotated[
        bool, typer.Option("--draft", help="Placeholders allowed; says so on each page; unsigned.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Build the public site, signed, beside the old one and put it in its place at once. The old one stays if it fails.

    Example: lfr publish site --output var/public
    """
    with guard():
        from contextlib import closing

        from lfr_core.common.clock import SystemClock, utc_from_ns
        from lfr_core.custody.vault.client import vault_client
        from lfr_core.deployments.compliance_documents import paper_folder
        from lfr_core.publication.site.atomic_publish import publish_folder
        from lfr_core.publication.site.build import site_files
        from lfr_core.publication.site.data import site_data
        from lfr_core.storage.engine import open_engine

        settings = load_settings()
        policy = policy_of(settings)
        output = output or settings.public_site
        engine = open_engine(settings.records_url)
        try:
            now = utc_from_ns(SystemClock().time_ns())
            data = site_data(engine, policy, papers=paper_folder(settings.home), now=now)
        finally:
            engine.dispose()
        if draft:
            files = site_files(data, policy, signer=None)
        else:
            with closing(vault_client(settings)) as vault:
                files = site_files(data, policy, signer=vault)
        publish_folder(output, files)
        if as_json:
            print_json({"folder": str(output), "files": len(files), "draft": draft})
            return
        told = f"{output / 'index.html'}: {len(files)} files, {'a draft, unsigned' if draft else 'signed'}"
        console.print(told, markup=False, highlight=False, soft_wrap=True)


@app.command()
def verify(
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="The site, or a copy of it.")],
    public_key: Annotated[
        str, typer.Option("--public-key", metavar="HEX", help="The force's key, as it gave it to you.")
    ],
) -> None:
    """Check that every file of a site is as it was signed, and that none was added or taken away.

    Example: lfr publish verify var/public --public-key 1f6c
    """
    with guard():
        from lfr_core.common.files import read_bounded
        from lfr_core.publication.site.manifest import MARKER, verify_files

        found = {
            path.relative_to(folder).as_posix(): read_bounded(path, 100_000_000, inside=folder)
            for path in sorted(folder.rglob("*"))
            if path.is_file() and path.name != MARKER
        }
        verify_files(found, public_key=public_key)
        console.print(f"{len(found)} files are as they were signed", highlight=False)


def reason_class_of(text: str) -> ReasonClass:
    from lfr_core.common.errors import Refused
    from lfr_core.deployments.announcement import ReasonClass

    known = {each.name.lower().replace("_", "-"): each for each in ReasonClass}
    if text not in known:
        raise Refused("announcement.unknown-reason", f"--reason-class is one of: {', '.join(known)}")
    return known[text]


def _show(made: Announcement, settings: Settings, *, as_json: bool) -> None:
    import json

    from lfr_core.publication.notices import json_text, posts

    policy = policy_of(settings)
    if made.withheld_because is not None:
        shown = {
            "id": made.public_id,
            "withheld_because": made.withheld_because.value,
            "place_is_public": made.place_is_public,
        }
        if as_json:
            print_json(shown)
        else:
            console.print(
                f"{made.deployment}: withheld ({made.withheld_because.value}); the public knows it as {made.public_id}"
                f"; its place is {'public' if made.place_is_public else 'not public'}",
                markup=False,
                highlight=False,
                soft_wrap=True,
            )
        return
    if as_json:
        print_json(json.loads(json_text([made], policy))["announcements"][0])
        return
    console.print(f"{made.deployment}: announced, revision {made.revision}", markup=False, highlight=False)
    for post in posts(made, policy):
        console.print(post, markup=False, highlight=False, soft_wrap=True)
