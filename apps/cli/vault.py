"""`lfr vault`: run the vault by itself, and see whether its gate is open."""

from __future__ import annotations

from typing import Annotated

import typer

from apps.cli.common import AsJson, console, guard, load_settings, policy_of, print_json

__all__ = ["app"]

app = typer.Typer(no_args_is_help=True, help="The vault: keys in memory, and a gate that is a refusal.")


@app.command()
def run() -> None:
    """Run the vault in this terminal until Ctrl-C. `lfr up` starts one by itself.

    Example: lfr vault run
    """
    with guard():
        from apps.vault.process import run_vault
        from lfr_core.common.logs import configure_logs
        from lfr_core.custody.installation import Installation

        settings = load_settings()
        configure_logs(settings.log_level)
        with Installation(settings) as installation:
            run_vault(installation)


@app.command()
def status(as_json: AsJson = False) -> None:
    """Say whether the vault answers, and how many keys of which kind it keeps. Exit code 75 if it doesn't answer.

    Example: lfr vault status --json
    """
    with guard():
        from collections import Counter

        from lfr_core.custody.vault.client import vault_client

        settings = load_settings()
        client = vault_client(settings)
        try:
            infos = client.kept()
        finally:
            client.close()
        kinds = Counter(info.kind.value for info in infos)
        held = sum(info.held for info in infos)
        if as_json:
            print_json({"socket": str(settings.vault_socket), "kept": dict(kinds), "held": held})
            return
        kept = ", ".join(f"{count} {kind}" for kind, count in sorted(kinds.items())) or "none"
        console.print(f"the vault answers at {settings.vault_socket}; keys kept: {kept}; held: {held}", soft_wrap=True)


@app.command()
def gate(
    deployment: Annotated[str, typer.Argument(metavar="ID", help="Id of the deployment.")], as_json: AsJson = False
) -> None:
    """List every condition of a deployment's gate, met or not, and who must act. Exit code 77 while it is shut.

    Example: lfr vault gate high-street-0412
    """
    with guard():
        import time

        from rich.table import Table

        from lfr_core.common.errors import Refused
        from lfr_core.deployments.vault_log import VaultLog
        from lfr_core.domain.gate import GateLimits, check_gate
        from lfr_core.domain.gate import gate as gate_of
        from lfr_core.storage.engine import open_engine

        settings = load_settings()
        engine = open_engine(settings.records_url)
        try:
            facts = VaultLog(engine).facts(deployment)
        finally:
            engine.dispose()
        if facts is None:
            raise Refused("deployment.unknown", f"there is no deployment {deployment}; see `lfr deployment list`")
        now_ns, limits = time.time_ns(), GateLimits.of(policy_of(settings))
        findings = gate_of(facts, limits, now_ns=now_ns)
        if as_json:
            print_json([{"condition": f.condition.value, "met": f.met, "who": f.who, "why": f.why} for f in findings])
        else:
            table = Table("condition", "", "why", "who must act")
            for finding in findings:
                mark = "[green]met[/green]" if finding.met else "[red]not met[/red]"
                table.add_row(finding.condition.value, mark, finding.why, "" if finding.met else finding.who)
            console.print(table)
        check_gate(facts, deployment, limits, now_ns=now_ns)
