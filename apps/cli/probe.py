"""`lfr probe`: test a deployment's chain while its gate is shut, and see when it was last shown to work."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from apps.cli.command import Output, command, logged_in_or_machine
from apps.cli.common import DeploymentId, console

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lfr_core.custody.installation import Installation
    from lfr_core.deployments.monitoring.selftest import SelfTest
    from lfr_core.deployments.monitoring.store import RecordedLiveProbe

__all__ = ["app"]

app = typer.Typer(no_args_is_help=True, help="Proof that the chain works: self-tests, and the drawn test face.")


@command(app, "self-test")
def self_test(installation: Installation, deployment: DeploymentId) -> Output:
    """Test everything that can be tested before the gate opens; exit code 75 when a line is red.

    Vault and clock, records, the model pack, the drawn test face in the deployment's own gallery, the broker, every
    recogniser and the recorder, space for footage. A green one opens the gate's condition `proven` for some minutes.

    Example: lfr probe self-test high-street-0412
    """
    from lfr_core.common.errors import Retryable
    from streams.live_probe_selftest import run_self_test

    done = run_self_test(installation, deployment, by=logged_in_or_machine(installation))
    lines = [{"name": line.name, "ok": line.ok, "said": line.message} for line in done.lines]
    red = Retryable(f"the self-test of {deployment} is red: do what the red lines say, and test again")
    return Output(
        {"id": str(done.id), "deployment": deployment, "green": done.green, "lines": lines},
        lambda: _show_lines(done),
        error=None if done.green else red,
    )


@command(app)
def show(installation: Installation, deployment: DeploymentId) -> Output:
    """Show the newest proofs of a deployment, and when the chain was last shown to work.

    Example: lfr probe show high-street-0412
    """
    from lfr_core.common.errors import Refused
    from lfr_core.deployments.monitoring.store import last_proven_ns, read_newest_live_probes
    from lfr_core.deployments.views import DeploymentReader
    from lfr_core.storage.engine import reading

    engine = installation.engine
    if DeploymentReader(engine).find(deployment) is None:
        raise Refused("deployment.unknown", f"there is no deployment {deployment}; see `lfr deployment list`")
    with reading(engine) as session:
        proven_ns, probes = last_proven_ns(session, deployment), read_newest_live_probes(session, deployment)

    def text() -> None:
        ago = "never" if proven_ns is None else f"{(installation.now_ns - proven_ns) / 60e9:.1f} min ago"
        console.print(f"{deployment} was last proven: {ago}")
        _show_probes(probes)

    document = {"deployment": deployment, "last_proven_ns": proven_ns, "proofs": [_as_dict(each) for each in probes]}
    return Output(document, text)


def _show_lines(done: SelfTest) -> None:
    from rich.table import Table

    table = Table("", "checked", "what was seen, or what to do")
    for line in done.lines:
        table.add_row("[green]green[/green]" if line.ok else "[red]red[/red]", line.name, line.message)
    console.print(table)


def _show_probes(probes: Sequence[RecordedLiveProbe]) -> None:
    from rich.table import Table

    from lfr_core.common.clock import utc_from_ns

    table = Table("when (UTC)", "what", "", "how")
    for probe in probes:
        mark = "[green]green[/green]" if probe.green_ns else "[red]red[/red]"
        table.add_row(f"{utc_from_ns(probe.sent_ns):%Y-%m-%d %H:%M:%S}", probe.kind.word, mark, _describe(probe))
    console.print(table)


def _describe(probe: RecordedLiveProbe) -> str:
    """Describe a live probe in one line."""
    from lfr_core.deployments.monitoring.selftest import SelfTest

    if probe.detail:
        lines = SelfTest.lines_from_json(probe.detail)
        red = [line.name for line in lines if not line.ok]
        return f"red: {', '.join(red)}" if red else f"{len(lines)} lines green"
    answers = {answer.part: answer for answer in probe.answers}
    parts = []
    for part, key in enumerate(probe.keys):
        answer = answers.get(part)
        words = "no answer" if answer is None else answer.fault.value or f"{answer.similarity:.3f}"
        parts.append(f"{key}: {words}")
    return ", ".join(parts)


def _as_dict(probe: RecordedLiveProbe) -> dict[str, object]:
    """Describe a live probe for programs."""
    return {
        "id": str(probe.id),
        "kind": probe.kind.word,
        "sent_ns": probe.sent_ns,
        "green_ns": probe.green_ns,
        "how": _describe(probe),
    }
