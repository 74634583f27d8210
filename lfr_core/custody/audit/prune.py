"""Removing the oldest entries when their time has come: a signed anchor says where the trail begins since then.

What they alone said of records the vault says again, as it signs the anchor: nobody else's word for it would count.
"""

from __future__ import annotations

from itertools import chain, islice

from sqlalchemy import Engine, delete, func
from sqlmodel import col, select

from lfr_core.common.clock import Clock
from lfr_core.common.errors import Refused, Retryable
from lfr_core.custody.audit.entry import MOST_RECORDS
from lfr_core.custody.audit.port import AuditEvent, HeadSigner, Verb
from lfr_core.custody.audit.read import anchor_of, snapshot
from lfr_core.custody.audit.recorded_state import CARRIED, PRUNED, RecordedState
from lfr_core.custody.audit.signed import signed_anchor
from lfr_core.custody.audit.trail import AuditTrail
from lfr_core.custody.audit.verify import verify
from lfr_core.domain.actors import SystemActor
from lfr_core.storage.engine import erase_freed_pages, writing
from lfr_core.storage.tables.audit import AuditAnchorRow, AuditEntryRow, AuditHeadRow

__all__ = ["carry_records", "prune"]

ACTOR = SystemActor.RETENTION
_MOST_AT_ONCE = 50_000
"""[proposal] The vault reads what is to go before it signs, in seconds; the rest goes the next time."""


def prune(engine: Engine, signer: HeadSigner, clock: Clock, before_ns: int) -> int:
    """Remove the oldest entries, up to the first that isn't older than `before_ns`, and say so on the trail.

    Only what is under a signature goes, and only from a trail that verifies: an anchor over a damaged trail would hide
    the damage. May be called again and again; when there is nothing to remove, nothing is written.

    Returns:
        How many were removed.

    Raises:
        Refused: `audit.damaged`.
        Retryable: the database or the vault is away, or another process pruned at the same moment.
    """
    cut = _cut(engine, before_ns)
    if cut is None:
        return 0
    trail = AuditTrail(signer, clock)
    trail.prepare(ACTOR)
    report = verify(engine, public_key=signer.public_key, checkpoint=None, records_key=trail.records_key())
    if report.problem is not None:
        raise Refused(
            "audit.damaged", f"the audit trail isn't pruned, because {report.problem.message}: see `lfr audit verify`"
        )
    seq, hash_ = cut
    anchor = signed_anchor(signer, seq, hash_, clock.time_ns())
    with writing(engine) as session:
        known = anchor_of(session)
        stands = session.exec(select(AuditEntryRow.hash).where(AuditEntryRow.seq == seq).with_for_update()).first()
        if stands != hash_:
            raise Retryable("the audit trail was pruned by another process at the same moment; nothing was done twice")
        removed = seq - (known.seq if known else 0)
        session.execute(delete(AuditEntryRow).where(col(AuditEntryRow.seq) <= seq))
        session.execute(delete(AuditHeadRow).where(col(AuditHeadRow.seq) <= seq))
        session.execute(delete(AuditAnchorRow))
        session.add(
            AuditAnchorRow(
                seq=anchor.seq,
                hash=anchor.hash,
                count=anchor.count,
                at_ns=anchor.at_ns,
                public_key=anchor.public_key,
                signature=anchor.signature,
            )
        )
        trail.append(
            session,
            AuditEvent(
                Verb.ERASE,
                ACTOR,
                deployment="",
                subject="audit:entries",
                rule=PRUNED,
                facts={"removed": removed, "up_to": seq},
            ),
        )
    erase_freed_pages(engine)
    return removed


def carry_records(engine: Engine, trail: AuditTrail, state: RecordedState, *, newest: int, up_to: int) -> None:
    """Say again, as the vault, what the trail says of records, so that entries up to `up_to` can go.

    Args:
        engine: the records.
        trail: the vault's.
        state: of the whole trail, up to its entry `newest`.
        newest: that entry.
        up_to: of the anchor.

    Raises:
        Retryable: the records are away, or somebody wrote an entry meanwhile.
    """
    said = ((name, digest) for of in state.entries.values() for name, (digest, _) in of.items() if digest)
    trail.prepare(SystemActor.VAULT)
    with writing(engine) as session:
        for part in chain([dict(islice(said, MOST_RECORDS))], iter(lambda: dict(islice(said, MOST_RECORDS)), {})):
            event = AuditEvent(Verb.ALTER, SystemActor.VAULT, "", "records:all", CARRIED, {"up_to": up_to})
            newest += 1
            if trail.append(session, event, part).seq != newest:
                raise Retryable("the audit trail grew while what goes of it was said again: nothing was removed")


def _cut(engine: Engine, before_ns: int) -> tuple[int, str] | None:
    """Return the last entry to go: signed, and it and all before it older than `before_ns`."""
    with snapshot(engine) as session:
        signed = session.exec(select(func.max(AuditHeadRow.seq))).one() or 0
        first_kept = session.exec(
            select(AuditEntryRow.seq)
            .where(col(AuditEntryRow.at_ns) >= before_ns)
            .order_by(col(AuditEntryRow.seq))
            .limit(1)
        ).first()
        last = signed if first_kept is None else min(signed, first_kept - 1)
        known = anchor_of(session)
        last = min(last, (known.seq if known else 0) + _MOST_AT_ONCE)
        found = session.exec(
            select(AuditEntryRow.seq, AuditEntryRow.hash)
            .where(col(AuditEntryRow.seq) <= last)
            .order_by(col(AuditEntryRow.seq).desc())
            .limit(1)
        ).first()
        return None if found is None else (found[0], found[1])
