"""Latency as a histogram: 16 log-spaced buckets to each doubling, from 1 ms up.

A bucket is 4.4 % wide, and a percentile is read as its bucket's middle, so that it is within 2.2 % of the
true one, however many frames there were. Pure functions.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

__all__ = ["bucket_of", "milliseconds", "percentile"]

_PER_DOUBLING = 16
_LAST = _PER_DOUBLING * 24  # 2**24 ms, 4.7 hours: anything longer is a broken clock


def bucket_of(latency_ms: float) -> int:
    """Return the bucket of a latency; below 1 ms (or a clock that ran back, or NaN) is bucket 0."""
    if not latency_ms > 1.0:
        return 0
    return _LAST if math.isinf(latency_ms) else min(_LAST, math.floor(math.log2(latency_ms) * _PER_DOUBLING))


def milliseconds(bucket: int) -> float:
    """Return the middle of a bucket, on the log scale."""
    return math.exp2((bucket + 0.5) / _PER_DOUBLING)


def percentile(buckets: Mapping[int, int], share: float) -> float | None:
    """Return the latency, ms, that `share` (0 to 1) of the frames in `buckets` stay at or under; None for no frames."""
    total = sum(buckets.values())
    if total == 0:
        return None
    seen = 0
    for bucket in sorted(buckets):
        seen += buckets[bucket]
        if seen >= share * total:
            return milliseconds(bucket)
    return milliseconds(max(buckets))
