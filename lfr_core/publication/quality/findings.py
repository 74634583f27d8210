"""From the suites' results to findings that a person can act on: row, rule, printed, expected."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

from lfr_core.common.quality.findings import Finding, Unchecked
from lfr_core.common.quality.rules import Kind, Rule
from lfr_core.common.quality.suites import RuleResult, SuiteRunner
from lfr_core.publication.quality.columns import Column
from lfr_core.publication.quality.dataframes import Frames, frames_of
from lfr_core.publication.quality.rules import RULES, SUITES, SuiteName
from lfr_core.publication.quality.suites import run_suites
from lfr_core.publication.quality.table import PublishedTable

__all__ = ["QualityReport", "validate_table"]

_WHOLESALE_SHARE = 0.5
_WHOLESALE_ROWS = 5
"""A rule that more than half of the rows break, and at least five, is one defect of the series."""


@dataclass(frozen=True, slots=True)
class QualityReport:
    """What a table's checks found. findings: the series' first, then by row."""

    table: PublishedTable
    findings: tuple[Finding, ...]
    checked: tuple[str, ...]
    unchecked: tuple[Unchecked, ...]

    @property
    def passes(self) -> bool:
        """Whether nothing was found."""
        return not self.findings


def validate_table(table: PublishedTable, *, today: date, runner: SuiteRunner | None = None) -> QualityReport:
    """Check `table` with the suites `record` and `series`.

    today: the date of the check. runner: a fresh one; by default one that writes nothing.

    Raises:
        Fatal: a rule couldn't be evaluated.
    """
    frames = frames_of(table)
    without = frozenset({"outcomes-reconcile"}) if frames.outcomes_are_copies else frozenset[str]()
    results = run_suites(frames, today=today, without=without, runner=runner or SuiteRunner())
    found: list[Finding] = [*_gathered(table.faults, len(table.rows))]
    for name in dict.fromkeys(result.rule.name for result in results):
        same = [result for result in results if result.rule.name == name]
        found += _findings(table, frames, same)
    found.sort(key=lambda each: (each.line or 0, each.rule))
    looked_at: Counter[str] = Counter()
    for result in results:
        looked_at[result.rule.name] += result.looked_at
    names = tuple(dict.fromkeys(rule.name for rule in RULES))
    return QualityReport(
        table=table,
        findings=tuple(found),
        checked=tuple(name for name in names if looked_at[name]),
        unchecked=tuple(
            Unchecked(name, _why(table, name, copied=name in without)) for name in names if not looked_at[name]
        ),
    )


def _findings(table: PublishedTable, frames: Frames, results: Sequence[RuleResult]) -> list[Finding]:
    """Return the findings of one rule, from its results (one for each column it is about)."""
    found: list[Finding] = []
    for result in results:
        if result.rule in SUITES[SuiteName.WHOLE]:
            found += [_of_series(table, frames, result, each) for each in result.failing]
        else:
            found += _gathered([_of_row(table, result.rule, each) for each in result.failing], result.looked_at)
    return found


def _of_row(table: PublishedTable, rule: Rule, values: Mapping[str, object]) -> Finding:
    number = int(str(values["row"]))
    row = next(each for each in table.rows if each.number == number)
    printed = row.printed.get(Column(rule.shows), "") if rule.shows else _text(values[rule.columns[0]])
    if rule.kind is Kind.EQUAL:
        expected = _text(values[rule.columns[1]])
    elif rule.kind is Kind.AT_LEAST:
        expected = f"at least {_text(values[rule.columns[1]])}"
    else:
        expected = rule.expected
    return Finding(rule.name, number, "", "", printed, rule.message, expected=expected)


def _of_series(table: PublishedTable, frames: Frames, result: RuleResult, values: Mapping[str, object]) -> Finding:
    rule = result.rule
    series = frames.series.iloc[0]
    printed, message, rows = _text(values[rule.columns[0]]), rule.message, list[int]()
    if rule.name == "duration-format":
        printed = str(series["duration_formats"])
    if rule.name == "session-missing":
        keys = [(row.location.casefold(), row.date.value if row.date else None) for row in table.rows]
        times = Counter(key for key in keys if key[1])
        rows = [row.number for row, key in zip(table.rows, keys, strict=True) if times[key] > 1]
        printed = f"{printed} pairs of location and date stand in {len(rows)} rows"
    if rule.name == "faces-counted":
        share = float(series["faces_multiples_of_five"])
        header = table.headers.get(Column.FACES_SEEN, "")
        printed = f'header "{header}"; {share:.0%} are multiples of 5 (20% by chance)'
    if rule.name == "column-copied" and frames.outcomes_are_copies:
        accounted = frames.rows[["outcomes_accounted", "true_confirmed"]].dropna()
        differ = int((accounted["outcomes_accounted"] != accounted["true_confirmed"]).sum())
        message += (
            f"; so outcomes can't be reconciled: arrest + other + no action differ from the confirmed true "
            f"alerts in {differ} of {len(accounted)} rows"
        )
    return Finding(rule.name, None, "", "", printed, message, expected=rule.expected, lines=tuple(rows))


def _gathered(found: Sequence[Finding], looked_at: int) -> Sequence[Finding]:
    """Merge row findings of one rule and column into one finding of the series where most rows share them."""
    gathered: list[Finding] = []
    for key in dict.fromkeys((each.line is None, each.rule, each.message) for each in found):
        same = [each for each in found if (each.line is None, each.rule, each.message) == key]
        lines = tuple(each.line for each in same if each.line is not None)
        if lines and len(same) >= _WHOLESALE_ROWS and len(same) > _WHOLESALE_SHARE * looked_at:
            first = same[0]
            message = f"{first.message}: in {len(same)} of {looked_at} rows (shown: row {first.line})"
            gathered.append(replace(first, line=None, message=message, lines=lines))
        else:
            gathered += same
    return gathered


def _why(table: PublishedTable, name: str, *, copied: bool) -> str:
    if copied:
        return "an outcome column is a copy of another (see column-copied)"
    shown = {Column(rule.shows) for rule in RULES if rule.name == name and rule.shows}
    missing = sorted(column.value for column in shown if not table.has(column))
    if missing and name not in {"cell-empty", "count-negative"}:
        return f"the table has no column {', '.join(missing)}"
    return "no row has all the values it needs"


def _text(value: object) -> str:
    if isinstance(value, float) or hasattr(value, "is_integer"):
        number = float(str(value))
        return str(int(number)) if math.isfinite(number) and number == int(number) else f"{number:g}"
    return str(value)
