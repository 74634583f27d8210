"""`lfr audit`: verify the audit trail, look at it, hand it out."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from apps.cli.command import Output, command
from apps.cli.common import console, errors, print_plain

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lfr_core.custody.audit.entry import AuditEntry
    from lfr_core.custody.audit.port import Verb
    from lfr_core.custody.audit.verify import AuditReport
    from lfr_core.custody.installation import Installation
    from lfr_core.custody.people import AuthenticatedPerson
    from lfr_core.custody.vault.client import VaultClient

__all__ = ["app"]

app = typer.Typer(no_args_is_help=True, help="Verify, show and export the audit trail: who did what to which data.")

Against = Annotated[
    list[Path] | None,
    typer.Option(
        "--against",
        help="A signed head that was kept elsewhere, as a file or as its QR code says it: the trail must still be the "
        "one that it signed.",
    ),
]

FAILED = 1
"""Exit code of a trail that doesn't verify."""
NOT_CHECKED = 3
"""Exit code where nothing wrong was found and not all could be looked at."""

Deployment = Annotated[str | None, typer.Option("--deployment", help="Only of this deployment.")]
VerbWord = Annotated[
    str | None,
    typer.Option("--verb", help="Only these: collect, alter, consult, disclose, combine, erase, decide or authorise."),
]
Since = Annotated[
    str | None, typer.Option("--since", help="Only from this time on (UTC), as 2026-12-04 or 2026-12-04T14:30.")
]


@command(app)
def verify(installation: Installation, against: Against = None) -> Output:
    """Check every entry, every signature, and what the records say against it. Exit code 1 when anything is wrong.

    While the vault is down the records aren't compared; the rest is. Exit code 3 then, and where no head is kept.

    Example: lfr audit verify --against /mnt/witness/audit-head.json
    """
    from lfr_core.common.errors import Refused
    from lfr_core.custody.audit import head_checkpoint as kept_heads
    from lfr_core.custody.audit import verify as trail_verification
    from lfr_core.custody.audit.timestamps import describe_stamp
    from lfr_core.custody.vault.tpm_binding import say_copy

    settings, keystore = installation.settings, installation.settings.keystore_folder
    public_key = kept_heads.read_public_key(keystore)
    try:
        checkpoint = kept_heads.read_checkpoint(keystore / kept_heads.HEAD_FILE)
        kept = [kept_heads.read_kept_head(file) for file in against or ()]
        stamps = [said for file in against or () if (said := describe_stamp(file, settings.timestamp_ca_file))]
    except Refused as refusal:
        return _fault_output(0, refusal.rule, str(refusal))
    report = trail_verification.verify(
        installation.engine,
        public_key=public_key,
        checkpoint=checkpoint,
        now_ns=installation.now_ns,
        refusal=kept_heads.read_refusal(keystore) or say_copy(settings.tpm, keystore),
        records_key=_records_key(installation),
        against=kept,
    )
    return _report_output(report, public_key.hex(), stamps)


@command(app)
def show(
    installation: Installation,
    by: AuthenticatedPerson,
    deployment: Deployment = None,
    verb: VerbWord = None,
    since: Since = None,
    limit: Annotated[int, typer.Option(min=1, help="At most so many, the newest.")] = 50,
) -> Output:
    """Show entries, the oldest first. People appear under pseudonyms.

    Example: lfr audit show --deployment high-street-0412 --verb decide
    """
    from lfr_core.custody.audit.read import entries

    kind, since_ns = _parse_verb(verb), _parse_since_ns(since)
    _note_look(installation, by, "audit.shown")
    found = entries(installation.engine, deployment=deployment, verb=kind, since_ns=since_ns, limit=limit)
    return Output([_as_dict(one) for one in found], lambda: _show_entries(found))


@command(app)
def export(
    installation: Installation,
    output: Annotated[Path, typer.Option("--output", help="File to write, JSON lines.")],
    by: AuthenticatedPerson,
    deployment: Deployment = None,
    verb: VerbWord = None,
    since: Since = None,
) -> Output:
    """Write the trail to a file that `infra/verify_evidence.py` verifies; entries filtered out leave only digests.

    While the vault is down the file itself isn't signed, and the newest signed head in it speaks for the entries.

    Example: lfr audit export --output trail.jsonl --since 2026-12-01
    """
    from lfr_core.alerts.evidence import export_trail
    from lfr_core.common.files import open_atomic

    kind, since_ns = _parse_verb(verb), _parse_since_ns(since)
    _note_look(installation, by, "audit.exported")
    with open_atomic(output) as out:
        is_signed = _answers(installation.vault)
        summary = export_trail(
            installation.engine,
            out,
            signer=installation.vault if is_signed else None,
            clock=installation.clock,
            deployment=deployment,
            verb=kind,
            since_ns=since_ns,
        )
    if not is_signed:
        errors.print("the vault is away: the file itself isn't signed, the newest head in it is")

    def text() -> None:
        lines = summary.lines["audit"]
        console.print(f"{output}: {lines} lines, {summary.bytes} bytes", markup=False, highlight=False)
        console.print("Verify it anywhere: python infra/verify_evidence.py FILE --public-key KEY")

    document = {"file": str(output), "bytes": summary.bytes, "sha256": summary.sha256, "signed": is_signed}
    return Output(document, text)


