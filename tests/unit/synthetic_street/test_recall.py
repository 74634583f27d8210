"""bench.recall: why a pass was missed, and what may be changed on the command line."""

from __future__ import annotations

import pytest

from apps.synthetic_street.truth import FaceTruth, PassTruth, make_pass_truth
from bench.passes import Compared, Missed, PassSeen
from bench.processes import kind_of
from bench.recall import changed
from bench.table import idle_rows, recall_rows, stream_rows
from lfr_core.domain.policy import load_policy

POLICY = load_policy()


def walk() -> PassTruth:
    faces = [FaceTruth(frame=i, eye_px=30.0, box=(i, 0, i + 84, 90), visible=1.0) for i in range(40)]
    made = make_pass_truth(
        number=3, camera="c", person="p", subject="p", photograph="1", kind="cross", frontal=True, faces=faces,
        fair_frames_needed=25,
    )  # fmt: skip
    assert made is not None
    return made


def shot(similarity: float, *, track: int = 1, entry: str = "p") -> Compared:
    return Compared(10, track, entry, similarity, 3)


@pytest.mark.parametrize(
    ("seen", "why"),
    [
        (PassSeen(walk()), Missed.NEVER_DETECTED),
        (PassSeen(walk(), detected=5), Missed.NEVER_USABLE),
        (PassSeen(walk(), 5, 4, 0.6, [shot(0.9)]), Missed.FEW_SHOTS),
        (PassSeen(walk(), 5, 4, 0.6, [shot(0.9), shot(0.3), shot(0.4)]), Missed.SCORE_BELOW),
        (PassSeen(walk(), 5, 4, 0.6, [shot(0.9), shot(0.9, track=2)]), Missed.BROKEN),
        (PassSeen(walk(), 5, 4, 0.6, [shot(0.9), shot(0.2)], swapped=True), Missed.SWAPPED),
    ],
    ids=lambda value: value.value if isinstance(value, Missed) else "",
)
def test_a_missed_pass_says_where_it_was_lost(seen: PassSeen, why: Missed) -> None:
    assert seen.missed_because(POLICY) is why


def test_a_value_of_the_policy_is_changed_for_a_run_and_an_unknown_one_is_refused() -> None:
    other = changed(POLICY, ["tracking.shot_spacing_looks=5", "alerts.threshold=0.5"])

    assert (other.tracking.shot_spacing_looks, other.alerts.threshold) == (5, 0.5)
    with pytest.raises(ValueError, match=r"the policy has no tracking\.shots"):
        changed(POLICY, ["tracking.shots=5"])


def test_processor_time_is_told_by_what_a_process_is_for() -> None:
    commands = [
        "python -m streams.worker recognise --index 0",
        "java -cp libs kafka.Kafka server.properties",
        "sleep 1",
    ]

    assert [kind_of(one) for one in commands] == ["recognition", "broker", "other"]


def test_the_table_says_which_goals_are_reached_and_why_others_are_not() -> None:
    good = {"faces": 5, "passes": 100, "recognised": 97, "false_alerts": 0, "missed": {"track broken": 3}}
    false = good | {"recognised": 100, "false_alerts": 1}
    measured = {"ratios": [8.0], "processor_ratios": [9.0], "processor_ms_a_look": {"recognition": 60.0, "broker": 9.0},
                "stages_ms": {"embed": 9.1}, "engine_ms_a_look": 62.0}  # fmt: skip

    assert [row.reached for row in recall_rows([good])] == [True]
    assert [row.reached for row in recall_rows([false])] == [False]
    assert [row.reached for row in stream_rows(measured, 15)] == [True, True]
    (ratio, over) = stream_rows(measured | {"engine_ms_a_look": 50.0}, 5)
    assert (ratio.reached, over.result) == (False, "38%")
    assert "recognition 60" in ratio.reason


def test_what_an_idle_system_costs_is_held_against_its_goals_and_names_the_dearest() -> None:
    idle = {"start_s": 16.0, "first_word_s": 1.0, "core": 0.08, "memory_mb": 1300.0, "start_by_kind": {},
            "core_by_kind": {"broker": 0.03}, "memory_by_kind": {"pages": 300.0}}  # fmt: skip

    rows = list(idle_rows(idle))

    assert [(row.result, row.reached) for row in rows] == [("16 s", False), ("8.0%", True), ("1.30 GB", False)]
    assert [row.reason for row in rows][1:] == ["broker 3.0%", "MB: pages 300"]
