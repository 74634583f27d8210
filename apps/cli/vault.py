"""`lfr vault`: run the vault by itself, and see whether its gate is open."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from apps.cli.command import Output, command, logged_in
from apps.cli.common import DeploymentId, console

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lfr_core.custody.installation import Installation
    from lfr_core.custody.people import AuthenticatedPerson
    from lfr_core.custody.vault.messages import MachineInfo
    from lfr_core.domain.gate import GateFinding

__all__ = ["app"]

_LOGINS_TO_END = """\
Its logins elsewhere go on until you end them there (ROLE, USER: that machine's own; where machines share one, give the others a new one first):
  PostgreSQL  psql -c 'ALTER ROLE "ROLE" NOLOGIN' -c "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'ROLE'"
  Kafka       kafka-acls.sh --bootstrap-server SERVERS --command-config ADMIN --add --deny-principal User:USER --operation All --topic '*' --group '*' --cluster
              kafka-configs.sh --bootstrap-server SERVERS --command-config ADMIN --alter --delete-config SCRAM-SHA-512 --entity-type users --entity-name USER
  Milvus      python -c 'from pymilvus import MilvusClient as M; M("URI", token="root:PASSWORD").drop_user("USER")'
See docs/runbooks/machine-dismissed.md"""  # noqa: E501  commands to copy
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

    from lfr_core.custody.vault.keystore_files import has_tpm as find_tpm

    socket = installation.settings.vault_address or installation.settings.vault_socket
    infos = installation.vault.kept()
    kinds = Counter(info.kind.value for info in infos)
    held = sum(info.held for info in infos)
    is_here = not installation.settings.vault_address
    has_tpm = bool(find_tpm(installation.settings))
    opens = "; its keystore opens with this machine's TPM only" if has_tpm else "; its keystore opens without a TPM"
    kept = ", ".join(f"{count} {kind}" for kind, count in sorted(kinds.items())) or "none"

    def text() -> None:
        console.print(
            f"the vault answers at {socket}; keys kept: {kept}; held: {held}{opens if is_here else ''}", soft_wrap=True
        )

    return Output({"socket": str(socket), "kept": dict(kinds), "held": held, "tpm": has_tpm}, text)


@command(app)
def gate(installation: Installation, deployment: DeploymentId) -> Output:
    """List every condition of a deployment's gate, met or not, and who must act. Exit code 77 while it is shut.

    Example: lfr vault gate high-street-0412
    """
    from lfr_core.deployments.gate_reading import read_gate
    from lfr_core.domain.gate import refusal_of

    findings = read_gate(installation.engine, deployment, installation.policy, now_ns=installation.now_ns)
    return Output(
        [{"condition": f.condition.value, "met": f.met, "who": f.who, "why": f.why} for f in findings],
        lambda: _show_findings(findings),
        error=refusal_of(findings, deployment),
    )


@command(app, "admit-machine")
def admit_machine(
    installation: Installation,
    who: AuthenticatedPerson,
    name: Annotated[str, typer.Argument(help="The machine's name: small letters, digits and hyphens.")],
    identities: Annotated[
        str, typer.Option("--for", metavar="KINDS", help="What it does, of: camera, recognise, record.")
    ],
    output: Annotated[Path, typer.Option("--output", help="File to write: it holds the machine's private keys.")],
    camera: Annotated[
        list[str] | None, typer.Option("--camera", metavar="NAME", help="A camera it sends of; once for each.")
    ] = None,
) -> Output:
    """Let another machine reach the vault, for some kinds of process. Compliance does it; it is on the audit trail.

    A machine for cameras sends of those that are named here, in whatever deployment, and of no other.

    Bring the file to that machine by a way that nobody reads, `lfr vault join FILE` there, and remove it. A machine
    that is admitted again gets new keys, and earlier ones are good for nothing from then on.

    Example: lfr vault admit-machine van-2 --for camera,recognise --camera north --output van-2.admission
    """
    from lfr_core.common.errors import Refused
    from lfr_core.custody.vault.files import write_private
    from lfr_core.domain.actors import ProcessIdentity

    try:
        wanted = [ProcessIdentity(each.strip()) for each in identities.split(",")]
    except ValueError as error:
        raise Refused("vault.machine", "--for takes camera, recognise and record, with commas between") from error
    write_private(output, installation.vault.admit_machine(name, wanted, camera or [], who.name))
    of = f" of {', '.join(camera)}" if camera else ""
    message = f"{name} is admitted for {', '.join(wanted)}{of}: bring {output} there, and remove it here"
    done = {"machine": name, "for": [each.value for each in wanted], "cameras": camera or [], "file": str(output)}
    return Output(done, message)


@command(app)
def machines(installation: Installation) -> Output:
    """List the machines that were admitted, for what, until when, and those dismissed.

    Example: lfr vault machines --json
    """
    found = installation.vault.machines()
    return Output([each.model_dump(mode="json") for each in found], lambda: _show_machines(found))


@command(app, "dismiss-machine")
def dismiss_machine(
    installation: Installation, name: Annotated[str, typer.Argument(help="Its name: `lfr vault machines`.")]
) -> Output:
    """End a machine's admission at once: its connections are closed, and what it was lent ends within seconds.

    Compliance does it. While the records are away, and nobody can be found to be of compliance, this machine's user
    does: ending is the safe side. Its logins at PostgreSQL, Kafka and Milvus are ended there, as the output says.

    Example: lfr vault dismiss-machine van-2
    """
    from lfr_core.common.errors import Retryable

    try:
        person = logged_in(installation).name
    except Retryable:  # the vault sees for itself whether the records are away
        person = ""
    left = installation.vault.dismiss_machine(name, person)
    message = f"{name} is dismissed: its certificates are good for nothing any more, and its connections are closed."
    text = "\n".join([message, *filter(None, [left]), _LOGINS_TO_END])
    return Output({"machine": name, "left": left, "logins": _LOGINS_TO_END.splitlines()}, text)


@command(app)
def join(
    installation: Installation,
    file: Annotated[Path, typer.Argument(help="What `lfr vault admit-machine` wrote, on the vault's machine.")],
) -> Output:
    """Put what this machine was given where its processes look for it. Set LFR_VAULT_ADDRESS beside it.

    Example: lfr vault join van-2.admission
    """
    from lfr_core.custody.vault.admission import unpack_admission

    folder = installation.settings.process_folder
    name, files = unpack_admission(file, folder)
    message = f"this machine is {name}; {', '.join(files)} lie in {folder}: remove {file}, and set LFR_VAULT_ADDRESS"
    return Output({"machine": name, "folder": str(folder), "files": list(files)}, message)


def _show_machines(found: Sequence[MachineInfo]) -> None:
    from rich.table import Table

    from lfr_core.common.clock import utc_from_ns

    if not found:
        console.print("No machine was admitted: the vault is for this machine alone.")
        return
    table = Table("machine", "for", "cameras", "admitted (UTC)", "until (UTC)", "")
    for each in found:
        times = (f"{utc_from_ns(ns):%Y-%m-%d %H:%M}" for ns in (each.admitted_ns, each.until_ns))
        copied = f"two machines use it, from {each.copied}: dismiss it" if each.copied else ""
        ended = copied if each.dismissed_ns is None else f"dismissed {utc_from_ns(each.dismissed_ns):%Y-%m-%d %H:%M}"
        table.add_row(each.name, ", ".join(each.identities), ", ".join(each.cameras), *times, ended)
    console.print(table)


def _show_findings(findings: Sequence[GateFinding]) -> None:
    from rich.table import Table

    table = Table("condition", "", "why", "who must act")
    for finding in findings:
        mark = "[green]met[/green]" if finding.met else "[red]not met[/red]"
        table.add_row(finding.condition.value, mark, finding.why, "" if finding.met else finding.who)
    console.print(table)
