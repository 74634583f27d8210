import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from lfr_core.common.biometric import Biometric
from lfr_core.recognition.agreement import Agreement, Shot, Vote


def vote(track: int, sequence: int) -> Vote:
    shot = Shot(
        sequence=sequence,
        captured_ns=sequence * 40_000_000,
        face=0,
        track=track,
        aligned=Biometric(np.zeros((112, 112, 3), np.uint8)),
        probe=Biometric(np.zeros((8, 8, 3), np.uint8)),
        box=np.zeros(4, np.float32),
        eye_distance_px=30.0,
    )
    return Vote(shot, 0.7)


def test_one_shot_alone_never_leaves_when_two_must_agree() -> None:
    agreement = Agreement()

    assert agreement.add("entry", vote(1, 10), agreeing_shots=2) == []


def test_the_shots_that_agree_leave_together_and_later_ones_each_by_itself() -> None:
    agreement = Agreement()
    agreement.add("entry", vote(1, 10), agreeing_shots=2)

    first = agreement.add("entry", vote(1, 14), agreeing_shots=2)
    later = agreement.add("entry", vote(1, 18), agreeing_shots=2)

    assert ([v.shot.sequence for v in first], [v.shot.sequence for v in later]) == ([10, 14], [18])


def test_shots_of_two_tracks_never_agree_with_each_other() -> None:
    agreement = Agreement()
    agreement.add("entry", vote(1, 10), agreeing_shots=2)

    assert agreement.add("entry", vote(2, 11), agreeing_shots=2) == []


def test_shots_for_two_entries_never_agree_with_each_other() -> None:
    agreement = Agreement()
    agreement.add("one", vote(1, 10), agreeing_shots=2)

    assert agreement.add("another", vote(1, 14), agreeing_shots=2) == []


def test_the_votes_of_a_track_that_ended_are_gone() -> None:
    agreement = Agreement()
    agreement.add("entry", vote(1, 10), agreeing_shots=2)
    agreement.forget(1)

    assert agreement.add("entry", vote(1, 14), agreeing_shots=2) == []


@given(cast=st.lists(st.tuples(st.integers(0, 3), st.sampled_from("ab")), max_size=60), needed=st.integers(1, 4))
def test_every_vote_leaves_once_or_never_and_only_in_company(cast: list[tuple[int, str]], needed: int) -> None:
    agreement = Agreement()
    left: list[tuple[int, str, int]] = []
    for sequence, (track, entry) in enumerate(cast):
        out = agreement.add(entry, vote(track, sequence), agreeing_shots=needed)
        left += [(track, entry, v.shot.sequence) for v in out]
    expected = []
    for track in range(4):
        for entry in "ab":
            votes = [(t, e, s) for s, (t, e) in enumerate(cast) if (t, e) == (track, entry)]
            expected += votes if len(votes) >= needed else []

    assert sorted(left) == sorted(expected)
