"""`lfr vault`: run the vault by itself, and see whether its gate is open."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from apps.cli.command import Output, command
from apps.cli.common import DeploymentId, console

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lfr_core.custody.installation import Installation
    from lfr_core.domain.gate import GateFinding

__all__ = ["app"]

app = typer.Typer(no_args_is_help=True, help="The vault: keys in memory, and a gate that is a refusal.")


@command(app)
def run(installation: Installation) -> None:
    """Run the vault in this terminal until Ctrl-C. `lfr up` starts one by itself.

    Example: lfr vault run
    """
    from apps.vault.process import run_vault
    from lfr_core.common.logs import configure_logs

    configure_logs(installation.settings.log_level)
    run_vault(installation)


@command(app)
def status(installation: Installation) -> Output:
    """Say whether the vault answers, and how many keys of which kind it keeps. Exit code 75 if it doesn't answer.

    Example: lfr vault status --json
    """
    from collections import Counter

    socket = installation.settings.vault_socket
    infos = installation.vault.kept()
    kinds = Counter(info.kind.value for info in infos)
    held = sum(info.held for info in infos)
    kept = ", ".join(f"{count} {kind}" for kind, count in sorted(kinds.items())) or "none"

    def text() -> None:
        console.print(f"the vault answers at {socket}; keys kept: {kept}; held: {held}", soft_wrap=True)

    return Output({"socket": str(socket), "kept": dict(kinds), "held": held}, text)


@command(app)
def gate(installation: Installation, deployment: DeploymentId) -> Output:
    """List every condition of a deployment's gate, met or not, and who must act. Exit code 77 while it is shut.

    Example: lfr vault gate high-street-0412
    """
    from lfr_core.common.errors import Refused
    from lfr_core.deployments.vault_log import VaultLog
    from lfr_core.domain import gate as gates

    facts = VaultLog(installation.engine).facts(deployment)
    if facts is None:
        raise Refused("deployment.unknown", f"there is no deployment {deployment}; see `lfr deployment list`")
    now_ns, limits = installation.now_ns, gates.GateLimits.of(installation.policy)
    findings, refusal = gates.gate(facts, limits, now_ns=now_ns), None
    try:
        gates.check_gate(facts, deployment, limits, now_ns=now_ns)
    except Refused as error:
        refusal = error
    return Output(
        [{"condition": f.condition.value, "met": f.met, "who": f.who, "why": f.why} for f in findings],
        lambda: _show_findings(findings),
        error=refusal,
    )


def _show_findings(findings: Sequence[GateFinding]) -> None:
    from rich.table import Table

    table = Table("condition", "", "why", "who must act")
    for finding in findings:
        mark = "[green]met[/green]" if finding.met else "[red]not met[/red]"
        table.add_row(finding.condition.value, mark, finding.why, "" if finding.met else finding.who)
    console.print(table)
