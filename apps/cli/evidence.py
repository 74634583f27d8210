"""`lfr evidence`: one signed file about one deployment, for somebody who doesn't trust us."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from apps.cli.common import AsJson, console, guard, load_settings, print_json

__all__ = ["app"]

app = typer.Typer()


@app.command()
def evidence(
    deployment: Annotated[str, typer.Argument(metavar="DEPLOYMENT", help="Id of the deployment.")],
    output: Annotated[Path, typer.Option("--output", help="File to write, JSON lines.")],
    as_json: AsJson = False,
) -> None:
    """Write a deployment's authority, counts, audit trail and certificates to one signed file, without personal data.

    Whoever gets it verifies it with `infra/verify_evidence.py` and the published key, and needs nothing of OpenLFR.

    Example: lfr evidence high-street-0412 --output high-street-0412.evidence
    """
    with guard():
        from contextlib import closing

        from apps.auditing import whole_file
        from lfr_core.alerts.evidence import write_evidence
        from lfr_core.common.clock import SystemClock
        from lfr_core.custody.vault.client import vault_client
        from lfr_core.retention.erasure.certificate_service import certificates_of
        from lfr_core.storage.engine import open_engine

        settings = load_settings()
        engine = open_engine(settings.records_url)
        try:
            with closing(vault_client(settings)) as vault, whole_file(output) as out:
                summary = write_evidence(
                    engine,
                    deployment,
                    out,
                    signer=vault,
                    clock=SystemClock(),
                    certificates=certificates_of(engine, deployment),
                )
        finally:
            engine.dispose()
        if as_json:
            print_json(
                {
                    "file": str(output),
                    "bytes": summary.bytes,
                    "lines": dict(summary.lines),
                    "sha256": summary.sha256,
                    "public_key": summary.public_key,
                }
            )
            return
        parts = ", ".join(f"{name} {lines}" for name, lines in summary.lines.items())
        console.print(f"{output}: {summary.bytes} bytes; lines: {parts}", markup=False, highlight=False, soft_wrap=True)
        console.print(f"Signed with key {summary.public_key}", highlight=False, soft_wrap=True)
        console.print("Verify it anywhere: python infra/verify_evidence.py FILE --public-key KEY", highlight=False)
