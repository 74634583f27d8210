"""Shared parts of all commands: errors, printing, files that people name, common options."""

from __future__ import annotations

import errno
import json
import os
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

if TYPE_CHECKING:
    from datetime import date
    from uuid import UUID

    from sqlalchemy import Engine

    from lfr_core.common.clock import Clock
    from lfr_core.domain.deployments import DeploymentKind

__all__ = [
    "AsJson",
    "Deployment",
    "DeploymentId",
    "console",
    "errors",
    "find_alert",
    "guard",
    "parse_kind",
    "print_fields",
    "print_json",
    "print_plain",
    "refuse_unwritable",
    "today_in_england",
    "write_json",
    "write_new",
]

console = Console()
"""For what a command says."""
errors = Console(stderr=True)
"""For progress and errors, so that --json output stays clean."""

_NOT_A_BUG = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EPERM})
"""A full disk and missing rights are the machine's; every other OSError that comes so far is a fault of ours."""

DeploymentId = Annotated[str, typer.Argument(metavar="ID", help="Id of the deployment, e.g. high-street-0412.")]
Deployment = Annotated[str, typer.Argument(metavar="DEPLOYMENT", help="Id of the deployment.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for programs instead of text for people.")]


def print_plain(text: str, on: Console = console) -> None:
    """Print text as it is: no markup in it is read, no line is broken."""
    on.print(text, markup=False, highlight=False, soft_wrap=True)


def print_fields(fields: Iterable[tuple[str, str]], *, width: int = 18) -> None:
    """Print names and values, a line each."""
    for name, text in fields:
        console.print(f"[dim]{name.replace('_', ' '):>{width}}[/dim]  ", end="")
        print_plain(text)


def print_json(value: object) -> None:
    """Print one JSON document on standard output; with JSON's own escapes where its encoding isn't UTF-8."""
    is_utf8 = (sys.stdout.encoding or "").casefold().replace("-", "") == "utf8"
    sys.stdout.write(json.dumps(value, indent=2, ensure_ascii=not is_utf8, default=str) + "\n")


def write_json(file: Path, value: object) -> None:
    """Write one JSON document into `file`. Raises Fatal when it can't be written."""
    from lfr_core.common.errors import Fatal

    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(value, indent=2, ensure_ascii=False, default=str) + "\n", encoding="utf-8")
    except OSError as error:
        raise Fatal(f"{file} can't be written: {error.strerror}") from error


def write_new(file: Path, text: str, *, rule: str, mode: int = 0o666, advice: str = "") -> None:
    """Write a file that isn't there yet; nothing is left of it when it can't be written whole.

    Args:
        file: what somebody named.
        text: its content.
        rule: of the refusal when the file is there already.
        mode: its access rights, before the umask.
        advice: the end of that refusal's sentence.

    Raises:
        Refused: `rule`.
        Fatal: it can't be written.
    """
    from lfr_core.common.errors import Fatal, Refused

    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    except FileExistsError as error:
        raise Refused(rule, f"{file} is there already and is left as it is{advice}") from error
    except OSError as error:
        raise Fatal(f"{file} can't be written: {error.strerror}") from error
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as out:
            out.write(text)
    except OSError as error:
        file.unlink(missing_ok=True)
        raise Fatal(f"{file} can't be written: {error.strerror}. Nothing is left of it") from error


def refuse_unwritable(file: Path | None) -> None:
    """See that `file` can be written before hours of work go into it; None and - need nothing. Raises Fatal."""
    from lfr_core.common.errors import Fatal

    if file is None or str(file) == "-":
        return
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        is_new = not file.exists()
        file.open("a").close()
        if is_new:
            file.unlink()  # a run that fails leaves no empty result behind
    except OSError as error:
        raise Fatal(f"{file} can't be written: {error.strerror}. Give another file; nothing was started") from error


@contextmanager
def guard() -> Iterator[None]:
    """Turn OpenLFR's errors into one clear sentence and a non-zero exit code; let bugs show themselves."""
    from lfr_core.common.errors import Fatal, LfrError, Refused

    try:
        yield
    except LfrError as error:
        rule = f" [dim]({error.rule})[/dim]" if isinstance(error, Refused) else ""
        errors.print(f"[bold red]error[/bold red]{rule} ", end="")
        errors.print(str(error), markup=False, highlight=False, soft_wrap=True)
        raise typer.Exit(error.exit_code) from error
    except OSError as error:
        if error.errno not in _NOT_A_BUG:
            raise
        where = error.filename or "what the command says"
        errors.print(f"[bold red]error[/bold red] {error.strerror}: ", end="")
        errors.print(f"{where} can't be written or read", markup=False, highlight=False, soft_wrap=True)
        raise typer.Exit(Fatal.exit_code) from error
    except KeyboardInterrupt as error:
        errors.print("stopped")
        raise typer.Exit(130) from error


def parse_kind(word: str) -> DeploymentKind:
    """Read a kind of deployment. Raises Refused `deployment.bad-kind`."""
    from lfr_core.common.errors import Refused
    from lfr_core.domain.deployments import DeploymentKind

    try:
        return DeploymentKind(word.casefold())
    except ValueError as error:
        kinds = ", ".join(kind.value for kind in DeploymentKind)
        raise Refused("deployment.bad-kind", f"{word!r} is no kind of deployment; there are {kinds}") from error


def find_alert(engine: Engine, start: str, *, advice: str) -> UUID:
    """Find the one alert whose id starts so. Raises Refused `alert.unknown`, `alert.ambiguous`."""
    from lfr_core.alerts import read
    from lfr_core.common.errors import Refused

    found = read.alerts_starting(engine, start)
    if len(found) != 1:
        raise Refused(
            "alert.unknown" if not found else "alert.ambiguous",
            f"{len(found) or 'no'} alerts start with {start!r}; {advice}",
        )
    return found[0]


def today_in_england(clock: Clock) -> date:
    """Return the day that a force's calendar shows."""
    from lfr_core.common.clock import utc_from_ns
    from lfr_core.domain.working_days import LONDON

    return utc_from_ns(clock.time_ns()).astimezone(LONDON).date()
