"""`lfr deployment document`: the documents of a planned deployment, printed."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from apps.cli.command import command
from apps.cli.common import DeploymentId, print_plain, write_new

if TYPE_CHECKING:
    from lfr_core.custody.installation import Installation
    from lfr_core.deployments.compliance_documents.forms import FormKind

__all__ = ["app"]

app = typer.Typer()


@command(app, "document", migrated=True)
def print_document(
    installation: Installation,
    id: DeploymentId,
    which: Annotated[str, typer.Option("--which", help="application, authority or closing.")] = "application",
    output: Annotated[
        Path | None,
        typer.Option("--output", help="The HTML file to write, never one that is there; default: ID-WHICH.html here."),
    ] = None,
) -> None:
    """Print a planned deployment's application, written authority or closing report, as the records have it now.

    One HTML page that needs no network; it names the rules that ask for each part. Nobody on a list is named in it.

    Example: lfr deployment document high-street-0412 --which authority --output authority.html
    """
    from lfr_core.custody.vault.keystore_files import has_tpm
    from lfr_core.deployments.compliance_documents.forms import render
    from lfr_core.deployments.evaluations import find_evaluations
    from lfr_core.publication.printing import build_form

    kind, evaluations = _parse_kind(which), find_evaluations(installation.settings, installation.policy)
    tpm = has_tpm(installation.settings)
    form = build_form(installation.engine, id, kind, installation.policy, evaluations, now=installation.now, tpm=tpm)
    page = render(form)
    file = output or Path(f"{id}-{which}.html")
    write_new(file, page, rule="deployment.file-exists", mode=0o600, advice=": give another --output")
    print_plain(f"{kind.value} of {id}: {file}")


def _parse_kind(which: str) -> FormKind:
    from lfr_core.common.errors import Refused
    from lfr_core.deployments.compliance_documents.forms import FormKind

    words = {
        "application": FormKind.APPLICATION,
        "authority": FormKind.AUTHORITY,
        "closing": FormKind.CLOSING_REPORT,
    }
    if which not in words:
        raise Refused(
            "deployment.no-document", f"{which!r} is no document of a deployment; there are {', '.join(words)}"
        )
    return words[which]
