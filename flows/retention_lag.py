"""Describes for a reader how late each class of data is: counts, times and rules; no ids of people."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from lfr_core.common.clock import utc_from_ns
from lfr_core.domain.policy import RetentionPolicy
from lfr_core.retention.last_purge import EndedPurge, Purger, read_ended, read_refused
from lfr_core.retention.port import CLASSES
from lfr_core.retention.status import ClassStatus
from lfr_core.retention.unknown_files import PLACES

__all__ = ["expected_since_ns", "lag_table", "lag_words", "last_purge_words", "purge_trouble"]

_SILENT_S = 240
"""Without an ended purge: the flow's is every minute, and the supervisor's begins after two."""
_MINUTE_S, _HOUR_S, _DAY_S = 60, 3_600, 86_400


def lag_table(classes: Sequence[ClassStatus]) -> str:
    """Return a Markdown table, one row a class of data: its state, its lag, what is left, what was destroyed."""
    rows = ["| data | rule | stands | lag | due | destroyed so far | |", "| --- | --- | --- | --- | --- | --- | --- |"]
    for each in classes:
        words = "; ".join(filter(None, (each.why, each.note))).replace("|", "/").replace("\n", " ")
        stands = f"**{each.standing.value}**" if each.is_alarm else each.standing.value
        rows.append(
            f"| {each.data.title} | `{each.data.rule}` | {stands} | {lag_words(each.lag_s)} "
            f"| {each.due} | {each.destroyed_ever} | {words} |"
        )
    return "\n".join(rows) + "\n"


def lag_words(seconds: float) -> str:
    """Return a lag as people read it: 0, 42 s, 7 min, 3 h, 2 d."""
    if seconds < 1:
        return "0"
    for size, unit in ((_DAY_S, "d"), (_HOUR_S, "h"), (_MINUTE_S, "min")):
        if seconds >= 2 * size:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds:.0f} s"


def last_purge_words(last: EndedPurge | None) -> str:
    """Return when the last purge of this installation ended, and who ran it."""
    if last is None:
        return "no purge has ended here yet"
    return f"the last purge ended at {_time(last.ended_ns)}; {last.by.value} ran it"


def purge_trouble(home: Path, *, expected_since_ns: int | None = None) -> str:
    """Return why no purge was begun, that the flow doesn't run, what the last purge couldn't reach and since when.

    And which files no record knows; "" if all is well.

    It is read from files, so that it is told also while the records are away. `expected_since_ns`: wall
    time since which one should have ended (`expected_since_ns`); None where nothing runs.
    """
    last, refused = read_ended(home), read_refused(home)
    words: list[str] = []
    if refused is not None:
        words.append(f"no purge was begun at {_time(refused.at_ns)} ({refused.by.value} tried): {refused.why}")
    if last is not None and expected_since_ns is not None and last.ended_ns < expected_since_ns:
        words.append(f"no purge has ended since {_time(last.ended_ns)}, so that what is due may still be there")
    if last is not None and last.by is Purger.SUPERVISOR:
        words.append("the retention flow doesn't run, so the supervisor purges: see workflows.log and flows.log")
    if last is not None and last.not_reached:
        titles = {each.name: each.title for each in CLASSES}
        failed = (
            f"{titles.get(step, step)}: {why} (since {_time(last.since_ns.get(step, last.ended_ns))})"
            for step, why in last.not_reached.items()
        )
        words.append(f"the last purge couldn't reach all: {'; '.join(failed)}")
    if last is not None and last.unknown:
        words.append(f"files that no record knows, so that nothing is said of them: {_unknown_words(last)}")
    return ". ".join(words)


def expected_since_ns(policy: RetentionPolicy, *, now_ns: int, started_ns: int) -> int | None:
    """Return since when a purge should have ended on a platform that runs since `started_ns`; None: it is too early."""
    since_ns = now_ns - max(_SILENT_S, 4 * policy.sweep_s) * 10**9
    return since_ns if started_ns < since_ns else None


def _unknown_words(last: EndedPurge) -> str:
    return "; ".join(
        f"{last.unknown_count.get(place, len(names))} among {PLACES.get(place, place)}: {', '.join(names)}"
        for place, names in last.unknown.items()
    )


def _time(at_ns: int) -> str:
    return f"{utc_from_ns(at_ns):%Y-%m-%d %H:%M:%S} UTC"
