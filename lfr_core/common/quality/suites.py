"""Running suites of Great Expectations on frames.

Great Expectations is imported inside: it takes seconds (docs/facts.md#great-expectations). It sends nothing:
analytics are off.
"""

from __future__ import annotations

import sys
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from lfr_core.common.errors import Fatal
from lfr_core.common.quality.rules import Kind, Rule
from lfr_core.common.starting import collect_seldom, load_when_used

if TYPE_CHECKING:
    import pandas as pd
    from great_expectations.core import ValidationDefinition
    from great_expectations.data_context.data_context.abstract_data_context import AbstractDataContext
    from great_expectations.expectations.expectation import Expectation

__all__ = ["RuleResult", "SuiteRunner"]


@dataclass(frozen=True, slots=True)
class RuleResult:
    """How one expectation ended. failing: a line's values by column, `row` among them; looked_at: lines with values."""

    rule: Rule
    success: bool
    looked_at: int
    failing: tuple[Mapping[str, object], ...]


class SuiteRunner:
    """Runs suites one after another in one Great Expectations context.

    project: an existing folder where a project with Data Docs is built; without it nothing is written.
    results: of each suite that was run, by its name.
    """

    def __init__(self, project: Path | None = None) -> None:
        self._project = project
        self._context: AbstractDataContext | None = None
        self.results: dict[str, list[RuleResult]] = {}

    def run(self, name: str, rules: Sequence[Rule], frame: pd.DataFrame) -> list[RuleResult]:
        """Check `frame`, which has a column `row`, by `rules`; no two have the same name and columns.

        name: of the suite; used once in a runner. The results are in the rules' order.

        Raises:
            Fatal: an expectation couldn't be evaluated: what can't be checked isn't called right.
        """
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # its own dependencies' deprecations; a result says whether it worked
            context = self._opened()
            import great_expectations as gx

            suite = gx.ExpectationSuite(name=name)
            for rule in rules:
                suite.add_expectation(_expectation(rule))
            suite = context.suites.add(suite)
            asset = context.data_sources.add_pandas(name).add_dataframe_asset(name)
            batch = asset.add_batch_definition_whole_dataframe("all")
            validation = context.validation_definitions.add(gx.ValidationDefinition(name=name, data=batch, suite=suite))
            self.results[name] = _validated(validation, rules, frame)
            return self.results[name]

    def build_docs(self) -> Path:
        """Build the Data Docs of what was run; the folder whose `validations/SUITE` holds a suite's page.

        Raises:
            Fatal: the runner was given no project.
        """
        if self._project is None:
            raise Fatal("Data Docs need a project's folder")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # as above
            self._opened().build_data_docs()
        return self._project / "gx" / "uncommitted" / "data_docs" / "local_site"

    def _opened(self) -> AbstractDataContext:
        if self._context is None:
            _load_library()
            import great_expectations as gx
            from great_expectations.data_context.types.base import ProgressBarsConfig

            if self._project is None:
                context: AbstractDataContext = gx.get_context(mode="ephemeral")
            else:
                context = gx.get_context(mode="file", project_root_dir=str(self._project))
            context.variables.progress_bars = ProgressBarsConfig(globally=False)
            self._context = context
        return self._context


def _load_library() -> None:
    """Bring Great Expectations in without scipy's statistics, which three expectations of it use and none of ours.

    So it takes 1.3 s of processor time instead of 2.3, and 49 MB less.
    """
    if "great_expectations" not in sys.modules:
        with load_when_used("scipy", "stats"), collect_seldom():
            import great_expectations  # noqa: F401


def _validated(validation: ValidationDefinition, rules: Sequence[Rule], frame: pd.DataFrame) -> list[RuleResult]:
    outcome = validation.run(
        batch_parameters={"dataframe": frame},
        result_format={"result_format": "COMPLETE", "unexpected_index_column_names": ["row"]},
    )
    by_id = {(rule.name, rule.columns): rule for rule in rules}
    results = []
    for each in outcome.results:
        meta = (each.expectation_config.meta if each.expectation_config else None) or {}
        rule = by_id[meta["rule"], tuple(meta["columns"])]
        if each.exception_info.get("raised_exception") or "raised_exception" not in each.exception_info:
            raise Fatal(f"the rule {rule.name} couldn't be evaluated: {each.exception_info}")
        failing = each.result.get("unexpected_index_list") or []
        if not each.success and not failing:
            raise Fatal(f"the rule {rule.name} failed and doesn't say where: {each.result}")
        results.append(RuleResult(rule, bool(each.success), _looked_at(rule, frame), tuple(failing)))
    if len(results) != len(rules):
        raise Fatal(f"{len(rules)} rules were to be checked and {len(results)} were: nothing can be called right")
    order = {(rule.name, rule.columns): at for at, rule in enumerate(rules)}
    return sorted(results, key=lambda result: order[result.rule.name, result.rule.columns])


def _looked_at(rule: Rule, frame: pd.DataFrame) -> int:
    if rule.where:
        frame = frame.query(rule.where)
    if rule.kind is Kind.NOT_EMPTY:
        return len(frame)
    return int(frame[list(rule.columns)].notna().all(axis=1).sum())


def _expectation(rule: Rule) -> Expectation:
    from great_expectations.expectations.registry import get_expectation_impl

    meta = {"rule": rule.name, "columns": list(rule.columns), "notes": {"format": "string", "content": rule.message}}
    make: Callable[..., Expectation] = get_expectation_impl(rule.kind.value)
    return make(meta=meta, **_arguments(rule))


def _arguments(rule: Rule) -> dict[str, object]:
    """Return the arguments of the expectation, in Great Expectations' names."""
    first = rule.columns[0]
    where: dict[str, object] = {"row_condition": rule.where, "condition_parser": "pandas"} if rule.where else {}
    match rule.kind:
        case Kind.EQUAL | Kind.AT_LEAST:
            pair: dict[str, object] = {
                "column_A": first,
                "column_B": rule.columns[1],
                "ignore_row_if": "either_value_is_missing",
            }
            return where | pair | ({"or_equal": True} if rule.kind is Kind.AT_LEAST else {})
        case Kind.BETWEEN:
            bounds = {"min_value": rule.low, "max_value": rule.high}
            return where | {"column": first, "strict_min": rule.strict, "strict_max": rule.strict} | bounds
        case Kind.NOT_EMPTY:
            return where | {"column": first}
        case Kind.IN_SET:
            return where | {"column": first, "value_set": list(rule.allowed)}
        case Kind.UNIQUE_TOGETHER:
            return where | {"column_list": list(rule.columns), "ignore_row_if": "any_value_is_missing"}
