"""`lfr documents`: impact assessments and the appropriate policy document, their versions and review dates."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from apps.cli.command import Output, command
from apps.cli.common import console, today_in_england

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from lfr_core.custody.installation import Installation
    from lfr_core.custody.people import AuthenticatedPerson
    from lfr_core.deployments.compliance_documents import ComplianceDocument, ComplianceDocumentKind

__all__ = ["app"]

app = typer.Typer(no_args_is_help=True, help="Register standing documents and assessments; see which are in date.")

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
    by: AuthenticatedPerson,
    deployment: Deployment = "",
    threshold: Annotated[
        float | None, typer.Option("--threshold", help="That the equality assessment is of; default: the policy's.")
    ] = None,
) -> Output:
    """Register a version of a document. It supersedes those before; itself it never changes.

    The document is published with its title, version and dates. An equality impact assessment is of the model, the rule
    of agreeing shots and the quality gate in use, and of one threshold: with another nothing is authorised.

    Example: lfr documents add dpia dpia-3.pdf --title "Live facial recognition: data protection impact assessment"
    --version 3.0 --review-by 2027-10-31
    """
    from lfr_core.deployments.build import build_document_register

    document = build_document_register(installation, threshold).add(
        _parse_kind(kind),
        file,
        title=title,
        version=version,
        review_by=review_by.date(),
        by=by,
        deployment=deployment,
    )
    words = f"{_whose(document)}: version {document.version} is registered; review by {document.review_by}"
    return Output(_as_dict(document), words)


@command(app, "list")
def list_documents(
    installation: Installation,
    every: Annotated[bool, typer.Option("--all", help="Superseded versions too.")] = False,
) -> Output:
    """List the documents in force, and those that are missing or past their review.

    Example: lfr documents list
    """
    from lfr_core.deployments.compliance_documents import list_compliance_documents

    found = list_compliance_documents(installation.engine)
    shown = found if every else _newest(found)
    today = today_in_england(installation.clock)
    return Output([_as_dict(document) for document in shown], lambda: _show_documents(shown, found, today))


@command(app)
def show(
    installation: Installation,
    kind: Kind,
    deployment: Deployment = "",
    version: Annotated[str | None, typer.Option("--version", help="Default: the newest.")] = None,
    output: Annotated[
        Path | None, typer.Option("--output", metavar="FILE", help="Write the document itself here.")
    ] = None,
) -> Output:
    """Show one document and see that its file is as it was registered.

    Example: lfr documents show dpia --output dpia.pdf
    """
    from lfr_core.common.errors import Refused
    from lfr_core.common.files import open_atomic
    from lfr_core.deployments.compliance_documents import (
        compliance_document_folder,
        list_compliance_documents,
        read_document,
    )

    wanted = _parse_kind(kind)
    found = [
        document
        for document in list_compliance_documents(installation.engine)
        if document.kind is wanted and document.deployment == deployment and version in (None, document.version)
    ]
    if not found:
        raise Refused(
            "documents.unknown", f"there is no such {wanted.value}: `lfr documents list --all` shows those there are"
        )
    document = found[0]
    content = read_document(compliance_document_folder(installation.settings.home), document.sha256)
    if output is not None:
        with open_atomic(output) as out:
            out.write(content)
    lines = (
        f"{_whose(document)}, version {document.version}: {document.title}",
        f"approved by {document.approved_by}, registered {document.added_at:%Y-%m-%d %H:%M} UTC",
        f"review by {document.review_by}",
        f"{document.file_name}, {document.media_type}, {document.size} bytes, SHA-256 {document.sha256}: as registered",
    )
    return Output(_as_dict(document), "\n".join(lines))


def _show_documents(shown: Sequence[ComplianceDocument], found: tuple[ComplianceDocument, ...], today: date) -> None:
    from rich.table import Table
    from rich.text import Text

    from lfr_core.deployments.compliance_documents.kinds import FORCE_DOCUMENTS

    table = Table("Document", "Version", "Title", "Review by", "Approved by")
    for document in shown:
        late = " [red]expired[/red]" if document in _newest(found) and document.review_by < today else ""
        title, by = Text(document.title), Text(document.approved_by)
        table.add_row(Text(_whose(document)), Text(document.version), title, f"{document.review_by}{late}", by)
    for kind in FORCE_DOCUMENTS:
        if not any(document.kind is kind for document in found):
            table.add_row(kind.value, "[red]missing[/red]", "", "", "")
    console.print(table)


def _newest(found: tuple[ComplianceDocument, ...]) -> tuple[ComplianceDocument, ...]:
    """Keep the first of each kind and deployment: they come newest first."""
    return tuple({(document.kind, document.deployment): document for document in reversed(found)}.values())[::-1]


def _parse_kind(word: str) -> ComplianceDocumentKind:
    from lfr_core.common.errors import Refused
    from lfr_core.deployments.compliance_documents import ComplianceDocumentKind

    known = {kind.word: kind for kind in ComplianceDocumentKind}
    if word.casefold() not in known:
        raise Refused("documents.unknown-kind", f"{word!r} is no kind of document; there are: {', '.join(known)}")
    return known[word.casefold()]


def _whose(document: ComplianceDocument) -> str:
    return f"{document.kind.value} of {document.deployment}" if document.deployment else document.kind.value


def _as_dict(document: ComplianceDocument) -> dict[str, str | int]:
    return {
        "kind": document.kind.word,
        "deployment": document.deployment,
        "version": document.version,
        "title": document.title,
        "review_by": document.review_by.isoformat(),
        "approved_by": document.approved_by,
        "added_at": document.added_at.isoformat(),
        "sha256": document.sha256,
        "file_name": document.file_name,
        "media_type": document.media_type,
        "size": document.size,
    }
