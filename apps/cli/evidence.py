"""`lfr evidence`: one signed file about one deployment, for somebody who doesn't trust us."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from apps.cli.command import Output, command
from apps.cli.common import Deployment, console, print_plain

if TYPE_CHECKING:
    from lfr_core.custody.installation import Installation

__all__ = ["app"]

app = typer.Typer()


@command(app)
def evidence(
    installation: Installation,
    deployment: Deployment,
    output: Annotated[Path, typer.Option("--output", help="File to write, JSON lines.")],
) -> Output:
    """Write a deployment's authority, counts, audit trail and certificates to one signed file, without personal data.

    Whoever gets it verifies it with `infra/verify_evidence.py` and the published key, and needs nothing of OpenLFR.

    Example: lfr evidence high-street-0412 --output high-street-0412.evidence
    """
    from lfr_core.alerts.evidence import write_evidence
    from lfr_core.common.files import open_atomic
    from lfr_core.retention.erasure.certificate_service import read_certificates

    engine = installation.engine
    with open_atomic(output) as out:
        summary = write_evidence(
            engine,
            deployment,
            out,
            signer=installation.vault,
            clock=installation.clock,
            certificates=read_certificates(engine, deployment),
        )

    def text() -> None:
        parts = ", ".join(f"{name} {lines}" for name, lines in summary.lines.items())
        print_plain(f"{output}: {summary.bytes} bytes; lines: {parts}")
        console.print(f"Signed with key {summary.public_key}", highlight=False, soft_wrap=True)
        console.print("Verify it anywhere: python infra/verify_evidence.py FILE --public-key KEY", highlight=False)

    document = {
        "file": str(output),
        "bytes": summary.bytes,
        "lines": dict(summary.lines),
        "sha256": summary.sha256,
        "public_key": summary.public_key,
    }
    return Output(document, text)
