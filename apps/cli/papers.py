"""`lfr papers`: impact assessments and the appropriate policy document, their versions and review dates."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from apps.cli.common import AsJson, console, guard, load_settings, person_option, policy_of, print_json

if TYPE_CHECKING:
    from datetime import date

    from lfr_core.common.settings import Settings
    from lfr_core.deployments.compliance_documents import Paper, PaperKind

__all__ = ["app"]

app = typer.Typer(no_args_is_help=True, help="Register standing papers and assessments; see which are in date.")

Kind = Annotated[str, typer.Argument(metavar="KIND", help="dpia, appropriate-policy, equality or community.")]
Deployment = Annotated[
    str, typer.Option("--deployment", help="Id of the deployment a community impact assessment belongs to.")
]


@app.command()
def add(
    kind: Kind,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="PDF, HTML, Markdown or plain text; 20 MB at most.")],
    title: Annotated[str, typer.Option("--title", help="Its title, as the public reads it.")],
    version: Annotated[str, typer.Option("--version", help="As 2.1 or 2026-11; never used twice.")],
    review_by: Annotated[
        datetime, typer.Option("--review-by", metavar="DATE", formats=["%Y-%m-%d"], help="Its last good day.")
    ],
    by: Annotated[str, person_option("--by", "Who approves it: compliance or an authorising officer.")],
    deployment: Deployment = "",
    as_json: AsJson = False,
) -> None:
    """Register a version of a paper. It supersedes those before; itself it never changes.

    The paper is published with its title, version and dates.

    Example: lfr papers add dpia dpia-3.pdf --title "Live facial recognition: data protection impact assessment"
    --version 3.0 --review-by 2027-10-31 --by "D. Mensah"
    """
    with guard():
        from apps.auditing import trail_for
        from lfr_core.common.clock import SystemClock
        from lfr_core.deployments.compliance_documents import PaperRegister, paper_folder
        from lfr_core.storage.engine import open_engine

        settings = load_settings()
        policy = policy_of(settings).papers
        which = _kind(kind)
        engine = open_engine(settings.records_url)
        try:
            register = PaperRegister(engine, trail_for(settings), SystemClock(), paper_folder(settings.home), policy)
            paper = register.add(
                which, file, title=title, version=version, review_by=review_by.date(), by=by, deployment=deployment
            )
        finally:
            engine.dispose()
        if as_json:
            print_json(_dict(paper))
        else:
            _say(f"{_whose(paper)}: version {paper.version} is registered; review by {paper.review_by}")


@app.command(name="list")
def list_(
    every: Annotated[bool, typer.Option("--all", help="Superseded versions too.")] = False, as_json: AsJson = False
) -> None:
    """List the papers in force, and those that are missing or past their review.

    Example: lfr papers list
    """
    with guard():
        from rich.table import Table
        from rich.text import Text

        from lfr_core.deployments.compliance_documents.kinds import STANDING

        found = _papers(load_settings())
        today = _today()
        shown = found if every else _newest(found)
        if as_json:
            print_json([_dict(paper) for paper in shown])
            return
        table = Table("Paper", "Version", "Title", "Review by", "Approved by")
        for paper in shown:
            late = " [red]expired[/red]" if paper in _newest(found) and paper.review_by < today else ""
            table.add_row(
                Text(_whose(paper)), Text(paper.version), Text(paper.title), f"{paper.review_by}{late}",
                Text(paper.approved_by),
            )  # fmt: skip
        for kind in STANDING:
            if not any(paper.kind is kind for paper in found):
                table.add_row(kind.value, "[red]missing[/red]", "", "", "")
        console.print(table)


@app.command()
def show(
    kind: Kind,
    deployment: Deployment = "",
    version: Annotated[str | None, typer.Option("--version", help="Default: the newest.")] = None,
    output: Annotated[
        Path | None, typer.Option("--output", metavar="FILE", help="Write the paper itself here.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Show one paper and see that its file is as it was registered.

    Example: lfr papers show dpia --output dpia.pdf
    """
    with guard():
        from lfr_core.common.errors import Refused
        from lfr_core.deployments.compliance_documents import paper_content, paper_folder

        settings, which = load_settings(), _kind(kind)
        of = [
            paper
            for paper in _papers(settings)
            if paper.kind is which and paper.deployment == deployment and version in (None, paper.version)
        ]
        if not of:
            raise Refused(
                "papers.unknown", f"there is no such {which.value}: `lfr papers list --all` shows those there are"
            )
        paper = of[0]
        content = paper_content(paper_folder(settings.home), paper.sha256)
        if output is not None:
            from apps.auditing import whole_file

            with whole_file(output) as out:
                out.write(content)
        if as_json:
            print_json(_dict(paper))
            return
        _say(f"{_whose(paper)}, version {paper.version}: {paper.title}")
        _say(f"approved by {paper.approved_by}, registered {paper.added_at:%Y-%m-%d %H:%M} UTC")
        _say(f"review by {paper.review_by}")
        _say(f"{paper.file_name}, {paper.media_type}, {paper.size} bytes, SHA-256 {paper.sha256}: as registered")


def _papers(settings: Settings) -> tuple[Paper, ...]:
    from lfr_core.deployments.compliance_documents import papers
    from lfr_core.storage.engine import open_engine

    engine = open_engine(settings.records_url)
    try:
        return papers(engine)
    finally:
        engine.dispose()


def _newest(found: tuple[Paper, ...]) -> tuple[Paper, ...]:
    """The first of each kind and deployment: they come newest first."""
    return tuple({(paper.kind, paper.deployment): paper for paper in reversed(found)}.values())[::-1]


def _kind(word: str) -> PaperKind:
    from lfr_core.common.errors import Refused
    from lfr_core.deployments.compliance_documents import PaperKind

    known = {kind.word: kind for kind in PaperKind}
    if word.casefold() not in known:
        raise Refused("papers.unknown-kind", f"{word!r} is no kind of paper; there are: {', '.join(known)}")
    return known[word.casefold()]


def _today() -> date:
    from lfr_core.common.clock import SystemClock, utc_from_ns
    from lfr_core.domain.working_days import LONDON

    return utc_from_ns(SystemClock().time_ns()).astimezone(LONDON).date()


def _whose(paper: Paper) -> str:
    return f"{paper.kind.value} of {paper.deployment}" if paper.deployment else paper.kind.value


def _say(line: str) -> None:
    console.print(line, markup=False, highlight=False, soft_wrap=True)


def _dict(paper: Paper) -> dict[str, str | int]:
    return {
        "kind": paper.kind.word,
        "deployment": paper.deployment,
        "version": paper.version,
        "title": paper.title,
        "review_by": paper.review_by.isoformat(),
        "approved_by": paper.approved_by,
        "added_at": paper.added_at.isoformat(),
        "sha256": paper.sha256,
        "file_name": paper.file_name,
        "media_type": paper.media_type,
        "size": paper.size,
    }
