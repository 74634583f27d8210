"""The register of segments: what was recorded, what is kept, what is held, and what is due."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import Engine, func
from sqlmodel import Session, col, select
from sqlmodel.sql.expression import SelectOfScalar

from lfr_core.domain.reserved import CANARY_CAMERA
from lfr_core.storage.engine import reading, writing
from lfr_core.storage.tables.footage import FootageHoldRow, FootageHoldSegmentRow, FootageSegmentRow

__all__ = [
    "DueSegment",
    "Segment",
    "find_segments",
    "held_segments",
    "read_due_segments",
    "segments",
]

_MOST_AT_ONCE = 500
"""Ids in one statement: SQLite takes no more than 32,766 values, older ones 999."""
_LONGEST_SEGMENT_NS = 300 * 10**9
"""The policy allows no longer one (`footage.segment_s`)."""


@dataclass(frozen=True, slots=True)
class Segment:
    """One segment of one camera, as the register has it."""

    id: str
    deployment: str
    camera: str
    session: str
    key_id: str
    key_fingerprint: str
    started_ns: int
    due_ns: int
    """When it goes, unless it is held then."""
    ended_ns: int | None
    """The last frame's time. None: it is being written, or its camera was killed."""
    frames: int
    bytes: int
    missed: int
    """Frames not kept since the segment before: the disk was full, or the vault away."""
    purged_ns: int | None
    held: bool


@dataclass(frozen=True, slots=True)
class DueSegment:
    """A segment that has to go."""

    id: str
    deployment: str
    since_ns: int
    """When it became due: its time was over, or its last hold was released after that."""


def segments(
    engine: Engine,
    *,
    deployment: str | None = None,
    camera: str | None = None,
    from_ns: int | None = None,
    to_ns: int | None = None,
    with_test_records: bool = False,
) -> tuple[Segment, ...]:
    """Return the segments there are or were, the oldest first; with a time, those that may hold frames of it.

    Args:
        engine: the records.
        deployment: of this one alone.
        camera: of this one alone.
        from_ns: ended at this wall time or later; one without a known end may have lasted as long as any may.
        to_ns: begun before this wall time.
        with_test_records: also the noise that is injected to prove the deletion, which no camera has filmed.

    Raises:
        Retryable: the database is away.
    """
    statement = select(FootageSegmentRow)
    if deployment is not None:
        statement = statement.where(FootageSegmentRow.deployment == deployment)
    if not with_test_records:
        statement = statement.where(FootageSegmentRow.camera != CANARY_CAMERA)
    if camera is not None:
        statement = statement.where(FootageSegmentRow.camera == camera)
    if from_ns is not None:
        ended = func.coalesce(FootageSegmentRow.ended_ns, col(FootageSegmentRow.started_ns) + _LONGEST_SEGMENT_NS)
        statement = statement.where(ended >= from_ns)
    if to_ns is not None:
        statement = statement.where(FootageSegmentRow.started_ns < to_ns)
    statement = statement.order_by(col(FootageSegmentRow.started_ns), FootageSegmentRow.id)
    with reading(engine) as session:
        held = read_held_now(session)
        return tuple(_segment(row, held) for row in session.exec(statement))


def find_segments(engine: Engine, ids: Collection[str]) -> tuple[Segment, ...]:
    """Find those of `ids` that are known, the oldest first. Raises Retryable when the database is away."""
    with reading(engine) as session:
        held = read_held_now(session)
        found = [_segment(row, held) for row in rows_of(session, ids)]
    return tuple(sorted(found, key=lambda each: (each.started_ns, each.id)))


def read_due_segments(engine: Engine, now_ns: int) -> tuple[DueSegment, ...]:
    """Return what has to go by now and hasn't, held segments left out; the longest due first. Raises Retryable."""
    with reading(engine) as session:
        held = read_held_now(session)
        released = _last_release_ns(session)
        due = [
            DueSegment(row.id, row.deployment, max(row.due_ns, released.get(row.id, 0)))
            for row in session.exec(_due(now_ns))
            if row.id not in held
        ]
    return tuple(sorted(due, key=lambda each: (each.since_ns, each.id)))


