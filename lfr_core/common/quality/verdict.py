"""Says in words what a suite came to: when it was checked, whether all its rules are kept, and which aren't. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from lfr_core.common.counts import agree, counted
from lfr_core.common.quality.suites import RuleResult

__all__ = ["verdict_words"]


def verdict_words(results: Sequence[RuleResult], on: date) -> str:
    """Return it as sentences: "Checked on 1 January 2026: 22 of 23 rules are kept. Not kept: totals add up."."""
    broken = [each.rule.name.replace("-", " ") for each in results if not each.success]
    said = f"Checked on {on.day} {on:%B %Y}: "
    rules, kept = counted(len(results), "rule"), len(results) - len(broken)
    if not broken:
        return f"{said}{f'all {rules} are' if len(results) > 1 else f'{rules} is'} kept."
    return f"{said}{kept} of {rules} {agree(kept, 'is')} kept. Not kept: {', '.join(dict.fromkeys(broken))}."
