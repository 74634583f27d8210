"""What the vault sees of a bundle before it signs it: made now, and its facts are those of the records.

The trail in it is held by its own heads, which `infra/verify_evidence.py` follows; here it is how far it goes and what
of it is shown.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from sqlalchemy import Engine
from sqlmodel import Session, col, func, select

from lfr_core.alerts.evidence import SignedText, certificate_line, describe
from lfr_core.common.clock import Clock
from lfr_core.common.errors import Refused
from lfr_core.custody.audit.bundle import BundleManifest, parse_manifest, part_of
from lfr_core.custody.audit.read import anchor_of, read_newest_head, snapshot
from lfr_core.custody.vault.signing import MADE_BEFORE_NS, check_recent, not_signed
from lfr_core.domain.signatures import SignatureKind
from lfr_core.storage.tables.audit import AuditEntryRow, AuditHeadRow

__all__ = ["check_bundle_to_sign"]


def check_bundle_to_sign(
    message: bytes, engine: Engine, clock: Clock, certificates: Callable[[str], Sequence[SignedText]]
) -> None:
    """See that a message is the manifest of a bundle that was made now, of what the records say now.

    Args:
        message: the manifest's line.
        engine: the records.
        clock: of the vault.
        certificates: those of a deployment.

    Raises:
        Refused: `vault.not-signed`.
        Retryable: the records are away.
    """
    made = parse_manifest(message)
    check_recent(SignatureKind.EVIDENCE, made.made_at_ns, clock)
    before_ns = clock.time_ns() - MADE_BEFORE_NS
    if made.deployment is None:
        find = _export_faults(made, engine, before_ns)
    else:
        find = _evidence_faults(made, engine, certificates, before_ns)
    fault = next(find, None)
    if fault:
        raise not_signed(SignatureKind.EVIDENCE, fault)


def _evidence_faults(
    made: BundleManifest, engine: Engine, certificates: Callable[[str], Sequence[SignedText]], before_ns: int
) -> Iterator[str]:
    deployment = made.deployment or ""
    if made.kind != "openlfr.evidence" or made.filter is not None:
        yield "it is of another kind than it says"
    try:
        authority, counts = describe(engine, deployment)
    except Refused:
        yield "there is no such deployment"
        return
    kept = (certificate_line(each) for each in certificates(deployment))
    true = (part_of("certificates", kept), part_of("authority", [authority]), part_of("counts", [counts]))
    if made.parts[1:] != true or made.parts[0].name != "audit":
        yield "its authority, counts or certificates aren't those of the records"
    with snapshot(engine) as session:
        head = read_newest_head(session)
        if _count(session, _where_deployment(deployment), 0, head.seq if head else 0) != made.entries or made.unsigned:
            yield "it doesn't show all signed entries of its deployment"
        yield from _end_faults(session, made, before_ns)


def _export_faults(made: BundleManifest, engine: Engine, before_ns: int) -> Iterator[str]:
    if made.kind != "openlfr.audit-export" or made.filter is None or [each.name for each in made.parts] != ["audit"]:
        yield "it is of another kind than it says"
        return
    with snapshot(engine) as session:
        anchor = anchor_of(session)
        begins = anchor.seq if anchor else 0
        shown = [
            *_where_deployment(made.filter.deployment),
            *([AuditEntryRow.verb == made.filter.verb] if made.filter.verb else []),
        ]
        shown += [col(AuditEntryRow.at_ns) >= made.filter.since_ns] if made.filter.since_ns else []
        found = _count(session, shown, begins, made.last_seq)
        if (made.entries, made.entries + made.left_out) != (found, max(made.last_seq - begins, 0)):
            yield "it doesn't show the entries that its filter says"
        yield from _end_faults(session, made, before_ns)


def _end_faults(session: Session, made: BundleManifest, before_ns: int) -> Iterator[str]:
    """Check the last entry: it is the one named, and none after it was there before a bundle takes to be made."""
    wanted = select(AuditEntryRow.hash).where(AuditEntryRow.seq == made.last_seq)
    if (session.exec(wanted).first() or "") != made.last_hash:
        yield "the last entry that it names is another in the records"
    for seq, at_ns in ((AuditEntryRow.seq, AuditEntryRow.at_ns), (AuditHeadRow.seq, AuditHeadRow.at_ns)):
        older = select(func.count(col(seq))).where(col(seq) > made.last_seq, col(at_ns) < before_ns)
        if session.exec(older).one():
            yield "it leaves out the newest entries that there were"
            return


def _where_deployment(deployment: str) -> list[object]:
    return [AuditEntryRow.deployment == deployment] if deployment else []


def _count(session: Session, shown: Sequence[object], after: int, up_to: int) -> int:
    """Count the entries with `after` < seq <= `up_to` that these conditions let through."""
    query = select(func.count()).select_from(AuditEntryRow)
    query = query.where(col(AuditEntryRow.seq) > after, col(AuditEntryRow.seq) <= up_to, *shown)  # type: ignore[arg-type]
    return session.exec(query).one()
