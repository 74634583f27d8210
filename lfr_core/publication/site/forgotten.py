"""When faces were forgotten, by quarter of an hour: what keys' destruction means for somebody who passed."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby

from lfr_core.common.clock import utc_from_ns
from lfr_core.retention.erasure.destruction_log import PublicEpoch

__all__ = ["Quarter", "keys_csv", "quarters"]

_QUARTER = timedelta(minutes=15)


@dataclass(frozen=True, slots=True)
class Quarter:
    """Those who passed within a quarter of an hour. Moments are aware."""

    start: datetime
    end: datetime
    gone: datetime | None
    """When the last key under which they can have been sealed was destroyed; None: not all are."""


def quarters(epochs: Sequence[PublicEpoch]) -> tuple[Quarter, ...]:
    """Return each quarter of an hour in which a key began or ended, in order; a key counts for each that it lies in."""
    found: list[tuple[datetime, PublicEpoch]] = []
    for each in epochs:
        quarter, last = _quarter(each.started_ns), _quarter(max(each.started_ns, each.ended_ns - 1))
        while quarter <= last:
            found.append((quarter, each))
            quarter += _QUARTER
    found.sort(key=lambda one: one[0])
    return tuple(
        _all_gone(start, [each.destroyed_ns for _, each in those])
        for start, those in groupby(found, lambda one: one[0])
    )


def _all_gone(start: datetime, destroyed: Sequence[int | None]) -> Quarter:
    known = [at for at in destroyed if at is not None]
    gone = utc_from_ns(max(known)) if len(known) == len(destroyed) else None
    return Quarter(start, start + _QUARTER, gone)


def keys_csv(epochs: Sequence[PublicEpoch]) -> str:
    """Write every key with its fingerprint as CSV, for whoever checks. Times are ISO 8601, UTC."""
    out = io.StringIO()
    write = csv.writer(out, lineterminator="\n").writerow
    write(("from", "to", "destroyed", "fingerprint"))
    for each in epochs:
        destroyed = "" if each.destroyed_ns is None else _iso(each.destroyed_ns)
        write((_iso(each.started_ns), _iso(each.ended_ns), destroyed, each.fingerprint))
    return out.getvalue()


def _quarter(time_ns: int) -> datetime:
    at = utc_from_ns(time_ns)
    return at.replace(minute=at.minute // 15 * 15, second=0, microsecond=0)


def _iso(time_ns: int) -> str:
    return utc_from_ns(time_ns).isoformat(timespec="milliseconds")
