"""From outcome batches to the cameras' counts, latency, rates and stage times, inside one transaction."""

from __future__ import annotations

from collections.abc import Container, Sequence

from sqlalchemy import case, delete, func
from sqlalchemy import select as select_columns
from sqlmodel import Session, col, select

from lfr_core.alerts.accounting import CountedFrames, SessionTally, record_batch
from lfr_core.alerts.plausibility import CameraTotals, check_outcomes
from lfr_core.common.errors import Poison
from lfr_core.domain.frames import PictureState
from lfr_core.domain.messages import OutcomeBatch
from lfr_core.domain.outcomes import FrameCounts
from lfr_core.storage.sql import Value, add_up, insert_absent, is_storable
from lfr_core.storage.tables.deployments import DeploymentRow
from lfr_core.storage.tables.stream import (
    CameraLatencyRow,
    CameraSecondRow,
    CameraSessionRow,
    StageTimeRow,
)

__all__ = ["write_outcomes"]

MOST_CAMERAS = 200
"""Of one deployment: far more than any has. Who can send to the broker can make up names without end."""
MOST_SESSIONS = 5_000
"""Of one camera: one every 17 seconds for a whole day."""
SECONDS_KEPT = 120
"""How many of a camera's last seconds are kept one by one, for its rate and its plot."""


def write_outcomes(
    session: Session, batches: Sequence[OutcomeBatch], now_ns: int
) -> tuple[int, tuple[tuple[OutcomeBatch, Poison], ...]]:
    """Account for the batches. Returns the frames newly accounted for, and the batches not recorded with why.

    The caller owns the transaction.
    """
    failures: list[tuple[OutcomeBatch, Poison]] = []
    recorded: list[tuple[OutcomeBatch, CountedFrames]] = []
    named = {b.deployment for b in batches if is_storable(b.deployment)}
    known = {row.id: row for row in session.exec(select(DeploymentRow).where(col(DeploymentRow.id).in_(named)))}
    # In the order of their keys, so that two recorders never wait for each other in a ring. sorted() is
    # stable: batches of one session stay in the order they came in.
    for batch in sorted(batches, key=lambda b: (b.deployment, b.camera, b.session)):
        fault = _fault(batch, known)
        if fault is not None:
            failures.append((batch, fault))
            continue
        try:
            check_outcomes(known[batch.deployment], batch, now_ns, _read_totals(session, batch))
            added = _record_session(session, batch)
        except Poison as error:
            failures.append((batch, error))
            continue
        if added.changed:  # what came again adds no figures either
            recorded.append((batch, added))
    _add_figures(session, recorded)
    return sum(added.added.captured for _, added in recorded), tuple(failures)


def _fault(batch: OutcomeBatch, known: Container[str]) -> Poison | None:
    numbers = [n for r in batch.results for n in (r.sequence + 1, r.not_sampled, r.dropped)]
    numbers += [batch.captured or 0, batch.not_sampled or 0, batch.dropped or 0, batch.reported_ns]
    if not is_storable(batch.deployment, batch.camera, batch.session, *(s.stage for s in batch.stages), *numbers):
        return Poison("an outcome batch holds a NUL or a number past 64 bits: it can't be stored")
    if batch.deployment not in known:
        return Poison(f"outcomes for deployment {batch.deployment!r}, which isn't recorded here")
    return None


def _record_session(session: Session, batch: OutcomeBatch) -> CountedFrames:
    key: dict[str, Value] = {"deployment": batch.deployment, "camera": batch.camera, "session": batch.session}
    found = _locked(session, batch)
    if found is None:
        _check_capacity(session, batch)
        empty: dict[str, Value] = {name: 0 for name in CameraSessionRow.model_fields if name not in key}
        empty |= {"first_seen_ns": batch.reported_ns, "last_seen_ns": batch.reported_ns, "ended": False}
        empty |= {"picture": PictureState.SOUND.value}
        insert_absent(session, CameraSessionRow, key | empty)
        found = _locked(session, batch)
    row = found
    if row is None:  # pragma: no cover  the row was made two lines above, in this transaction
        raise Poison("a camera session vanished while it was locked")
    recorded = record_batch(_tally(row), batch)
    _store(row, recorded.tally)
    if row.picture != batch.picture.value and batch.reported_ns >= row.last_seen_ns:
        row.picture, row.picture_since_ns = batch.picture.value, batch.reported_ns
    row.last_seen_ns = max(row.last_seen_ns, batch.reported_ns)
    if recorded.added.captured:
        row.last_frame_ns = max(row.last_frame_ns, batch.reported_ns)
    if recorded.added.recognised:
        row.last_look_ns = max(row.last_look_ns, batch.reported_ns)
    session.add(row)
    session.flush()
    return recorded


