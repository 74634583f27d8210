"""`lfr probe`: test a deployment's chain while its gate is shut, and see when it was last shown to work."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from apps.cli.common import AsJson, DeploymentId, console, guard, load_settings, person_option, print_json

if TYPE_CHECKING:
    from lfr_core.deployments.monitoring.store import RecordedLiveProbe

__all__ = ["app"]

app = typer.Typer(no_args_is_help=True, help="Proof that the chain works: self-tests, and the drawn test face.")


@app.command("self-test")
def self_test(
    deployment: DeploymentId,
    name: Annotated[str, person_option("--name", "Who asks, for the audit trail. Default: nobody by name.")] = "",
    as_json: AsJson = False,
) -> None:
    """Test everything that can be tested before the gate opens; exit code 75 when a line is red.

    Vault and clock, records, the model pack, the drawn test face in the deployment's own gallery, the broker, every
    recogniser and the recorder, room for footage. A green one opens the gate's condition `proven` for some minutes.

    Example: lfr probe self-test high-street-0412 --name 'A. Okafor'
    """
    with guard():
        from rich.table import Table

        from lfr_core.common.errors import Retryable
        from lfr_core.custody.installation import Installation
        from lfr_core.domain.actors import SystemActor
        from streams.live_probe_selftest import run_self_test

        with Installation(load_settings()) as installation:
            done = run_self_test(installation, deployment, by=name or SystemActor.LFR)
        if as_json:
            lines = [{"name": line.name, "ok": line.ok, "said": line.said} for line in done.lines]
            print_json({"id": str(done.id), "deployment": deployment, "green": done.green, "lines": lines})
        else:
            table = Table("", "checked", "what was seen, or what to do")
            for line in done.lines:
                table.add_row("[green]green[/green]" if line.ok else "[red]red[/red]", line.name, line.said)
            console.print(table)
        if not done.green:
            raise Retryable(f"the self-test of {deployment} is red: do what the red lines say, and test again")


@app.command()
def show(deployment: DeploymentId, as_json: AsJson = False) -> None:
    """Show the newest proofs of a deployment, and when the chain was last shown to work.

    Example: lfr probe show high-street-0412
    """
    with guard():
        import time

        from rich.table import Table

        from lfr_core.common.clock import utc_from_ns
        from lfr_core.common.errors import Refused
        from lfr_core.deployments.monitoring.store import last_proven_ns, newest_live_probes
        from lfr_core.deployments.views import DeploymentReader
        from lfr_core.storage.engine import open_engine, reading

        engine = open_engine(load_settings().records_url)
        try:
            if DeploymentReader(engine).find(deployment) is None:
                raise Refused("deployment.unknown", f"there is no deployment {deployment}; see `lfr deployment list`")
            with reading(engine) as session:
                proven_ns, proofs = last_proven_ns(session, deployment), newest_live_probes(session, deployment)
        finally:
            engine.dispose()
        if as_json:
            print_json({"deployment": deployment, "last_proven_ns": proven_ns, "proofs": [_plain(p) for p in proofs]})
            return
        ago = "never" if proven_ns is None else f"{(time.time_ns() - proven_ns) / 60e9:.1f} min ago"
        console.print(f"{deployment} was last proven: {ago}")
        table = Table("when (UTC)", "what", "", "how")
        for proof in proofs:
            mark = "[green]green[/green]" if proof.green_ns else "[red]red[/red]"
            table.add_row(f"{utc_from_ns(proof.sent_ns):%Y-%m-%d %H:%M:%S}", proof.kind.value, mark, _how(proof))
        console.print(table)


def _how(proof: RecordedLiveProbe) -> str:
    """A proof in one line."""
    from lfr_core.deployments.monitoring.selftest import SelfTest

    if proof.detail:
        lines = SelfTest.lines_from_json(proof.detail)
        red = [line.name for line in lines if not line.ok]
        return f"red: {', '.join(red)}" if red else f"{len(lines)} lines green"
    heard = {answer.part: answer for answer in proof.answers}
    told = []
    for part, key in enumerate(proof.keys):
        answer = heard.get(part)
        said = "no answer" if answer is None else answer.fault.value or f"{answer.similarity:.3f}"
        told.append(f"{key}: {said}")
    return ", ".join(told)


def _plain(proof: RecordedLiveProbe) -> dict[str, object]:
    """A proof for programs."""
    return {
        "id": str(proof.id),
        "kind": proof.kind.value,
        "sent_ns": proof.sent_ns,
        "green_ns": proof.green_ns,
        "how": _how(proof),
    }
