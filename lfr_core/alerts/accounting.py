"""The arithmetic of frames: from the outcomes that arrive to counts that always balance. Pure.

A session's tally has a high-water, `next_sequence`: every frame below it is accounted for, so that

    captured = next_sequence = not_sampled + dropped_at_camera + recognised + dropped_stale
               + dropped_closed + unopenable + dead_lettered + lost

holds after every step. What arrives again lies below the high-water and changes nothing. A gap above it
is explained by the camera's running counts as far as they go; the rest of the gap is lost.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from lfr_core.alerts.latency import bucket_of, milliseconds
from lfr_core.domain.messages import FrameResult, OutcomeBatch
from lfr_core.domain.outcomes import FrameCounts, FrameOutcome

__all__ = ["CountedFrames", "SessionTally", "record_batch"]


@dataclass(frozen=True, slots=True)
class SessionTally:
    """What is known of one camera session."""

    next_sequence: int = 0
    running_not_sampled: int = 0
    """The camera's running count as last heard, below `next_sequence`."""
    running_dropped: int = 0
    counts: FrameCounts = field(default_factory=FrameCounts)
    faces: int = 0
    tracks_started: int = 0
    tracks_compared: int = 0
    ended: bool = False


@dataclass(frozen=True, slots=True)
class CountedFrames:
    """A tally after a batch, and what the batch added."""

    tally: SessionTally
    added: FrameCounts
    """Frames newly accounted for."""
    faces: int
    latency: Mapping[int, int]
    """Newly recognised frames by latency bucket."""
    latency_total_ms: float
    """The sum of their latencies."""

    @property
    def changed(self) -> bool:
        """Whether any frame was new."""
        return self.added.captured > 0


def record_batch(tally: SessionTally, batch: OutcomeBatch) -> CountedFrames:
    """Account for a batch. Results may come again, in any split, and with gaps."""
    before = tally
    latency: Counter[int] = Counter()
    latency_total_ms = 0.0
    for result in sorted(batch.results, key=lambda r: r.sequence):
        if result.sequence < tally.next_sequence:
            continue  # it came before
        tally = _gap(tally, result.sequence, result.not_sampled, result.dropped)
        tally = _outcome(tally, result)
        if result.outcome is FrameOutcome.RECOGNISED:
            bucket = bucket_of(result.latency_ms)
            latency[bucket] += 1
            latency_total_ms += min(max(0.0, result.latency_ms), milliseconds(bucket + 1))  # whatever the clocks said
    if batch.captured is not None and batch.captured > tally.next_sequence:
        tally = _gap(
            tally,
            batch.captured,
            tally.running_not_sampled if batch.not_sampled is None else batch.not_sampled,
            tally.running_dropped if batch.dropped is None else batch.dropped,
        )
    if batch.ended:
        tally = replace(tally, ended=True)
    return CountedFrames(
        tally=tally,
        added=_difference(tally.counts, before.counts),
        faces=tally.faces - before.faces,
        latency=latency,
        latency_total_ms=latency_total_ms,
    )


def _difference(after: FrameCounts, before: FrameCounts) -> FrameCounts:
    return FrameCounts(*(a - b for a, b in zip(after.as_tuple(), before.as_tuple(), strict=True)))


def _gap(tally: SessionTally, sequence: int, not_sampled: int, dropped: int) -> SessionTally:
    """Record the frames from the high-water up to `sequence`, which isn't one of them.

    The running counts are the camera's word; a camera that contradicts its own sequence numbers is believed
    only as far as the gap goes, so that the identity holds whatever it says.
    """
    missing = sequence - tally.next_sequence
    skipped = min(missing, max(0, not_sampled - tally.running_not_sampled))
    pushed_out = min(missing - skipped, max(0, dropped - tally.running_dropped))
    added = FrameCounts(
        captured=missing,
        not_sampled=skipped,
        dropped_at_camera=pushed_out,
        lost=missing - skipped - pushed_out,
    )
    return replace(
        tally,
        next_sequence=sequence,
        running_not_sampled=max(tally.running_not_sampled, not_sampled),
        running_dropped=max(tally.running_dropped, dropped),
        counts=tally.counts + added,
    )


def _outcome(tally: SessionTally, result: FrameResult) -> SessionTally:
    one = {"captured": 1, result.outcome.value: 1}
    return replace(
        tally,
        next_sequence=result.sequence + 1,
        counts=tally.counts + FrameCounts(**one),
        faces=tally.faces + result.faces,
        tracks_started=tally.tracks_started + result.tracks_started,
        tracks_compared=tally.tracks_compared + result.tracks_compared,
    )
