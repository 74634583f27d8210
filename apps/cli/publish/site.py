"""`lfr publish site | verify`: the public site, built and signed, and checked by anybody."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from apps.cli.command import Output, command
from apps.cli.common import console

if TYPE_CHECKING:
    from lfr_core.custody.installation import Installation

__all__ = ["app"]

app = typer.Typer()


@command(app)
def site(
    installation: Installation,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output", metavar="FOLDER", help="A link to a sibling. Default: the public folder of the settings."
        ),
    ] = None,
    draft: Annotated[
        bool, typer.Option("--draft", help="Placeholders allowed; says so on each page; unsigned.")
    ] = False,
) -> Output:
    """Build the public site, signed, beside the old one and put it in its place at once. The old one stays if it fails.

    Example: lfr publish site --output var/public
    """
    from lfr_core.deployments.compliance_documents import compliance_document_folder
    from lfr_core.publication.site.atomic_publish import publish_folder
    from lfr_core.publication.site.build import render_site_files
    from lfr_core.publication.site.data import gather_site_data

    settings, policy = installation.settings, installation.policy
    folder = output or settings.public_site
    data = gather_site_data(
        installation.engine, policy, documents_folder=compliance_document_folder(settings.home), now=installation.now
    )
    files = render_site_files(data, policy, signer=None if draft else installation.vault)
    publish_folder(folder, files)
    return Output(
        {"folder": str(folder), "files": len(files), "draft": draft},
        f"{folder / 'index.html'}: {len(files)} files, {'a draft, unsigned' if draft else 'signed'}",
    )


@command(app)
def verify(
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="The site, or a copy of it.")],
    public_key: Annotated[
        str, typer.Option("--public-key", metavar="HEX", help="The force's key, as it gave it to you.")
    ],
) -> None:
    """Check that every file of a site is as it was signed, and that none was added or taken away.

    Example: lfr publish verify var/public --public-key 1f6c
    """
    from lfr_core.common.files import read_bounded
    from lfr_core.domain.signatures import SignatureForm
    from lfr_core.publication.site.manifest import MARKER, verify_files

    found = {
        path.relative_to(folder).as_posix(): read_bounded(path, 100_000_000, inside=folder)
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name != MARKER
    }
    form = verify_files(found, public_key=public_key.strip().lower())
    old = "" if form is SignatureForm.TYPED else ", by an earlier version, whose signatures don't say of what they are"
    console.print(f"{len(found)} files are as they were signed{old}", highlight=False)
