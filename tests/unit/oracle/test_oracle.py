"""The oracle is worth something only if it fails when it should."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.support import oracle
from tests.support.oracle import FATES, ExpectedPass, SentByCamera, check_frames, check_stream

SENT = [SentByCamera("north", 100, 70, 5), SentByCamera("south", 40, 20, 0)]
PASSES = [ExpectedPass("obama", "north", 10, 40), ExpectedPass("obama", "north", 400, 430)]


def counts() -> dict[str, dict[str, int]]:
    north = dict.fromkeys(FATES, 0) | {
        "captured": 100, "not_sampled": 70, "dropped_at_camera": 5, "recognised": 20, "dropped_stale": 1,
        "dropped_closed": 1, "unopenable": 1, "dead_lettered": 1, "lost": 1,
    }  # fmt: skip
    return {
        "north": north,
        "south": dict.fromkeys(FATES, 0) | {"captured": 40, "not_sampled": 20, "recognised": 20},
    }


def alert(number: str, first: int, last: int, subject: str = "obama", camera: str = "north") -> dict[str, Any]:
    return {"id": number, "subject": subject, "camera": camera, "first_sequence": first, "last_sequence": last}


def alerts() -> list[dict[str, Any]]:
    return [alert("a", 12, 38), alert("b", 405, 420)]


def test_a_true_record_passes() -> None:
    check_stream(sent=SENT, counts=counts(), passes=PASSES, alerts=alerts(), merge_frames=250)


@pytest.mark.parametrize("fate", [f for f in FATES if counts()["north"][f]])
def test_an_injected_lost_frame_is_found_wherever_it_was_taken_from(fate: str) -> None:
    injected = counts()
    injected["north"][fate] -= 1

    with pytest.raises(AssertionError, match="camera north: 100 captured, 99 accounted for: 1 vanished"):
        check_stream(sent=SENT, counts=injected, passes=PASSES, alerts=alerts())


@pytest.mark.parametrize("fate", FATES)
def test_a_frame_counted_twice_is_found(fate: str) -> None:
    injected = counts()
    injected["south"][fate] += 1

    with pytest.raises(AssertionError, match="camera south: 40 captured, 41 accounted for: 1 counted twice"):
        check_frames(SENT, injected)


def test_a_frame_missing_from_both_sides_is_found_against_the_ground_truth() -> None:
    injected = counts()
    injected["south"] |= {"captured": 39, "recognised": 19}

    with pytest.raises(AssertionError, match="captured is 39, 1 too few"):
        check_frames(SENT, injected)


def test_a_sampled_frame_recorded_as_dropped_is_found_though_the_sum_is_right() -> None:
    injected = counts()
    injected["north"] |= {"not_sampled": 69, "dropped_at_camera": 6}

    with pytest.raises(AssertionError, match="not_sampled is 69, 1 too few"):
        check_frames(SENT, injected)


def test_a_negative_count_is_found_though_the_sum_is_right() -> None:
    injected = counts()
    injected["south"] |= {"lost": -1, "recognised": 21}

    with pytest.raises(AssertionError, match="camera south: lost is -1"):
        check_frames(SENT, injected)


def test_a_camera_that_never_sent_and_one_that_was_forgotten_are_found() -> None:
    injected = counts()
    injected["west"] = injected.pop("south")

    with pytest.raises(AssertionError) as caught:
        check_frames(SENT, injected)
    assert "camera west: recorded, but nothing was sent" in str(caught.value)
    assert "camera south: 40 frames captured, nothing recorded" in str(caught.value)


def test_a_missing_count_is_found() -> None:
    injected = counts()
    del injected["north"]["lost"]

    with pytest.raises(AssertionError, match="camera north: no count of lost"):
        check_frames(SENT, injected)


def test_an_injected_doubled_alert_is_found() -> None:
    with pytest.raises(AssertionError, match="obama in frames 10-40 gave 2 alerts"):
        check_stream(sent=SENT, counts=counts(), passes=PASSES, alerts=[*alerts(), alert("c", 20, 25)])


def test_the_same_alert_recorded_twice_is_found() -> None:
    with pytest.raises(AssertionError, match="alert a: recorded 2 times"):
        check_stream(sent=SENT, counts=counts(), passes=PASSES, alerts=[*alerts(), alerts()[0]])


def test_a_missing_alert_is_found() -> None:
    with pytest.raises(AssertionError, match="obama in frames 400-430 gave no alert"):
        check_stream(sent=SENT, counts=counts(), passes=PASSES, alerts=alerts()[:1])


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        (alert("x", 12, 20, subject="biden"), "that person wasn't there"),
        (alert("x", 100, 120), "that person wasn't there"),
        (alert("x", 12, 20, camera="south"), "that person wasn't there"),
        (alert("x", 12, 20, camera="west"), "nothing was sent from that camera"),
        (alert("x", 20, 12), "ends before it begins"),
    ],
)
def test_an_alert_for_nobody_is_found(wrong: dict[str, Any], why: str) -> None:
    with pytest.raises(AssertionError, match=why):
        check_stream(sent=SENT, counts=counts(), passes=PASSES, alerts=[*alerts(), wrong])


def test_passes_close_in_time_share_one_alert_and_distant_ones_do_not() -> None:
    spanning = [alert("a", 12, 420)]
    check_stream(sent=SENT, counts=counts(), passes=PASSES, alerts=spanning, merge_frames=500)

    with pytest.raises(AssertionError, match="1 alerts on obama, 2 expected"):
        check_stream(sent=SENT, counts=counts(), passes=PASSES, alerts=spanning, merge_frames=250)


def test_two_alerts_where_one_was_to_be_merged_are_found() -> None:
    with pytest.raises(AssertionError, match="2 alerts on obama, 1 expected"):
        check_stream(sent=SENT, counts=counts(), passes=PASSES, alerts=alerts(), merge_frames=500)


def test_the_oracle_imports_nothing_of_the_system_it_judges() -> None:
    source = Path(oracle.__file__).read_text(encoding="utf-8")
    imports = [line for line in source.splitlines() if line.startswith(("import ", "from "))]

    assert not [line for line in imports if line.split()[1].split(".")[0] in {"lfr_core", "streams", "flows", "apps"}]
