"""Keeps live probes, self-tests and their answers. Every function works in the caller's transaction."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from uuid import UUID

from sqlmodel import Session, col, func, select

from lfr_core.common.errors import Poison
from lfr_core.custody.audit.port import AuditEvent, RowSealer, SealingTrail, Trail, Verb
from lfr_core.custody.audit.row_seals import IsSealed, text_of_values
from lfr_core.custody.audit.row_states import is_as_noted, note_state
from lfr_core.deployments.monitoring.recorded_probes import LiveProbeAnswer, LiveProbeKind, RecordedLiveProbe
from lfr_core.domain.actors import SPEAKS_FOR_PEOPLE, ProcessIdentity, SystemActor
from lfr_core.domain.messages import LiveProbeFault, LiveProbeResult
from lfr_core.storage.sql import Value, insert_absent, is_storable
from lfr_core.storage.tables.monitoring import LiveProbeAnswerRow, LiveProbeRow, digest_answers

__all__ = [
    "LiveProbeAnswer",
    "LiveProbeKind",
    "RecordedLiveProbe",
    "begin_live_probe",
    "find_fault",
    "has_unanswered",
    "is_green",
    "keep_self_test",
    "last_proven_ns",
    "note_missed",
    "note_unanswered",
    "read_answers",
    "read_newest_live_probes",
    "write_answers",
]


_LOOKED_THROUGH = 100
"""Rows that somebody put in the way cost no more time than that."""
_FIND_OUT = SPEAKS_FOR_PEOPLE | {ProcessIdentity.FLOWS, ProcessIdentity.RECORD, ProcessIdentity.WATCH}
"""Processes that test, and the recorder, which has the answers."""


def begin_live_probe(
    session: Session,
    records_key: bytes,
    probe: UUID,
    deployment: str,
    kind: LiveProbeKind,
    keys: Sequence[str],
    sent_ns: int,
    nonces: Sequence[str] = (),
) -> None:
    """Write down that a live probe is about to be sent: answers to a live probe that isn't written down are refused.

    Args:
        session: of the caller's transaction.
        records_key: the trail's: answers count while the row is what it was.
        probe: its id.
        deployment: which must exist.
        kind: LIVE_PROBE or CALL.
        keys: one for each frame that will be sent, in order.
        sent_ns: wall time.
        nonces: what each sealed frame holds, in order; a good answer must say it. Only digests are kept.
    """
    row = LiveProbeRow(id=probe, deployment=deployment, kind=kind.value, sent_ns=sent_ns, keys="\n".join(keys))
    row.nonces_sha256 = "\n".join(_digest(nonce) for nonce in nonces)
    note_state(row, records_key)
    session.add(row)
    session.flush()


def keep_self_test(
    session: Session,
    trail: RowSealer,
    probe: UUID,
    deployment: str,
    *,
    began_ns: int,
    ended_ns: int,
    green: bool,
    detail: str,
) -> None:
    """Keep what a self-test came to; `detail` is its lines as JSON. The caller's entry on the trail names it."""
    row = LiveProbeRow(
        id=probe,
        deployment=deployment,
        kind=LiveProbeKind.SELF_TEST.value,
        sent_ns=began_ns,
        ended_ns=ended_ns,
        detail=detail,
    )
    if green:
        _seal(trail, row, ended_ns)
    session.add(row)
    session.flush()


