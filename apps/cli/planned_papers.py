"""`lfr deployment paper`: the papers of a planned deployment, printed. Its command joins `deployment`'s."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from apps.cli.common import DeploymentId, console, guard
from apps.cli.planned import at_desk

if TYPE_CHECKING:
    from lfr_core.deployments.compliance_documents.forms import FormKind

__all__ = ["app"]

app = typer.Typer()


@app.command()
def paper(
    id: DeploymentId,
    which: Annotated[str, typer.Option("--which", help="application, authority or closing.")] = "application",
    output: Annotated[
        Path | None,
        typer.Option("--output", help="The HTML file to write, never one that is there; default: ID-WHICH.html here."),
    ] = None,
) -> None:
    """Print a planned deployment's application, written authority or closing report, as the records have it now.

    One HTML page that needs no network; it names the rules that ask for each part. Nobody on a list is named in it.

    Example: lfr deployment paper high-street-0412 --which authority --output authority.html
    """
    with guard(), at_desk() as at:
        from lfr_core.common.clock import utc_from_ns
        from lfr_core.deployments.compliance_documents.forms import render
        from lfr_core.deployments.evaluations import evaluations_for
        from lfr_core.publication.printing import printed_paper

        kind, now = _kind(which), utc_from_ns(at.clock.time_ns())
        page = render(printed_paper(at.engine, id, kind, at.policy, evaluations_for(at.settings), now=now))
        file = output or Path(f"{id}-{which}.html")
        _write_new(file, page)
        console.print(f"{kind.value} of {id}: {file}", markup=False, highlight=False, soft_wrap=True)


def _kind(which: str) -> FormKind:
    from lfr_core.common.errors import Refused
    from lfr_core.deployments.compliance_documents.forms import FormKind

    words = {
        "application": FormKind.APPLICATION,
        "authority": FormKind.AUTHORITY,
        "closing": FormKind.CLOSING_REPORT,
    }
    if which not in words:
        raise Refused("life.no-paper", f"{which!r} is no paper of a deployment; there are {', '.join(words)}")
    return words[which]


def _write_new(file: Path, page: str) -> None:
    """For its owner alone; nothing is left of it when it can't be written whole."""
    import os

    from lfr_core.common.errors import Fatal, Refused

    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError as error:
        raise Refused(
            "deployment.file-exists", f"{file} is there already and is left as it is: give another --output"
        ) from error
    except OSError as error:
        raise Fatal(f"{file} can't be written: {error.strerror}") from error
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as out:
            out.write(page)
    except OSError as error:
        file.unlink(missing_ok=True)
        raise Fatal(f"{file} can't be written: {error.strerror}. Nothing is left of it") from error
