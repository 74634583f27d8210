"""Whatever bytes a parser of what comes from outside is given, it answers or says no; `make fuzz` gives a million."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fuzz.parsers import CORPUS, PARSERS, seeds_of

EDITS = st.lists(
    st.tuples(st.floats(0, 1), st.integers(0, 8), st.binary(max_size=8), st.integers(1, 60)), min_size=1, max_size=6
)


def edited(seed: bytes, edits: list[tuple[float, int, bytes, int]]) -> bytes:
    for where, removed, added, times in edits:
        at = int(where * len(seed))
        seed = seed[:at] + added * times + seed[at + removed :]
    return seed


@pytest.mark.parametrize("name", PARSERS)
@settings(max_examples=60)
@given(data=st.data())
def test_a_parser_answers_or_says_no_whatever_it_is_given(name: str, data: st.DataObject) -> None:
    seed = data.draw(st.sampled_from(seeds_of(name)))

    PARSERS[name].run(edited(seed, data.draw(EDITS)))


@pytest.mark.parametrize("name", PARSERS)
def test_a_parser_reads_what_once_broke_it(name: str) -> None:
    for seed in seeds_of(name):
        PARSERS[name].run(seed)


def test_a_parser_s_good_inputs_are_read_one_that_refuses_all_isnt_taken_for_a_good_one() -> None:
    for parser in PARSERS.values():
        for seed in parser.seeds():
            parser.read(seed)


def test_the_corpus_names_parsers_that_there_are() -> None:
    assert {each.name for each in CORPUS.iterdir() if each.is_dir()} <= set(PARSERS)
