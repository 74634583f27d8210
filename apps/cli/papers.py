"""`lfr papers`: impact assessments and the appropriate policy document, their versions and review dates."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from apps.cli.command import Output, command
from apps.cli.common import console, person_option, today_in_england

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from lfr_core.custody.installation import Installation
    from lfr_core.deployments.compliance_documents import Paper, PaperKind

__all__ = ["app"]

app = typer.Typer(no_args_is_help=True, help="Register standing papers and assessments; see which are in date.")

Kind = Annotated[str, typer.Argument(metavar="KIND", help="dpia, appropriate-policy, equality or community.")]
Deployment = Annotated[
    str, typer.Option("--deployment", help="Id of the deployment a community impact assessment belongs to.")
]


@command(app)
def add(
    installation: Installation,
    kind: Kind,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="PDF, HTML, Markdown or plain text; 20 MB at most.")],
    title: Annotated[str, typer.Option("--title", help="Its title, as the public reads it.")],
    version: Annotated[str, typer.Option("--version", help="As 2.1 or 2026-11; never used twice.")],
    review_by: Annotated[
        datetime, typer.Option("--review-by", metavar="DATE", formats=["%Y-%m-%d"], help="Its last good day.")
    ],
    by: Annotated[str, person_option("--by", "Who approves it: compliance or an authorising officer.")],
    deployment: Deployment = "",
) -> Output:
    """Register a version of a paper. It supersedes those before; itself it never changes.

    The paper is published with its title, version and dates.

    Example: lfr papers add dpia dpia-3.pdf --title "Live facial recognition: data protection impact assessment"
    --version 3.0 --review-by 2027-10-31 --by "D. Mensah"
    """
    from apps.services import paper_register

    paper = paper_register(installation).add(
        _parse_kind(kind),
        file,
        title=title,
        version=version,
        review_by=review_by.date(),
        by=by,
        deployment=deployment,
    )
    words = f"{_whose(paper)}: version {paper.version} is registered; review by {paper.review_by}"
    return Output(_as_dict(paper), words)


@command(app, "list")
def list_papers(
    installation: Installation,
    every: Annotated[bool, typer.Option("--all", help="Superseded versions too.")] = False,
) -> Output:
    """List the papers in force, and those that are missing or past their review.

    Example: lfr papers list
    """
    from lfr_core.deployments.compliance_documents import papers

    found = papers(installation.engine)
    shown = found if every else _newest(found)
    today = today_in_england(installation.clock)
    return Output([_as_dict(paper) for paper in shown], lambda: _show_papers(shown, found, today))


@command(app)
def show(
    installation: Installation,
    kind: Kind,
    deployment: Deployment = "",
    version: Annotated[str | None, typer.Option("--version", help="Default: the newest.")] = None,
    output: Annotated[
        Path | None, typer.Option("--output", metavar="FILE", help="Write the paper itself here.")
    ] = None,
) -> Output:
    """Show one paper and see that its file is as it was registered.

    Example: lfr papers show dpia --output dpia.pdf
    """
    from lfr_core.common.errors import Refused
    from lfr_core.common.files import open_atomic
    from lfr_core.deployments.compliance_documents import paper_content, paper_folder, papers

    wanted = _parse_kind(kind)
    found = [
        paper
        for paper in papers(installation.engine)
        if paper.kind is wanted and paper.deployment == deployment and version in (None, paper.version)
    ]
    if not found:
        raise Refused(
            "papers.unknown", f"there is no such {wanted.value}: `lfr papers list --all` shows those there are"
        )
    paper = found[0]
    content = paper_content(paper_folder(installation.settings.home), paper.sha256)
    if output is not None:
        with open_atomic(output) as out:
            out.write(content)
    lines = (
        f"{_whose(paper)}, version {paper.version}: {paper.title}",
        f"approved by {paper.approved_by}, registered {paper.added_at:%Y-%m-%d %H:%M} UTC",
        f"review by {paper.review_by}",
        f"{paper.file_name}, {paper.media_type}, {paper.size} bytes, SHA-256 {paper.sha256}: as registered",
    )
    return Output(_as_dict(paper), "\n".join(lines))


def _show_papers(shown: Sequence[Paper], found: tuple[Paper, ...], today: date) -> None:
    from rich.table import Table
    from rich.text import Text

    from lfr_core.deployments.compliance_documents.kinds import STANDING

    table = Table("Paper", "Version", "Title", "Review by", "Approved by")
    for paper in shown:
        late = " [red]expired[/red]" if paper in _newest(found) and paper.review_by < today else ""
        title, by = Text(paper.title), Text(paper.approved_by)
        table.add_row(Text(_whose(paper)), Text(paper.version), title, f"{paper.review_by}{late}", by)
    for kind in STANDING:
        if not any(paper.kind is kind for paper in found):
            table.add_row(kind.value, "[red]missing[/red]", "", "", "")
    console.print(table)


def _newest(found: tuple[Paper, ...]) -> tuple[Paper, ...]:
    """Keep the first of each kind and deployment: they come newest first."""
    return tuple({(paper.kind, paper.deployment): paper for paper in reversed(found)}.values())[::-1]


def _parse_kind(word: str) -> PaperKind:
    from lfr_core.common.errors import Refused
    from lfr_core.deployments.compliance_documents import PaperKind

    known = {kind.word: kind for kind in PaperKind}
    if word.casefold() not in known:
        raise Refused("papers.unknown-kind", f"{word!r} is no kind of paper; there are: {', '.join(known)}")
    return known[word.casefold()]


def _whose(paper: Paper) -> str:
    return f"{paper.kind.value} of {paper.deployment}" if paper.deployment else paper.kind.value


def _as_dict(paper: Paper) -> dict[str, str | int]:
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
