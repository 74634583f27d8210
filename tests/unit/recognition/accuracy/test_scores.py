"""Comparing everybody with everybody, against a plain reference implementation."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from lfr_core.common.errors import Refused
from lfr_core.domain.extreme_values import fit_tail
from lfr_core.recognition.accuracy.evaluation import AccuracyEvaluation, EvaluationBinding
from lfr_core.recognition.accuracy.measuring import check_subjects, measure
from lfr_core.recognition.accuracy.report import first_page, write_report
from lfr_core.recognition.accuracy.scores import Scores, compare_all
from lfr_core.recognition.accuracy.template_extraction import Templates

BOUND = EvaluationBinding(contract_id="c" * 64, model_id="toy", quality_gate="g" * 64, agreeing_shots=2, most_shots=8)


def templates(people: int, photographs: int, *, noise: float = 0.6, seed: int = 1, dimension: int = 32) -> Templates:
    """Random people: each a direction, their photographs around it."""
    rng = np.random.default_rng(seed)
    middle = np.repeat(rng.normal(size=(people, dimension)), photographs, axis=0)
    vectors = middle + noise * rng.normal(size=middle.shape)
    count = len(vectors)
    return Templates(
        tuple(f"p{at:03}" for at in range(people)),
        (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32),
        np.repeat(np.arange(people), photographs).astype(np.int64),
        np.ones(count, np.bool_),
        np.ones(count, np.bool_),
        tuple(f"{at:064x}" for at in range(count)),
        enrolments=count,
        acquisitions=count,
    )


def measured(of: Templates, scores: Scores, *, threshold: float = 0.5, **groups: dict[str, str]) -> AccuracyEvaluation:
    return measure(
        of,
        scores,
        bound_to=BOUND,
        threshold=threshold,
        groups=groups,
        made_at=datetime(2026, 11, 27, tzinfo=UTC),
        rng=np.random.default_rng(5),
    )


def test_rates_are_those_of_every_search_done_one_by_one() -> None:
    of, threshold = templates(12, 4), 0.4
    scores = compare_all(of, [1], alike_from=0.99)
    at = scores.grid.at_most(threshold)
    found = hits = non_mated = mated = 0
    for rotation in range(4):
        references = [person * 4 + rotation for person in range(12)]
        for probe in range(48):
            others = [r for r in references if r // 4 != probe // 4]
            best = max(float(of.vectors[probe] @ of.vectors[r]) for r in others)
            own = references[probe // 4]
            non_mated += 1
            found += best >= threshold
            if own != probe:
                mated += 1
                genuine = float(of.vectors[probe] @ of.vectors[own])
                hits += genuine >= threshold and genuine >= best

    assert scores.events[-1][:, at].sum() == found
    assert (scores.searches.sum(), scores.mated.sum()) == (non_mated, mated)
    assert scores.hits[-1][:, at].sum() == pytest.approx(hits)


def test_a_list_of_one_gives_the_rate_of_single_comparisons_and_each_two_photographs_count_once() -> None:
    of = templates(10, 3)
    scores = compare_all(of, [1], alike_from=0.99)
    similarity = of.vectors @ of.vectors.T
    pairs = np.triu_indices(30, k=1)
    different = of.subject[pairs[0]] != of.subject[pairs[1]]
    by_hand = similarity[pairs][different]

    assert scores.comparisons == len(by_hand)
    assert scores.impostors.sum() == len(by_hand)
    found = measured(of, scores)
    at = scores.grid.at_most(0.3)
    assert found.lists[0].people == 1
    assert found.lists[0].scaled[at] == pytest.approx((by_hand >= 0.3).mean(), abs=1e-6)
    assert found.lists[0].fpir[at] == pytest.approx((by_hand >= 0.3).mean(), abs=1e-6)


def test_blocks_give_the_same_as_all_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    of = templates(9, 3)
    whole = compare_all(of, [1, 4], alike_from=0.9)
    monkeypatch.setattr("lfr_core.recognition.accuracy.scores._BLOCK", 4)
    parts = compare_all(of, [1, 4], alike_from=0.9)

    assert np.allclose(whole.events, parts.events, atol=1e-4)
    assert np.allclose(whole.tail, parts.tail, atol=1e-6)
    assert whole.alike == parts.alike


def test_one_photograph_a_person_measures_false_matches_and_says_that_misses_are_not_known() -> None:
    of = templates(8, 1)
    found = measured(of, compare_all(of, [], alike_from=0.99))

    assert found.lists[-1].tpir is None
    assert found.lists[-1].searches == 8
    assert "misses can't be measured" in found.remarks[0]


def test_nobody_who_can_be_enrolled_is_refused_with_the_reason() -> None:
    of = templates(3, 2)
    of.reference[:] = False
    of.not_enrolled.update({"too_small": 6})

    with pytest.raises(Refused, match="too small") as refused:
        measured(of, compare_all(of, [], alike_from=0.99))
    assert refused.value.rule == "accuracy.nobody-listed"


def test_a_person_under_two_names_is_found_and_named() -> None:
    of = templates(8, 6, noise=0.4)
    of.subject[of.subject == 7] = 6  # the seventh has twelve photographs now ...
    of.subject[-6:] = 7
    of.vectors[-6:] = of.vectors[36:42][::-1] + 0.01  # ... and the eighth shows the seventh
    of.vectors[:] /= np.linalg.norm(of.vectors, axis=1, keepdims=True)
    scores = compare_all(of, [], alike_from=0.5)

    with pytest.raises(Refused, match="p006 and p007") as refused:
        check_subjects(of, scores, same_picture=2.0, keep_lookalikes=False)
    assert refused.value.rule == "accuracy.one-person-two-names"
    check_subjects(of, scores, same_picture=2.0, keep_lookalikes=True)


def test_one_person_under_two_names_is_found_with_one_photograph_each_too() -> None:
    of = templates(30, 1)
    of.vectors[7] = of.vectors[6] + 0.5 * of.vectors[7]
    of.vectors[7] /= np.linalg.norm(of.vectors[7])
    scores = compare_all(of, [], alike_from=0.45)

    with pytest.raises(Refused, match="p006 and p007") as refused:
        check_subjects(of, scores, same_picture=0.98, keep_lookalikes=False)
    assert refused.value.rule == "accuracy.one-person-two-names"


def test_different_people_are_not_taken_for_one_because_a_photograph_is_alike() -> None:
    of = templates(30, 5, noise=0.9)
    scores = compare_all(of, [], alike_from=0.35)

    assert scores.alike
    check_subjects(of, scores, same_picture=0.98, keep_lookalikes=False)


def test_a_group_of_one_is_named_and_not_computed_and_the_others_are_compared() -> None:
    of = templates(9, 4, noise=0.8)
    placed = {name: "a" if at < 4 else "b" for at, name in enumerate(of.subjects[:8])} | {of.subjects[8]: "c"}
    found = measured(of, compare_all(of, [], alike_from=0.99), sex=placed)
    by_name = {one.group: one for one in found.groups[0].groups}

    assert by_name["c"].misses is None
    assert any("c of sex has one person" in remark for remark in found.remarks)
    assert by_name["b"].miss_p is not None
    assert by_name["a"].misses is not None
    assert by_name["a"].misses.n == 16


def test_a_threshold_above_all_scores_is_said() -> None:
    of = templates(6, 2)
    found = measured(of, compare_all(of, [], alike_from=0.99), threshold=0.995)

    assert any("above every score" in remark for remark in found.remarks)


def test_the_same_photographs_give_the_same_evaluation_and_it_names_nobody() -> None:
    of = templates(6, 3)
    first, second = (measured(of, compare_all(of, [], alike_from=0.99)) for _ in range(2))

    assert first.digest() == second.digest()
    assert not any(name in first.model_dump_json() for name in of.subjects)


@pytest.mark.slow
def test_the_report_asks_nobody_for_anything(tmp_path: Path) -> None:
    of = templates(12, 4, noise=0.8)
    found = measured(of, compare_all(of, [], alike_from=0.99), age=dict.fromkeys(of.subjects, "x"))
    page = write_report(found, tmp_path).read_text(encoding="utf-8")

    assert page.count("<svg ") >= 3
    assert "<script" not in page
    assert "@import" not in page
    assert not [word for word in page.replace("http://www.w3.org/", "").split('"') if word.startswith("http")]
    assert "none seen" in page  # where nobody was taken for somebody, it isn't said that nobody is
    assert "<td>0 %</td>" not in page.split("<h2>By size of list</h2>")[1].split("</table>")[0]
    assert fit_tail(np.array(found.tail.scores), found.tail.comparisons).exceedances > 50


@pytest.mark.parametrize(
    ("bound", "words"), [(0.0235, "1 in 42"), (0.015, "1 in 66"), (0.5, "1 in 2"), (1.0, "1 in 1")]
)
def test_an_upper_bound_is_rounded_to_the_side_on_which_it_holds(bound: float, words: str) -> None:
    of = templates(6, 3)
    found = measured(of, compare_all(of, [], alike_from=0.99))
    everybody = found.lists[-1]
    drawn = {name: [bound] * len(found.thresholds) for name in everybody.bootstrap}
    wide = everybody.model_copy(update={"bootstrap": drawn, "searches": 10_000})

    said = first_page(found.model_copy(update={"lists": [wide]}))
    assert f"at most {words}." in said[1]
