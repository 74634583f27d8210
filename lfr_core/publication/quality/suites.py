"""The Great Expectations suites `record`, `series` and `series-whole`, run on a table's frames."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime

from lfr_core.common.quality.rules import Rule
from lfr_core.common.quality.suites import RuleResult, SuiteRunner
from lfr_core.publication.quality.dataframes import Frames
from lfr_core.publication.quality.rules import SUITES, SuiteName

__all__ = ["run_suites"]

_FIRST_DEPLOYMENT = datetime(2016, 1, 1)  # noqa: DTZ001  a day, compared with days; Notting Hill, August 2016


def run_suites(
    frames: Frames, *, today: date, runner: SuiteRunner, without: frozenset[str] = frozenset()
) -> list[RuleResult]:
    """Run the suites.

    today: later dates are implausible. runner: fresh. without: names of rules to leave out.

    Raises:
        Fatal: an expectation couldn't be evaluated: what can't be checked isn't called right.
    """
    results: list[RuleResult] = []
    for suite, suite_rules in SUITES.items():
        frame = frames.series if suite is SuiteName.WHOLE else frames.rows
        rules = [
            _dated(rule, today)
            for rule in suite_rules
            if rule.name not in without and all(column in frame for column in rule.columns)
        ]
        if rules:
            results += runner.run(suite.value, rules, frame)
    return results


def _dated(rule: Rule, today: date) -> Rule:
    if rule.name != "date-plausible":
        return rule
    return replace(rule, low=_FIRST_DEPLOYMENT, high=datetime.combine(today, datetime.min.time()))