def write_answers(
    session: Session, trail: SealingTrail, results: Sequence[LiveProbeResult], now_ns: int
) -> tuple[tuple[LiveProbeResult, Poison], ...]:
    """Keep answers, once however often they come; those to no live probe that was sent are handed back.

    One that all have answered well now has its entry on the trail, as one has that is answered after it was missed.
    """
    failures: list[tuple[LiveProbeResult, Poison]] = []
    records_key, ended = trail.records_key(), dict[UUID, LiveProbeRow]()
    for result in results:
        row = session.exec(select(LiveProbeRow).where(LiveProbeRow.id == result.id).with_for_update()).one_or_none()
        if row is None or row.deployment != result.deployment or result.part >= len(_keys(row)):
            failures.append((result, Poison(f"an answer to probe {result.id}, part {result.part}, which nobody sent")))
            continue
        if not is_as_noted(row, records_key):
            failures.append((result, Poison(f"an answer to probe {result.id}, which was changed since it was sent")))
            continue
        if not is_storable(result.part):
            failures.append((result, Poison("a live probe holds a number past 64 bits")))
            continue
        if result.ok and not _has_opened(row, result):
            failures.append((result, Poison(f"an answer to probe {result.id} by somebody who hasn't opened its frame")))
            continue
        values: dict[str, Value] = {
            "proof": result.id,
            "part": result.part,
            "recorded_ns": now_ns,
            "similarity": result.similarity,
            "ok": result.ok,
            "fault": result.fault.value,
        }
        insert_absent(session, LiveProbeAnswerRow, values)
        if row.kind == LiveProbeKind.LIVE_PROBE and row.green_ns is None and _all_well(session, row):
            _seal(trail, row, now_ns)
            row.ended_ns = now_ns if row.ended_ns is None else row.ended_ns
        if row.ended_ns is not None:
            ended[row.id] = row
    for row in ended.values():
        _put_on_trail(session, trail, row, SystemActor.RECORDER, "live-probe.answered")
    return tuple(failures)


def note_missed(session: Session, trail: Trail, probe: UUID, now_ns: int) -> None:
    """Put a live probe on the trail as it is when its time is over; nothing where it was answered well meanwhile.

    The trail must have been prepared for the watch.
    """
    row = session.exec(select(LiveProbeRow).where(LiveProbeRow.id == probe).with_for_update()).one_or_none()
    if row is not None and row.ended_ns is None:
        row.ended_ns = now_ns
        _put_on_trail(session, trail, row, SystemActor.WATCH, "live-probe.missed")


def has_unanswered(session: Session, before_ns: int) -> bool:
    """Return whether a live probe or a call of before that time doesn't say yet that it is over."""
    query = select(LiveProbeRow.id).where(col(LiveProbeRow.ended_ns).is_(None), LiveProbeRow.sent_ns < before_ns)
    return session.exec(query.limit(1)).first() is not None


def note_unanswered(session: Session, trail: Trail, before_ns: int, now_ns: int) -> int:
    """Put on the trail each live probe and call of before that time which is over and doesn't say so; return how many.

    Its deployment stopped while it was awaited, or the watch did; a call is never over by itself. The trail must have
    been prepared for the watch.
    """
    query = select(LiveProbeRow).where(col(LiveProbeRow.ended_ns).is_(None), LiveProbeRow.sent_ns < before_ns)
    rows = session.exec(query.order_by(col(LiveProbeRow.sent_ns)).limit(_LOOKED_THROUGH).with_for_update()).all()
    for row in rows:
        row.ended_ns = now_ns
        _put_on_trail(session, trail, row, SystemActor.WATCH, "live-probe.over")
    return len(rows)


def _put_on_trail(session: Session, trail: Trail, row: LiveProbeRow, actor: SystemActor, rule: str) -> None:
    """Have the row say which answers it has, and an entry name it; nothing where it says so already."""
    session.flush()
    answers = session.exec(select(LiveProbeAnswerRow).where(LiveProbeAnswerRow.proof == row.id)).all()
    digest = digest_answers(answers)
    if row.answers_sha256 == digest:
        return
    row.answers_sha256 = digest
    session.add(row)
    facts = {"answers": len(answers), "asked": len(_keys(row)), "green": int(row.green_ns is not None)}
    trail.append(session, AuditEvent(Verb.CONSULT, actor, row.deployment, f"live-probe:{row.id}", rule, facts))