def held_segments(engine: Engine, deployment: str | None = None) -> tuple[Segment, ...]:
    """Return what a hold keeps, of one deployment or all. Raises Retryable when the database is away."""
    found = segments(engine, deployment=deployment, with_test_records=True)
    return tuple(each for each in found if each.held and each.purged_ns is None)


def open_row(engine: Engine, row: FootageSegmentRow) -> None:
    """Put a segment on the register before its file is made; again, if making that failed. Raises as `writing`."""
    with writing(engine) as session:
        session.merge(row)


def close_row(engine: Engine, segment: str, *, ended_ns: int | None, frames: int, size_bytes: int, missed: int) -> None:
    """Say what became of a segment. Raises as `writing`."""
    with writing(engine) as session:
        row = session.get(FootageSegmentRow, segment)
        if row is not None and row.purged_ns is None:
            row.ended_ns, row.frames, row.bytes, row.missed = ended_ns, frames, size_bytes, missed


def read_held_now(session: Session) -> frozenset[str]:
    """Read the ids of the segments that a hold covers which nobody released."""
    statement = (
        select(FootageHoldSegmentRow.segment)
        .join(FootageHoldRow, col(FootageHoldRow.id) == col(FootageHoldSegmentRow.hold))
        .where(col(FootageHoldRow.released_at).is_(None))
    )
    return frozenset(session.exec(statement))


def rows_of(session: Session, ids: Collection[str], *, lock: bool = False) -> list[FootageSegmentRow]:
    """Read the rows of `ids`, in the order of their ids; with `lock`, lock them until the transaction's end."""
    wanted, found = sorted(set(ids)), list[FootageSegmentRow]()
    for at in range(0, len(wanted), _MOST_AT_ONCE):
        part = wanted[at : at + _MOST_AT_ONCE]
        statement = select(FootageSegmentRow).where(col(FootageSegmentRow.id).in_(part))
        statement = statement.order_by(FootageSegmentRow.id)
        found += session.exec(statement.with_for_update() if lock else statement)
    return found


def unclosed(engine: Engine, before_ns: int) -> tuple[str, ...]:
    """Find segments begun before this time that no camera closed. Raises Retryable when the database is away."""
    statement = (
        select(FootageSegmentRow.id)
        .where(col(FootageSegmentRow.purged_ns).is_(None))
        .where(col(FootageSegmentRow.ended_ns).is_(None))
        .where(FootageSegmentRow.started_ns < before_ns)
    )
    with reading(engine) as session:
        return tuple(session.exec(statement))


def _due(now_ns: int) -> SelectOfScalar[FootageSegmentRow]:
    return (
        select(FootageSegmentRow)
        .where(col(FootageSegmentRow.purged_ns).is_(None))
        .where(FootageSegmentRow.due_ns <= now_ns)
    )


def _last_release_ns(session: Session) -> dict[str, int]:
    """Read, by segment, when its last hold that was released was released, wall time."""
    statement = (
        select(FootageHoldSegmentRow.segment, FootageHoldRow.released_at)
        .join(FootageHoldRow, col(FootageHoldRow.id) == col(FootageHoldSegmentRow.hold))
        .where(col(FootageHoldRow.released_at).is_not(None))
    )
    latest: dict[str, int] = {}
    for segment, released_at in session.exec(statement):
        if released_at is not None:
            latest[segment] = max(latest.get(segment, 0), round(released_at.timestamp() * 1e6) * 1_000)
    return latest


def _segment(row: FootageSegmentRow, held: Collection[str]) -> Segment:
    return Segment(
        id=row.id,
        deployment=row.deployment,
        camera=row.camera,
        session=row.session,
        key_id=row.key_id,
        key_fingerprint=row.key_fingerprint,
        started_ns=row.started_ns,
        due_ns=row.due_ns,
        ended_ns=row.ended_ns,
        frames=row.frames,
        bytes=row.bytes,
        missed=row.missed,
        purged_ns=row.purged_ns,
        held=row.id in held,
    )