def _note_look(installation: Installation, by: AuthenticatedPerson, rule: str) -> None:
    if not installation.looks.admit_trail_reader(by, rule):
        errors.print("the vault is away: that you looked isn't on the trail")


def _records_key(installation: Installation) -> bytes | None:
    from lfr_core.common.errors import Retryable

    try:
        return installation.trail.records_key()
    except Retryable:
        return None


def _answers(vault: VaultClient) -> bool:
    from lfr_core.common.errors import Retryable

    try:
        vault.ping()
    except Retryable:
        return False
    return True


def _parse_verb(word: str | None) -> Verb | None:
    from lfr_core.common.errors import Refused
    from lfr_core.custody.audit.port import Verb

    try:
        return None if word is None else Verb(word)
    except ValueError as error:
        raise Refused(
            "audit.unknown-verb", f"{word!r} is no verb of the trail; there are {', '.join(v.value for v in Verb)}"
        ) from error


def _parse_since_ns(text: str | None) -> int | None:
    from datetime import UTC, datetime

    from lfr_core.common.errors import Refused

    if text is None:
        return None
    try:
        at = datetime.fromisoformat(text)
        at = at if at.tzinfo is not None else at.replace(tzinfo=UTC)
        since_ns = int(at.timestamp()) * 10**9
    except (ValueError, OverflowError) as error:
        raise Refused("audit.bad-time", f"{text!r} is no time: write 2026-12-04 or 2026-12-04T14:30") from error
    if abs(since_ns) >= 2**63:
        raise Refused("audit.bad-time", f"{text!r} is beyond the times that the trail can hold (year 2262)")
    return since_ns


def _report_output(report: AuditReport, public_key: str, stamps: Sequence[str]) -> Output:
    problem = report.problem
    document = {
        "good": report.is_good,
        "all_checked": not report.unchecked,
        "entries": report.entries,
        "first_seq": report.first_seq,
        "last_seq": report.last_seq,
        "pruned": report.pruned,
        "signatures_checked": report.heads,
        "untyped_signatures": report.untyped,
        "signed_seq": report.signed_seq,
        "unsigned": report.unsigned,
        "public_key": public_key,
        "unchecked": list(report.unchecked),
        "differences": list(report.differences),
        "time_stamps": list(stamps),
        "put_back": list(report.put_back),
        "problem": None
        if problem is None
        else {"seq": problem.seq, "fault": problem.fault.value, "message": problem.message},
    }

    def text() -> None:
        if problem is not None:
            _show_fault(problem.fault.value, problem.message)
            for sentence in report.differences[1:]:
                print_plain(f"  {sentence}", errors)
            return
        pruned = f", {report.pruned} pruned before them" if report.pruned else ""
        waiting = f", {report.unsigned} of them newer than the last signed head" if report.unsigned else ""
        style, only = ("yellow", " as far as it could be checked") if report.unchecked else ("green", "")
        console.print(
            f"[{style}]The audit trail verifies{only}[/{style}]: {report.entries} entries{pruned}{waiting}; "
            f"{report.heads} signatures checked, key {public_key[:16]}."
        )
        if report.untyped:
            console.print(f"{report.untyped} signatures are of an earlier version, and don't say of what they are.")
        if report.put_back:
            console.print(f"put back from an earlier copy: entries {', '.join(map(str, report.put_back[-10:]))}")
        for sentence in stamps:
            print_plain(sentence)
        for sentence in report.unchecked:
            console.print(f"[yellow]not checked[/yellow]: {sentence}", soft_wrap=True)

    return Output(document, text, exit_code=FAILED if problem else NOT_CHECKED if report.unchecked else 0)


def _fault_output(seq: int, fault: str, message: str) -> Output:
    document = {"good": False, "problem": {"seq": seq, "fault": fault, "message": message}}
    return Output(document, lambda: _show_fault(fault, message), FAILED)


def _show_fault(fault: str, message: str) -> None:
    errors.print(f"[bold red]The audit trail does not verify[/bold red] [dim]({fault})[/dim]: ", end="")
    print_plain(message, errors)


def _show_entries(found: Sequence[AuditEntry]) -> None:
    from rich.table import Column, Table

    from lfr_core.common.clock import utc_from_ns

    if not found:
        console.print("No entry.")
        return
    table = Table(Column("Entry", justify="right"), "At (UTC)", "Verb", "Who", "Deployment", "What", "Rule", "Facts")
    for one in found:
        who = one.actor if one.actor.startswith("system:") else one.actor[: len("person:") + 8]
        table.add_row(
            str(one.seq),
            f"{utc_from_ns(one.at_ns):%Y-%m-%d %H:%M:%S}",
            one.verb.value,
            who,
            one.deployment,
            one.subject,
            one.rule,
            ", ".join(f"{name} {fact}" for name, fact in one.facts.items()),
        )
    console.print(table)


def _as_dict(one: AuditEntry) -> dict[str, object]:
    from lfr_core.common.clock import utc_from_ns

    return {
        "seq": one.seq,
        "at": utc_from_ns(one.at_ns).isoformat(),
        "at_ns": one.at_ns,
        "verb": one.verb.value,
        "actor": one.actor,
        "deployment": one.deployment,
        "subject": one.subject,
        "rule": one.rule,
        "facts": dict(one.facts),
        "hash": one.hash,
    }
