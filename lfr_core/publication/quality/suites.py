"""The Great Expectations suites `record` and `series`, run on a table's frames.

Great Expectations is imported inside: it takes seconds (FACTS.md). It sends nothing: analytics are off.
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from lfr_core.errors import Fatal
from lfr_core.publication.quality.rules import RULES, Kind, Rule, SuiteName

if TYPE_CHECKING:
    import pandas as pd
    from great_expectations.core import ValidationDefinition
    from great_expectations.data_context.data_context.abstract_data_context import AbstractDataContext
    from great_expectations.expectations.expectation import Expectation

    from lfr_core.publication.quality.frames import Frames

__all__ = ["RuleResult", "run_suites"]

_FIRST_DEPLOYMENT = datetime(2016, 1, 1)  # noqa: DTZ001  a day, compared with days; Notting Hill, August 2016


@dataclass(frozen=True, slots=True)
class RuleResult:
    """How one expectation ended. failing: a line's values by column, `row` among them; looked_at: lines with values."""

    rule: Rule
    success: bool
    looked_at: int
    failing: tuple[Mapping[str, object], ...]


def run_suites(
    frames: Frames, *, today: date, without: frozenset[str] = frozenset(), project: Path | None = None
) -> list[RuleResult]:
    """Run both suites.

    today: later dates are implausible. without: names of rules to leave out. project: a folder for a Great
    Expectations project with Data Docs, built there; without it nothing is written.

    Raises:
        Fatal: an expectation couldn't be evaluated: what can't be checked isn't called right.
    """
    os.environ.setdefault("GX_ANALYTICS_ENABLED", "false")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # its own dependencies' deprecations; a result says whether it worked
        return _run(frames, today, without, project)


def _run(frames: Frames, today: date, without: frozenset[str], project: Path | None) -> list[RuleResult]:
    import great_expectations as gx
    from great_expectations.data_context.types.base import ProgressBarsConfig

    if project is None:
        context: AbstractDataContext = gx.get_context(mode="ephemeral")
    else:
        context = gx.get_context(mode="file", project_root_dir=str(project))
    context.variables.progress_bars = ProgressBarsConfig(globally=False)
    source = context.data_sources.add_pandas("published_table")
    results: list[RuleResult] = []
    for suite_name in SuiteName:
        for part, frame in (("rows", frames.rows), ("whole", frames.series)):
            rules = [
                rule
                for rule in RULES
                if rule.suite is suite_name
                and rule.about_series == (part == "whole")
                and rule.name not in without
                and all(column in frame for column in rule.columns)
            ]
            if not rules:
                continue
            name = suite_name.value if part == "rows" else f"{suite_name}-whole"
            suite = gx.ExpectationSuite(name=name)
            for rule in rules:
                suite.add_expectation(_expectation(rule, today))
            suite = context.suites.add(suite)
            asset = source.add_dataframe_asset(name)
            batch = asset.add_batch_definition_whole_dataframe("all")
            validation = context.validation_definitions.add(gx.ValidationDefinition(name=name, data=batch, suite=suite))
            results += _validated(context, validation, rules, frame)
    if project is not None:
        context.build_data_docs()
    return results


def _validated(
    context: AbstractDataContext, validation: ValidationDefinition, rules: Sequence[Rule], frame: pd.DataFrame
) -> list[RuleResult]:
    import great_expectations as gx
    from great_expectations.checkpoint.actions import UpdateDataDocsAction

    checkpoint = context.checkpoints.add(
        gx.Checkpoint(
            name=validation.name,
            validation_definitions=[validation],
            actions=[UpdateDataDocsAction(name="docs")] if context.variables.data_docs_sites else [],
            result_format={"result_format": "COMPLETE", "unexpected_index_column_names": ["row"]},
        )
    )
    ran = checkpoint.run(batch_parameters={"dataframe": frame})
    (outcome,) = ran.run_results.values()
    by_id = {(rule.name, rule.columns): rule for rule in rules}
    results = []
    for each in outcome.results:
        meta = (each.expectation_config.meta if each.expectation_config else None) or {}
        rule = by_id[meta["rule"], tuple(meta["columns"])]
        if each.exception_info.get("raised_exception") or "raised_exception" not in each.exception_info:
            raise Fatal(f"the rule {rule.name} couldn't be evaluated: {each.exception_info}")
        values = frame[list(rule.columns)].notna().all(axis=1)
        looked_at = len(frame) if rule.kind is Kind.NOT_EMPTY else int(values.sum())
        failing = each.result.get("unexpected_index_list") or []
        if not each.success and not failing:
            raise Fatal(f"the rule {rule.name} failed and doesn't say where: {each.result}")
        results.append(RuleResult(rule, bool(each.success), looked_at, tuple(failing)))
    if len(results) != len(rules):
        raise Fatal(f"{len(rules)} rules were to be checked and {len(results)} were: nothing can be called right")
    return results


def _expectation(rule: Rule, today: date) -> Expectation:
    from great_expectations.expectations.registry import get_expectation_impl

    meta = {"rule": rule.name, "columns": list(rule.columns), "notes": {"format": "string", "content": rule.message}}
    make: Callable[..., Expectation] = get_expectation_impl(rule.kind.value)
    return make(meta=meta, **_arguments(rule, today))


def _arguments(rule: Rule, today: date) -> dict[str, object]:
    """The arguments of the expectation, in Great Expectations' names."""
    first = rule.columns[0]
    match rule.kind:
        case Kind.EQUAL | Kind.AT_LEAST:
            pair: dict[str, object] = {
                "column_A": first,
                "column_B": rule.columns[1],
                "ignore_row_if": "either_value_is_missing",
            }
            return pair | {"or_equal": True} if rule.kind is Kind.AT_LEAST else pair
        case Kind.BETWEEN if first == "date":  # bounds must be datetimes: strings are broken (FACTS.md)
            end = datetime(today.year, today.month, today.day) + timedelta(days=1)  # noqa: DTZ001  as above
            return {"column": first, "min_value": _FIRST_DEPLOYMENT, "max_value": end, "strict_max": True}
        case Kind.BETWEEN:
            bounds = {"min_value": rule.low, "max_value": rule.high}
            return {"column": first, "strict_min": rule.strict, "strict_max": rule.strict} | bounds
        case Kind.NOT_EMPTY:
            return {"column": first}
        case Kind.IN_SET:
            return {"column": first, "value_set": list(rule.allowed)}
        case Kind.UNIQUE_TOGETHER:
            return {"column_list": list(rule.columns), "ignore_row_if": "any_value_is_missing"}
