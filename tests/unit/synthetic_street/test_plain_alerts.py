"""The plain loop's alert rule: two faces within a second, merged as the policy merges."""

from __future__ import annotations

from bench.plain_loop import PlainAlert, PlainFace, plain_alerts
from lfr_core.domain.policy import load_policy

POLICY = load_policy().alerts


def face(frame: int, similarity: float = 0.6, entry: str = "obama") -> PlainFace:
    return PlainFace(frame, entry, similarity, 40.0, 0.0, 0.0)


def alerts(*faces: PlainFace) -> list[PlainAlert]:
    return plain_alerts(faces, POLICY, 25.0)


def test_two_frames_within_a_second_make_an_alert() -> None:
    assert alerts(face(10, 0.5), face(35, 0.7)) == [PlainAlert("obama", 10, 35, 0.7)]


def test_one_frame_or_two_faces_of_one_frame_or_two_frames_further_apart_make_none() -> None:
    assert alerts(face(10)) == []
    assert alerts(face(10), face(10)) == []
    assert alerts(face(10), face(36)) == []


def test_faces_below_the_threshold_and_of_other_entries_do_not_agree() -> None:
    assert alerts(face(10), face(11, 0.44), face(12, entry="biden")) == []


def test_alerts_within_the_merge_time_are_one_and_beyond_it_two() -> None:
    assert len(alerts(face(0), face(1), face(251), face(252))) == 1
    assert len(alerts(face(0), face(1), face(252), face(253))) == 2
