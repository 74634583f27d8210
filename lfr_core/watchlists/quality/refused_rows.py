"""What is refused of a list's rows, whole: enrolment ends a row at its first fault, and the suite names the others."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Final

from lfr_core.common.quality.findings import Finding
from lfr_core.domain.watchlists import Refusal, RefusalReason

__all__ = ["refused_rows"]

_REASONS: Final[Mapping[str, RefusalReason]] = {
    "category-permitted": RefusalReason.BAD_CATEGORY,
    "expiry-readable": RefusalReason.BAD_DATE,
    "expiry-after-deployment": RefusalReason.EXPIRED,
    "photograph-there": RefusalReason.FILE_MISSING,
    "photograph-one-subject": RefusalReason.SHARED_PHOTOGRAPH,
    "image-date-readable": RefusalReason.BAD_DATE,
    "image-date-past": RefusalReason.BAD_DATE,
    "age-readable": RefusalReason.BAD_AGE,
    "minor-rationale": RefusalReason.MINOR_UNJUSTIFIED,
    "minor-second-approver": RefusalReason.MINOR_UNJUSTIFIED,
    "checked-on-readable": RefusalReason.BAD_DATE,
    "checked-on-past": RefusalReason.BAD_DATE,
    "subject-consistent": RefusalReason.CONFLICTING_ENTRY,
}
"""By the rule of a row; of an empty cell a value is missing. What photographs are refused for stands there already."""


def refused_rows(refusals: Sequence[Refusal], findings: Sequence[Finding]) -> tuple[Refusal, ...]:
    """Return the refusals with one for each fault of a refused row that none of them names, by line."""
    named: dict[int, set[RefusalReason]] = defaultdict(set)
    for refusal in refusals:
        named[refusal.line].add(refusal.reason)
    faults: dict[tuple[int, RefusalReason], list[Finding]] = defaultdict(list)
    for each in findings:
        if each.refuses and each.rule in _REASONS and each.line in named:
            reason = _REASONS[each.rule] if each.value else RefusalReason.MISSING_VALUE
            faults[each.line, reason].append(each)
    further = [
        Refusal(line, each.subject, each.photograph, reason, each.message)
        for (line, reason), found in faults.items()
        # of several days that are wrong a refusal names the first
        if reason not in named[line] or (reason is RefusalReason.BAD_DATE and len(found) > 1)
        for each in found
    ]
    return tuple(sorted((*refusals, *further), key=lambda each: each.line))
