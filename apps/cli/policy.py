"""`lfr policy`: the numbers and rules in force, where each comes from, and what a file of a force's own may hold."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from apps.cli.command import Output, command
from apps.cli.common import console, print_plain

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lfr_core.custody.installation import Installation
    from lfr_core.domain.policy_listing import PolicyValue

__all__ = ["app"]

app = typer.Typer(no_args_is_help=True, help="The policy in force, and whether a file may be one.")


@command(app)
def show(
    installation: Installation,
    section: Annotated[str | None, typer.Option("--section", metavar="NAME", help="Only this section.")] = None,
) -> Output:
    """Show each value of the policy in force (LFR_POLICY_FILE): its unit, its allowed range, where it comes from.

    Example: lfr policy show --section footage
    """
    from dataclasses import asdict

    from lfr_core.common.errors import Refused
    from lfr_core.domain.policy import default_policy_file
    from lfr_core.domain.policy_listing import listed, sections

    file = installation.settings.policy_file or default_policy_file()
    if section is not None and section not in sections():
        raise Refused("policy.unknown-section", f"{section!r} is no section; there are: {', '.join(sections())}")
    values = [each for each in listed(installation.policy, file) if section in (None, each.section)]
    document = {"file": str(file), "values": [asdict(each) for each in values]}
    return Output(document, lambda: _show_values(file, values))


@command(app)
def check(file: Annotated[Path, typer.Argument(metavar="FILE", help="A policy in TOML.")]) -> Output:
    """Say whether a file may be the policy; if not, each value that is refused, and why. Exit code 1 then.

    Example: lfr policy check infra/policy/default.toml
    """
    from dataclasses import asdict

    from lfr_core.domain.policy_listing import faults_of

    faults = faults_of(file)
    lines = [f"{each.where}: {each.why}" if each.where else each.why for each in faults]
    verdict = f"{len(faults)} faults: it would be refused" if faults else "it may be used: set LFR_POLICY_FILE to it"
    document = {"file": str(file), "faults": [asdict(each) for each in faults]}
    return Output(document, "\n".join([*lines, f"{file}: {verdict}"]), exit_code=1 if faults else 0)


def _show_values(file: Path, values: Sequence[PolicyValue]) -> None:
    from rich.table import Table
    from rich.text import Text

    print_plain(f"policy {file}")
    table = Table("Value", "Is", "Allowed", "Source")
    for each in values:
        value = Text(f"{each.value} {each.unit}".rstrip())
        table.add_row(f"{each.section}.{each.key}", value, each.allowed, Text(each.source))
    console.print(table)
