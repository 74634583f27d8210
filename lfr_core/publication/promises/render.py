"""The ledger as the public sees it: pure, and without what is for staff only."""

from __future__ import annotations

from dataclasses import dataclass

from lfr_core.common.clock import utc_from_ns
from lfr_core.publication.promises.ledger import LedgerEntry, LedgerView
from lfr_core.publication.promises.port import Result

__all__ = ["STALE_AFTER_S", "LedgerLine", "render"]

STALE_AFTER_S = 86_400.0
"""A result older than a day says nothing of today, and isn't shown as if it did."""

_WORDS = {
    Result.HOLDS: "holds",
    Result.BROKEN: "broken",
    Result.UNCHECKED: "can't be checked now",
    Result.NOTHING: "nothing to check now",
}


@dataclass(frozen=True, slots=True)
class LedgerLine:
    """One promise for a page. Everything in it may be published."""

    promise: str
    """Its id."""
    sentence: str
    rule: str
    status: str
    """`holds`, `broken`, `can't be checked now`, `nothing to check now`, `not checked for over a day`,
    `not checked yet` or `no automatic check`."""
    message: str
    """What the check saw, or why there is none."""
    evidence: tuple[tuple[str, str], ...]
    """Names and values."""
    checked_at: str
    """ISO 8601, UTC, whole seconds; "" if never."""
    since: str
    """Since when every check has come to this status, likewise."""
    doing: str = ""
    """What the force says it does about a broken promise; "": it hasn't said."""
    doing_since: str = ""
    """When it said so, likewise."""


def render(ledger: LedgerView) -> tuple[LedgerLine, ...]:
    """Render every promise in order, without ids of deployments, alerts or keys or a service's own words (staff's)."""
    return tuple(_line(each, ledger.read_ns) for each in ledger.entries)


def _line(entry: LedgerEntry, read_ns: int) -> LedgerLine:
    promise, found = entry.promise, entry.finding
    if found is None or entry.at_ns is None or entry.since_ns is None:
        status = "not checked yet" if promise.check else "no automatic check"
        return LedgerLine(promise.id, promise.sentence, promise.rule, status, promise.why_no_check, (), "", "")
    stale = abs(read_ns - entry.at_ns) > STALE_AFTER_S * 1e9  # or in the future: the clock was wrong
    broken = found.result is Result.BROKEN  # stays so until a check says otherwise
    return LedgerLine(
        promise.id,
        promise.sentence,
        promise.rule,
        "not checked for over a day" if stale and not broken else _WORDS[found.result],
        found.message,
        tuple((name.replace("_", " "), str(value)) for name, value in found.evidence.items()),
        _moment(entry.at_ns),
        _moment(entry.since_ns),
        entry.doing,
        "" if entry.doing_ns is None else _moment(entry.doing_ns),
    )


def _moment(at_ns: int) -> str:
    return utc_from_ns(at_ns).isoformat(timespec="seconds")
