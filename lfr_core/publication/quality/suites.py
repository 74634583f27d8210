"""The Great Expectations suites `record` and `series`, run on a table's frames."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime

from lfr_core.common.quality.suites import RuleResult, SuiteRunner
from lfr_core.publication.quality.frames import Frames
from lfr_core.publication.quality.rules import RULES, Rule, SuiteName

__all__ = ["run_suites"]

_FIRST_DEPLOYMENT = datetime(2016, 1, 1)  # noqa: DTZ001  a day, compared with days; Notting Hill, August 2016


def run_suites(
    frames: Frames, *, today: date, runner: SuiteRunner, without: frozenset[str] = frozenset()
) -> list[RuleResult[Rule]]:
    """Run both suites.

    today: later dates are implausible. runner: fresh. without: names of rules to leave out.

    Raises:
        Fatal: an expectation couldn't be evaluated: what can't be checked isn't called right.
    """
    results: list[RuleResult[Rule]] = []
    for suite_name in SuiteName:
        for part, frame in (("rows", frames.rows), ("whole", frames.series)):
            rules = [
                _dated(rule, today)
                for rule in RULES
                if rule.suite is suite_name
                and rule.about_series == (part == "whole")
                and rule.name not in without
                and all(column in frame for column in rule.columns)
            ]
            if rules:
                name = suite_name.value if part == "rows" else f"{suite_name}-whole"
                results += runner.run(name, rules, frame)
    return results


def _dated(rule: Rule, today: date) -> Rule:
    if rule.name != "date-plausible":
        return rule
    return replace(rule, low=_FIRST_DEPLOYMENT, high=datetime.combine(today, datetime.min.time()))
