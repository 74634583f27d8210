"""What every command shares: how it fails, how it prints, how it reads its settings."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

if TYPE_CHECKING:
    from lfr_core.policy import Policy
    from lfr_core.settings import Settings

__all__ = ["AsJson", "console", "errors", "guard", "load_settings", "policy_of", "print_json", "write_json"]

console = Console()
"""For what a command says."""
errors = Console(stderr=True)
"""For progress and errors, so that --json output stays clean."""

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for programs instead of text for people.")]


def print_json(value: object) -> None:
    """One JSON document on standard output."""
    sys.stdout.write(json.dumps(value, indent=2, ensure_ascii=False, default=str) + "\n")


def write_json(file: Path, value: object) -> None:
    """One JSON document into `file`. Raises Fatal when it can't be written."""
    from lfr_core.errors import Fatal

    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(value, indent=2, ensure_ascii=False, default=str) + "\n", encoding="utf-8")
    except OSError as error:
        raise Fatal(f"{file} can't be written: {error.strerror}") from error


@contextmanager
def guard() -> Iterator[None]:
    """Turn OpenLFR's errors into one clear sentence and a non-zero exit code; let bugs show themselves."""
    from lfr_core.errors import LfrError, Refused

    try:
        yield
    except LfrError as error:
        rule = f" [dim]({error.rule})[/dim]" if isinstance(error, Refused) else ""
        errors.print(f"[bold red]error[/bold red]{rule} ", end="")
        errors.print(str(error), markup=False, highlight=False, soft_wrap=True)
        raise typer.Exit(error.exit_code) from error
    except KeyboardInterrupt as error:
        errors.print("stopped")
        raise typer.Exit(130) from error


def load_settings() -> Settings:
    """The settings from the environment. Raises Fatal, naming the variable, when one is unusable."""
    from pydantic import ValidationError

    from lfr_core.errors import Fatal
    from lfr_core.settings import Settings

    try:
        return Settings()
    except ValidationError as error:
        faults = "; ".join(f"LFR_{'_'.join(map(str, f['loc'])).upper()}: {f['msg']}" for f in error.errors())
        raise Fatal(f"the settings are refused: {faults}") from error


def policy_of(settings: Settings) -> Policy:
    """The policy those settings name."""
    from lfr_core.policy import load_policy

    return load_policy(settings.policy_file)