def _read_totals(session: Session, batch: OutcomeBatch) -> CameraTotals:
    row, is_another = CameraSessionRow, col(CameraSessionRow.session) != batch.session
    query = select_columns(
        func.coalesce(func.sum(case((is_another, col(row.next_sequence)), else_=0)), 0),
        func.coalesce(func.sum(col(row.tracks_started)), 0),
        func.coalesce(func.sum(col(row.tracks_compared)), 0),
        func.min(col(row.first_seen_ns)),
        func.max(col(row.last_seen_ns)),
    ).where(col(row.deployment) == batch.deployment, col(row.camera) == batch.camera)
    frames, started, compared, first_ns, last_ns = session.execute(query).one()
    return CameraTotals(int(frames), max(int(started), int(compared)), first_ns, last_ns)


def _check_capacity(session: Session, batch: OutcomeBatch) -> None:
    """Raise Poison when a deployment has more cameras than any street, or a camera began more often than any does."""
    of_deployment = select(CameraSessionRow.camera, func.count()).where(CameraSessionRow.deployment == batch.deployment)
    sessions = dict(session.exec(of_deployment.group_by(CameraSessionRow.camera)).all())
    if batch.camera not in sessions and len(sessions) >= MOST_CAMERAS:
        raise Poison(f"a deployment has {MOST_CAMERAS} cameras at most, and another name sent frames: see who sends")
    if sessions.get(batch.camera, 0) >= MOST_SESSIONS:
        raise Poison(f"a camera began {MOST_SESSIONS:,} times: see why it is started again and again")


def _locked(session: Session, batch: OutcomeBatch) -> CameraSessionRow | None:
    return session.exec(
        select(CameraSessionRow)
        .where(CameraSessionRow.deployment == batch.deployment)
        .where(CameraSessionRow.camera == batch.camera)
        .where(CameraSessionRow.session == batch.session)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).one_or_none()


def _tally(row: CameraSessionRow) -> SessionTally:
    fates = {name: getattr(row, name) for name in FrameCounts.__dataclass_fields__ if name != "captured"}
    return SessionTally(
        next_sequence=row.next_sequence,
        running_not_sampled=row.running_not_sampled,
        running_dropped=row.running_dropped,
        counts=FrameCounts(captured=row.next_sequence, **fates),
        faces=row.faces,
        tracks_started=row.tracks_started,
        tracks_compared=row.tracks_compared,
        ended=row.ended,
    )


def _store(row: CameraSessionRow, tally: SessionTally) -> None:
    for name, value in tally.counts.as_dict().items():
        if name != "captured":
            setattr(row, name, value)
    row.next_sequence = tally.next_sequence
    row.running_not_sampled = tally.running_not_sampled
    row.running_dropped = tally.running_dropped
    row.faces = tally.faces
    row.tracks_started = tally.tracks_started
    row.tracks_compared = tally.tracks_compared
    row.ended = tally.ended


def _second(batch: OutcomeBatch, recorded: CountedFrames) -> dict[str, Value]:
    added = recorded.added
    return {
        "deployment": batch.deployment,
        "camera": batch.camera,
        "second": batch.reported_ns // 10**9,
        "captured": added.captured,
        "recognised": added.recognised,
        "stale": added.dropped_stale,
        "failed": added.lost + added.unopenable + added.dead_lettered,
        "faces": recorded.faces,
        "latency_total_ms": recorded.latency_total_ms,
    }


def _add_figures(session: Session, recorded: Sequence[tuple[OutcomeBatch, CountedFrames]]) -> None:
    """Add latency, rates and stage times of batches that brought frames."""
    latency: dict[tuple[str, str, int], int] = {}
    stages: dict[tuple[str, str], tuple[int, float]] = {}
    seconds: list[dict[str, Value]] = []
    for batch, added in recorded:
        for bucket, frames in added.latency.items():
            at = (batch.deployment, batch.camera, bucket)
            latency[at] = latency.get(at, 0) + frames
        for stage in batch.stages:
            calls, total = stages.get((batch.deployment, stage.stage), (0, 0.0))
            stages[batch.deployment, stage.stage] = (calls + stage.calls, total + stage.total_ms)
        seconds.append(_second(batch, added))
    add_up(
        session,
        CameraLatencyRow,
        [{"deployment": d, "camera": c, "bucket": b, "frames": n} for (d, c, b), n in latency.items()],
    )
    add_up(session, CameraSecondRow, seconds)
    for deployment, camera in sorted({(batch.deployment, batch.camera) for batch, _ in recorded}):
        newest = max(b.reported_ns for b, _ in recorded if (b.deployment, b.camera) == (deployment, camera)) // 10**9
        session.execute(
            delete(CameraSecondRow)
            .where(col(CameraSecondRow.deployment) == deployment)
            .where(col(CameraSecondRow.camera) == camera)
            .where(col(CameraSecondRow.second) < newest - SECONDS_KEPT)
        )
    add_up(
        session,
        StageTimeRow,
        [{"deployment": d, "stage": s, "calls": n, "total_ms": t} for (d, s), (n, t) in stages.items()],
    )
