"""A threshold is planned from what was measured, and only from that."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lfr_core.common.errors import Fatal, Refused
from lfr_core.deployments.evaluations import Evaluation, load_evaluations
from lfr_core.deployments.false_alert_forecast import check_signed, forecast_false_alerts
from lfr_core.deployments.threshold_plan import plan_threshold, write_row
from lfr_core.domain.claims import faces_needed
from lfr_core.domain.identification import ThresholdGrid, shots_of_pass
from lfr_core.domain.policy import Policy, load_policy
from lfr_core.recognition.accuracy.cache import quality_gate_id
from lfr_core.recognition.accuracy.evaluation import (
    QUANTILES,
    AccuracyEvaluation,
    EvaluationBinding,
    Failures,
    ListSizeFigures,
    TailScores,
    read_evaluation,
)
from lfr_core.recognition.accuracy.measuring import rate_of

POLICY = load_policy()
GRID = ThresholdGrid()


def evaluation(*, people: int, searches: int, last_false: float = 0.5, unit: str = "photograph") -> AccuracyEvaluation:
    """So many searches of a list of that size, without a false match at `last_false` and above."""
    rates = np.where(GRID.thresholds < last_false - 1e-9, 10.0 ** (-8 * GRID.thresholds), 0.0)
    false = [int(np.ceil(rate * searches)) for rate in rates]
    figures = ListSizeFigures(
        people=people,
        searches=searches,
        fpir=[k / searches for k in false],
        false_matches=false,
        bootstrap={},
        scaled=rates.tolist(),
        tpir=None,
        tpir_bootstrap={},
        mated_searches=0,
    )
    none = Failures(rate=rate_of(0, searches), reasons={})
    tail = np.sort(0.3 + 0.05 * np.random.default_rng(1).exponential(size=1_001))
    return AccuracyEvaluation.model_validate(
        {
            "unit": unit,
            "made_at": datetime(2026, 11, 27, tzinfo=UTC),
            "bound_to": EvaluationBinding(
                contract_id="model",
                model_id="toy",
                quality_gate=quality_gate_id(POLICY.faces),
                agreeing_shots=POLICY.alerts.agreeing_shots,
                most_shots=shots_of_pass(POLICY.tracking.max_shots_per_track),
            ),
            "dataset": "d",
            "subjects": people + 1,
            "listed": people + 1,
            "photographs": searches,
            "rotations": 1,
            "enrolment": none,
            "acquisition": none,
            "not_listable": rate_of(0, people + 1),
            "threshold": 0.45,
            "thresholds": GRID.thresholds.tolist(),
            "lists": [figures],
            "at_rates": [],
            "impostor_histogram": [0] * (GRID.count + 1),
            "genuine_histogram": [0] * (GRID.count + 1),
            "tail": TailScores(scores=tail.tolist(), comparisons=200_000),
            "groups": [],
            "remarks": [],
        }
    )


class Asked:
    """What is applied for."""

    def __init__(self, threshold: float, list_cap: int) -> None:
        self.threshold, self.list_cap, self.expected_faces = threshold, list_cap, 10_000


def test_the_lowest_threshold_that_the_data_carry_is_planned_and_its_row_shows_the_claim() -> None:
    enough = faces_needed(120_000)  # 1 in 10,000 passes, of up to 24 shots of which two agree
    planned = plan_threshold(evaluation(people=10_000, searches=enough), list_size=10_000, fpir=1e-4, confidence=0.95)

    assert planned.threshold == 0.5
    assert not planned.extrapolated
    found = forecast_false_alerts(Asked(0.5, 10_000), [planned.row], POLICY)
    assert found.shown
    check_signed(found, signed=False)


def test_one_search_fewer_is_refused_and_how_many_comparisons_would_do_is_said() -> None:
    needed = faces_needed(120_000)

    with pytest.raises(Refused, match=f"{needed * 9_000:,} comparisons") as refused:
        plan_threshold(evaluation(people=10_000, searches=needed - 1), list_size=10_000, fpir=1e-4, confidence=0.95)
    assert refused.value.rule == "accuracy.not-carried"
    assert "By the fitted tail" in str(refused.value)


def test_a_shorter_list_than_nine_tenths_carries_nothing() -> None:
    with pytest.raises(Refused, match="at least 9,000"):
        plan_threshold(evaluation(people=8_999, searches=10**7), list_size=10_000, fpir=1e-4, confidence=0.95)


def test_passes_carry_a_claim_with_a_twelfth_of_the_photographs() -> None:
    passes = evaluation(people=10_000, searches=faces_needed(10_000), unit="pass")

    assert plan_threshold(passes, list_size=10_000, fpir=1e-4, confidence=0.95).row.per_pass == 1.0


def test_an_extrapolated_row_is_flagged_and_shows_no_claim() -> None:
    small = evaluation(people=100, searches=500)
    planned = plan_threshold(small, list_size=1_000, fpir=0.15, confidence=0.95, extrapolate=True)

    assert planned.extrapolated
    assert planned.row.indicative
    assert planned.fit is not None
    assert "Extrapolated" in planned.words
    found = forecast_false_alerts(Asked(planned.threshold, 1_000), [planned.row], POLICY)
    assert (found.shown, found.why_not_shown) == (False, "the evaluation is indicative only")
    with pytest.raises(Refused, match="isn't followed so far") as refused:
        plan_threshold(small, list_size=10_000, fpir=1e-6, confidence=0.95, extrapolate=True)
    assert refused.value.rule == "accuracy.beyond-tail"


@pytest.mark.parametrize(
    ("size", "fpir", "confidence"), [(0, 0.1, 0.95), (10, 0.0, 0.95), (10, 0.9, 0.95), (10, 0.1, 1)]
)
def test_a_plan_that_means_nothing_is_a_sentence(size: int, fpir: float, confidence: float) -> None:
    with pytest.raises(Refused, match="a plan needs"):
        plan_threshold(evaluation(people=100, searches=500), list_size=size, fpir=fpir, confidence=confidence)


def row() -> Evaluation:
    enough = evaluation(people=10_000, searches=faces_needed(120_000))
    return plan_threshold(enough, list_size=10_000, fpir=1e-4, confidence=0.95).row


def edited(content: dict[str, Any], *, searches: int | None = None, **changes: object) -> dict[str, Any]:
    if searches is not None:
        content["lists"][-1]["searches"] = searches
    return {**content, **changes}


def test_an_evaluation_is_read_as_it_was_written_and_refused_changed_by_hand(tmp_path: Path) -> None:
    file, found = tmp_path / "evaluation.json", evaluation(people=20, searches=200)
    file.write_bytes(found.as_file())
    assert read_evaluation(file).digest() == found.digest()

    claims = json.loads(found.as_file())
    claims["lists"][-1]["false_matches"] = [0] * GRID.count
    file.write_text(json.dumps(claims), encoding="utf-8")
    with pytest.raises(Refused, match="typed or changed by hand"):
        read_evaluation(file)
    file.write_text(found.model_dump_json(), encoding="utf-8")  # without its checksum
    with pytest.raises(Refused, match="typed or changed by hand"):
        read_evaluation(file)


@pytest.mark.parametrize(
    "change",
    [
        {"searches": 3_000_000},
        {"searches": 1},
        {"lists": []},
        {"thresholds": [0.1, 0.2]},
        {"thresholds": [2.0] * GRID.count},
        {"tail": {"scores": [float("nan")], "comparisons": 1}},
        {"impostor_histogram": []},
    ],
    ids=lambda change: str(change)[:24],
)
def test_figures_that_do_not_belong_together_are_no_evaluation(tmp_path: Path, change: dict[str, Any]) -> None:
    file = tmp_path / "evaluation.json"
    content = edited(json.loads(evaluation(people=20, searches=200).as_file()), **change)
    file.write_text(json.dumps(content), encoding="utf-8")

    with pytest.raises(Refused, match="is no evaluation"):
        read_evaluation(file)


@pytest.mark.parametrize("drawn", [{"0.5": [0.1] * GRID.count}, {name: [0.1] for name in QUANTILES}])
def test_bounds_of_a_bootstrap_that_lack_something_are_no_evaluation(
    tmp_path: Path, drawn: dict[str, list[float]]
) -> None:
    file = tmp_path / "evaluation.json"
    content = json.loads(evaluation(people=20, searches=200).as_file())
    content["lists"][-1]["bootstrap"] = drawn
    file.write_text(json.dumps(content), encoding="utf-8")

    with pytest.raises(Refused, match="is no evaluation"):
        read_evaluation(file)


def test_a_row_is_written_and_read_again_and_never_twice(tmp_path: Path) -> None:
    file = tmp_path / "evaluations.toml"
    write_row(row(), file)

    assert load_evaluations(file) == (row(),)
    with pytest.raises(Refused, match="take it out") as refused:
        write_row(row(), file)
    assert refused.value.rule == "accuracy.known"


@pytest.mark.parametrize("change", [("probes = 3", "probes = 9"), ("threshold = 0.5", "threshold = 0.4")])
def test_a_row_that_carries_a_claim_is_refused_changed_by_hand(tmp_path: Path, change: tuple[str, str]) -> None:
    file = tmp_path / "evaluations.toml"
    write_row(row(), file)
    text = file.read_text(encoding="utf-8")
    assert change[0] in text
    file.write_text(text.replace(*change), encoding="utf-8")

    with pytest.raises(Fatal, match="typed or changed by hand"):
        load_evaluations(file)


CHANGES = [
    ("alerts", "agreeing_shots", 3),
    ("faces", "min_sharpness", 0.1),
    ("tracking", "max_shots_per_track", 9),
]


@pytest.mark.parametrize(("section", "name", "value"), CHANGES, ids=[name for _, name, _ in CHANGES])
def test_a_changed_rule_or_gate_has_no_evaluation_any_more(section: str, name: str, value: float) -> None:
    part = getattr(POLICY, section).model_copy(update={name: value})
    changed: Policy = POLICY.model_copy(update={section: part})

    assert row().holds_for(POLICY)
    assert not row().holds_for(changed)


def test_another_threshold_or_model_needs_the_signature_again() -> None:
    for found in (
        forecast_false_alerts(Asked(0.45, 10_000), [row()], POLICY),
        forecast_false_alerts(Asked(0.5, 10_000), [row()], POLICY, contract="another model"),
        forecast_false_alerts(Asked(0.5, 1_000), [row()], POLICY),  # the claim for a short list is ten times stricter
    ):
        with pytest.raises(Refused, match="sign that you know it"):
            check_signed(found, signed=False)
