"""Cameras as people look at them: what became of their frames, how fast, how they are doing."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import Engine
from sqlmodel import Session, col, select

from lfr_core.alerts.health import WINDOW_S, CameraState, HealthLimits, LastTimes, Recent, assess_health, sum_recent
from lfr_core.alerts.latency import percentile
from lfr_core.domain.frames import PictureState
from lfr_core.domain.outcomes import FrameCounts
from lfr_core.storage.engine import reading
from lfr_core.storage.tables.stream import CameraLatencyRow, CameraSecondRow, CameraSessionRow

__all__ = ["CameraHealth", "Latency", "cameras", "frame_counts", "latency"]

RECORDED = HealthLimits()


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
    """Captured, over the last `WINDOW_S` seconds."""
    looks_per_second: float
    """Recognised, likewise."""
    latency: Latency
    standing: CameraState
    """How it is doing, and since when."""
    recent: tuple[Recent, ...]
    """The last 60 whole seconds, the oldest first."""


def cameras(
    engine: Engine, deployment: str, *, now_ns: int, limits: HealthLimits = RECORDED
) -> tuple[CameraHealth, ...]:
    """Read the deployment's cameras by name, as of `now_ns` (wall clock, nanoseconds since the epoch).

    `limits` is what the policy asks of a live camera; the default is for recordings.
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
        _health(rows, seconds[camera], histograms[camera], now_ns, limits) for camera, rows in sessions.items()
    )


def latency(engine: Engine, deployment: str) -> Latency:
    """Read the latency over all cameras of the deployment."""
    with reading(engine) as session:
        return _latency(sum(_histograms(session, deployment).values(), Counter[int]()))


def frame_counts(rows: Iterable[CameraSessionRow]) -> FrameCounts:
    """Return the sum over camera sessions."""
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
    limits: HealthLimits,
) -> CameraHealth:
    now = now_ns // 10**9

    def second(number: int) -> Recent:
        return seconds.get(number, Recent())

    window = sum_recent(second, now)
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
        frames_per_second=window.captured / WINDOW_S,
        looks_per_second=window.recognised / WINDOW_S,
        latency=_latency(histogram),
        standing=assess_health(second, _last_times(rows), limits, now_ns=now_ns, ended=newest.ended),
        recent=tuple(map(second, range(now - 60, now))),
    )


def _recent(row: CameraSecondRow) -> Recent:
    return Recent(row.captured, row.recognised, row.stale, row.failed, row.faces, row.latency_total_ms)


def _last_times(rows: list[CameraSessionRow]) -> LastTimes:
    newest = max(rows, key=lambda row: row.last_seen_ns)
    return LastTimes(
        first_heard_ns=newest.first_seen_ns,
        heard_ns=newest.last_seen_ns,
        frame_ns=max(newest.first_seen_ns, *(row.last_frame_ns for row in rows)),
        look_ns=max(newest.first_seen_ns, *(row.last_look_ns for row in rows)),
        picture=PictureState(newest.picture),
        picture_ns=newest.picture_since_ns or newest.first_seen_ns,
    )
