"""What every command shares: how it fails, how it prints, how it reads its settings."""

from __future__ import annotations

import errno
import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

if TYPE_CHECKING:
    from typer.models import OptionInfo

    from lfr_core.common.settings import Settings
    from lfr_core.domain.policy import Policy

__all__ = [
    "AsJson",
    "DeploymentId",
    "console",
    "errors",
    "guard",
    "load_settings",
    "person_option",
    "policy_of",
    "print_json",
    "refuse_unwritable",
    "write_json",
]

console = Console()
"""For what a command says."""
errors = Console(stderr=True)
"""For progress and errors, so that --json output stays clean."""

_NOT_A_BUG = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EPERM})
"""A full disk and missing rights are the machine's; every other OSError that comes so far is a fault of ours."""

DeploymentId = Annotated[str, typer.Argument(metavar="ID", help="Id of the deployment, e.g. high-street-0412.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for programs instead of text for people.")]


def _a_person(name: str | None) -> str | None:
    """What was given for a person's name, if it is one; empty where none was given."""
    from lfr_core.domain.actors import person_name

    with guard():
        return person_name(name) if name else name


def person_option(flag: str, help: str) -> OptionInfo:
    """An option that takes a person's name. `system:NAME` is refused: nobody acts as the platform by typing it."""
    option: OptionInfo = typer.Option(flag, help=help, callback=_a_person)
    return option


def print_json(value: object) -> None:
    """One JSON document on standard output."""
    sys.stdout.write(json.dumps(value, indent=2, ensure_ascii=False, default=str) + "\n")


def write_json(file: Path, value: object) -> None:
    """One JSON document into `file`. Raises Fatal when it can't be written."""
    from lfr_core.common.errors import Fatal

    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(value, indent=2, ensure_ascii=False, default=str) + "\n", encoding="utf-8")
    except OSError as error:
        raise Fatal(f"{file} can't be written: {error.strerror}") from error


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


def load_settings() -> Settings:
    """The settings, loaded when a command asks. Raises Fatal, naming the variable, when one is unusable."""
    from lfr_core.common import settings

    return settings.load_settings()


def policy_of(settings: Settings) -> Policy:
    """The policy those settings name."""
    from lfr_core.domain.policy import load_policy

    return load_policy(settings.policy_file)
