import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from lfr_core.recognition.gallery.port import Candidate
from lfr_core.recognition.gallery.ranking import TIE, Hit, rank

hits_of = st.lists(
    st.tuples(st.integers(0, 8), st.integers(-10, 10)).map(lambda t: (f"e{t[0]}", t[1] / 10)), max_size=30
).map(lambda pairs: [Hit(f"r{i:02}", entry, score) for i, (entry, score) in enumerate(pairs)])


def test_an_entry_is_a_candidate_once_with_its_best_reference() -> None:
    hits = [Hit("a1", "a", 0.5), Hit("a2", "a", 0.9), Hit("b1", "b", 0.7)]

    assert rank(hits, 5).candidates == [Candidate("a", "a2", 0.9), Candidate("b", "b1", 0.7)]


def test_a_tie_is_ordered_by_entry_whatever_the_last_bit_says() -> None:
    high = float(np.nextafter(np.float32(0.5), np.float32(1)))

    one = rank([Hit("r1", "a", 0.5), Hit("r2", "b", high)], 2)
    other = rank([Hit("r1", "a", high), Hit("r2", "b", 0.5)], 2)

    assert one.candidates == other.candidates == [Candidate("a", "r1", high), Candidate("b", "r2", high)]


def test_similarities_further_apart_than_a_tie_keep_their_order() -> None:
    hits = [Hit("r1", "a", 0.5), Hit("r2", "b", 0.5 + 3 * TIE)]

    assert [c.entry for c in rank(hits, 2).candidates] == ["b", "a"]


@given(hits_of, st.integers(1, 10))
def test_ranking_agrees_with_the_plain_definition(hits: list[Hit], limit: int) -> None:
    best: list[tuple[float, str, str]] = []
    for entry in {h.entry for h in hits}:
        score = max(h.similarity for h in hits if h.entry == entry)
        best.append((-score, entry, min(h.reference for h in hits if h.entry == entry and h.similarity == score)))
    expected = [Candidate(entry, reference, -negative) for negative, entry, reference in sorted(best)[:limit]]

    assert rank(hits, limit).candidates == expected


@given(hits_of, st.integers(1, 5), st.integers(0, 30))
def test_a_settled_ranking_of_the_best_hits_is_the_ranking_of_all(hits: list[Hit], limit: int, kept: int) -> None:
    best_first = sorted(hits, key=lambda h: -h.similarity)

    part = rank(best_first[:kept], limit)

    if part.settled:
        assert part.candidates == rank(hits, limit).candidates


def test_a_tie_that_may_go_on_outside_the_hits_is_not_settled() -> None:
    assert not rank([Hit("r1", "a", 0.9), Hit("r2", "b", 0.5)], 2).settled
    assert rank([Hit("r1", "a", 0.9), Hit("r2", "b", 0.5)], 1).settled
    assert not rank([], 1).settled
