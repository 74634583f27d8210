"""`lfr policy`: the numbers and rules in force, where each comes from, and what a file of a force's own may hold."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from apps.cli.common import AsJson, console, guard, load_settings, policy_of, print_json

if TYPE_CHECKING:
    from lfr_core.domain.policy_listing import PolicyValue

__all__ = ["app"]

app = typer.Typer(no_args_is_help=True, help="The policy in force, and whether a file may be one.")


@app.command()
def show(
    section: Annotated[str | None, typer.Option("--section", metavar="NAME", help="Only this section.")] = None,
    as_json: AsJson = False,
) -> None:
    """Show each value of the policy in force (LFR_POLICY_FILE): its unit, its allowed range, where it comes from.

    Example: lfr policy show --section footage
    """
    with guard():
        from dataclasses import asdict

        from rich.table import Table
        from rich.text import Text

        from lfr_core.common.errors import Refused
        from lfr_core.domain.policy import default_policy_file
        from lfr_core.domain.policy_listing import listed, sections

        settings = load_settings()
        file = settings.policy_file or default_policy_file()
        if section is not None and section not in sections():
            raise Refused("policy.unknown-section", f"{section!r} is no section; there are: {', '.join(sections())}")
        values = [each for each in listed(policy_of(settings), file) if section in (None, each.section)]
        if as_json:
            print_json({"file": str(file), "values": [asdict(each) for each in values]})
            return
        console.print(f"policy {file}", markup=False, highlight=False, soft_wrap=True)
        table = Table("Value", "Is", "Allowed", "Source")
        for each in values:
            table.add_row(f"{each.section}.{each.key}", Text(_is(each)), each.allowed, Text(each.source))
        console.print(table)


@app.command()
def check(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A policy in TOML.")], as_json: AsJson = False
) -> None:
    """Say whether a file may be the policy; if not, each value that is refused, and why. Exit code 1 then.

    Example: lfr policy check infra/policy/default.toml
    """
    with guard():
        from dataclasses import asdict

        from lfr_core.domain.policy_listing import faults_of

        faults = faults_of(file)
        if as_json:
            print_json({"file": str(file), "faults": [asdict(each) for each in faults]})
        else:
            for each in faults:
                where = f"{each.where}: " if each.where else ""
                console.print(f"{where}{each.why}", markup=False, highlight=False, soft_wrap=True)
            told = (
                f"{len(faults)} faults: it would be refused" if faults else "it may be used: set LFR_POLICY_FILE to it"
            )
            console.print(f"{file}: {told}", markup=False, highlight=False, soft_wrap=True)
        if faults:
            raise typer.Exit(1)


def _is(each: PolicyValue) -> str:
    return f"{each.value} {each.unit}".rstrip()
