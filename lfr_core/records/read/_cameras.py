"""Cameras as people look at them: what became of their frames, how fast, how they are doing."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import Engine
from sqlmodel import Session, col, select

from lfr_core.outcomes import FrameCounts
from lfr_core.records.engine import reading
from lfr_core.records.health import Health, Recent, health_of
from lfr_core.records.latency import percentile
from lfr_core.records.tables import CameraLatencyRow, CameraSecondRow, CameraSessionRow

__all__ = ["CameraHealth", "Latency", "cameras", "frame_counts", "latency"]

RATE_WINDOW_S = 5
"""Rates and health are of the last so many whole seconds."""


@dataclass(frozen=True, slots=True)
class Latency:
    """Capture to outcome of recognised frames, ms, within 2.2 %; None before the first."""

    p50_ms: float | None
    p95_ms: float | None


@dataclass(frozen=True, slots=True)
class CameraHealth:
    """A camera in one deployment, all its sessions together."""

    camera: str
    counts: FrameCounts
    faces: int
    tracks_started: int
    tracks_compared: int
    sessions: int
    first_seen_ns: int
    """When a worker first reported on it, wall clock."""
    last_seen_ns: int
    frames_per_second: float
    """Captured, over the last `RATE_WINDOW_S` seconds."""
    looks_per_second: float
    """Recognised, likewise."""
    latency: Latency
    health: Health
    recent: tuple[Recent, ...]
    """The last 60 whole seconds, the oldest first."""


def cameras(
    engine: Engine, deployment: str, *, now_ns: int, max_age_s: float | None = None
) -> tuple[CameraHealth, ...]:
    """The deployment's cameras by name, as of `now_ns` (wall clock, nanoseconds since the epoch).

    `max_age_s` is the policy's bound on a live frame's age; None where frames needn't be live.
    """
    now = now_ns // 10**9
    sessions: dict[str, list[CameraSessionRow]] = defaultdict(list)
    seconds: dict[str, dict[int, Recent]] = defaultdict(dict)
    with reading(engine) as session:
        for row in session.exec(
            select(CameraSessionRow)
            .where(CameraSessionRow.deployment == deployment)
            .order_by(CameraSessionRow.camera, col(CameraSessionRow.first_seen_ns))
        ):
            sessions[row.camera].append(row)
        for second in session.exec(
            select(CameraSecondRow)
            .where(CameraSecondRow.deployment == deployment)
            .where(col(CameraSecondRow.second).between(now - 60, now))
        ):
            seconds[second.camera][second.second] = _recent(second)
        histograms = _histograms(session, deployment)
    return tuple(
        _health(rows, seconds[camera], histograms[camera], now_ns, max_age_s) for camera, rows in sessions.items()
    )


def latency(engine: Engine, deployment: str) -> Latency:
    """Over all cameras of the deployment."""
    with reading(engine) as session:
        return _latency(sum(_histograms(session, deployment).values(), Counter[int]()))


def frame_counts(rows: Iterable[CameraSessionRow]) -> FrameCounts:
    """The sum over camera sessions."""
    total = FrameCounts()
    for row in rows:
        fates = {name: getattr(row, name) for name in FrameCounts.__dataclass_fields__ if name != "captured"}
        total += FrameCounts(captured=row.next_sequence, **fates)
    return total


def _histograms(session: Session, deployment: str) -> defaultdict[str, Counter[int]]:
    found: defaultdict[str, Counter[int]] = defaultdict(Counter)
    for row in session.exec(select(CameraLatencyRow).where(CameraLatencyRow.deployment == deployment)):
        found[row.camera][row.bucket] += row.frames
    return found


def _latency(histogram: Counter[int]) -> Latency:
    return Latency(percentile(histogram, 0.5), percentile(histogram, 0.95))


def _health(
    rows: list[CameraSessionRow],
    seconds: dict[int, Recent],
    histogram: Counter[int],
    now_ns: int,
    max_age_s: float | None,
) -> CameraHealth:
    now = now_ns // 10**9
    window = _sum(seconds.get(now - back, Recent()) for back in range(1, RATE_WINDOW_S + 1))
    newest = max(rows, key=lambda row: row.last_seen_ns)
    return CameraHealth(
        camera=newest.camera,
        counts=frame_counts(rows),
        faces=sum(row.faces for row in rows),
        tracks_started=sum(row.tracks_started for row in rows),
        tracks_compared=sum(row.tracks_compared for row in rows),
        sessions=len(rows),
        first_seen_ns=min(row.first_seen_ns for row in rows),
        last_seen_ns=newest.last_seen_ns,
        frames_per_second=window.captured / RATE_WINDOW_S,
        looks_per_second=window.recognised / RATE_WINDOW_S,
        latency=_latency(histogram),
        health=health_of(
            window, ended=newest.ended, silence_s=(now_ns - newest.last_seen_ns) / 1e9, max_age_s=max_age_s
        ),
        recent=tuple(seconds.get(second, Recent()) for second in range(now - 60, now)),
    )


def _recent(row: CameraSecondRow) -> Recent:
    return Recent(row.captured, row.recognised, row.stale, row.failed, row.faces, row.latency_total_ms)


def _sum(seconds: Iterable[Recent]) -> Recent:
    total = Recent()
    for one in seconds:
        total = Recent(
            total.captured + one.captured,
            total.recognised + one.recognised,
            total.stale + one.stale,
            total.failed + one.failed,
            total.faces + one.faces,
            total.latency_total_ms + one.latency_total_ms,
        )
    return total
