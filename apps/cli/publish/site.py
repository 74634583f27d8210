"""`lfr publish site | verify`: the public site, built and signed, and checked by anybody."""

from __future__ import annotations

from datetime import UTC
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
    """Check that every file of a site is as it was signed, that none was added or taken away, and when it was made.

    A running platform makes the site anew each hour: one that is older was kept, or an earlier one was put back.

    Example: lfr publish verify var/public --public-key 1f6c
    """
    from datetime import datetime

    from lfr_core.domain.signatures import SignatureForm
    from lfr_core.publication.site.folder import read_site

    site = read_site(folder, public_key.strip().lower() or "none")
    old = (
        ""
        if site.form is SignatureForm.TYPED
        else ", by an earlier version, whose signatures don't say of what they are"
    )
    made_at = f"{datetime.fromisoformat(site.made_at).astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"
    console.print(f"{len(site.files)} files are as they were signed{old}", highlight=False)
    console.print(f"The site is {site.force}'s, made at {made_at}", highlight=False, markup=False)