def last_proven_ns(session: Session, deployment: str, is_sealed: IsSealed | None = None) -> int | None:
    """Read when a deployment's newest green live probe or self-test began, nanoseconds since the epoch; None: none is.

    `is_sealed`: the vault's: only those count that a process has sealed which finds them out.
    """
    query = (
        select(LiveProbeRow)
        .where(LiveProbeRow.deployment == deployment)
        .where(col(LiveProbeRow.green_ns).is_not(None))
        .order_by(col(LiveProbeRow.sent_ns).desc())
        .limit(_LOOKED_THROUGH)
    )
    for row in session.exec(query):
        if is_sealed is None or is_sealed(_text(row), row.writer, row.seal, _FIND_OUT):
            return row.sent_ns
    return None


def _seal(trail: RowSealer, row: LiveProbeRow, green_ns: int) -> None:
    """Say that everything was right."""
    row.green_ns = green_ns
    row.writer, row.seal = trail.seal(_text(row))


def _text(row: LiveProbeRow) -> str:
    """Return what of a row is sealed."""
    return text_of_values("proof", row.id, row.deployment, row.kind, row.sent_ns, row.green_ns, row.keys, row.detail)


def is_green(session: Session, probe: UUID) -> bool:
    """Return whether every answer that it needs is there and good."""
    return session.exec(select(LiveProbeRow.green_ns).where(LiveProbeRow.id == probe)).one_or_none() is not None


def find_fault(session: Session, probe: UUID) -> str:
    """Say in a few words why a live probe isn't green: who hasn't answered, and what went wrong at those who have."""
    row = session.get(LiveProbeRow, probe)
    keys = () if row is None else _keys(row)
    faults = {answer.part: answer.fault.value for answer in read_answers(session, probe)}
    outcomes = [
        f"{key}: {faults.get(part, 'no answer')}" for part, key in enumerate(keys) if faults.get(part, "no answer")
    ]
    return ", ".join(outcomes)


def read_answers(session: Session, probe: UUID) -> tuple[LiveProbeAnswer, ...]:
    """Return the answers so far, by part."""
    rows = session.exec(
        select(LiveProbeAnswerRow).where(LiveProbeAnswerRow.proof == probe).order_by(col(LiveProbeAnswerRow.part))
    )
    return tuple(LiveProbeAnswer(row.part, row.recorded_ns, row.similarity, LiveProbeFault(row.fault)) for row in rows)


def read_newest_live_probes(session: Session, deployment: str, *, limit: int = 20) -> tuple[RecordedLiveProbe, ...]:
    """Return the newest live probes and self-tests of a deployment, the newest first; calls are left out."""
    rows = session.exec(
        select(LiveProbeRow)
        .where(LiveProbeRow.deployment == deployment)
        .where(LiveProbeRow.kind != LiveProbeKind.CALL.value)
        .order_by(col(LiveProbeRow.sent_ns).desc())
        .limit(limit)
    ).all()
    return tuple(
        RecordedLiveProbe(
            row.id,
            LiveProbeKind(row.kind),
            row.sent_ns,
            _keys(row),
            row.green_ns,
            row.detail,
            read_answers(session, row.id),
        )
        for row in rows
    )


def _digest(nonce: str) -> str:
    return hashlib.sha256(nonce.encode()).hexdigest()


def _has_opened(row: LiveProbeRow, result: LiveProbeResult) -> bool:
    """Return whether a good answer says what only the sealed frame holds; none is good of a probe that says nothing."""
    if row.kind != LiveProbeKind.LIVE_PROBE:
        return True
    nonces = row.nonces_sha256.split("\n")
    return result.part < len(nonces) and nonces[result.part] == _digest(result.nonce)


def _keys(row: LiveProbeRow) -> tuple[str, ...]:
    return tuple(row.keys.split("\n")) if row.keys else ()


def _all_well(session: Session, row: LiveProbeRow) -> bool:
    good = session.exec(
        select(func.count())
        .select_from(LiveProbeAnswerRow)
        .where(LiveProbeAnswerRow.proof == row.id)
        .where(col(LiveProbeAnswerRow.ok).is_(True))
    ).one()
    return good >= len(_keys(row))
