"""References can be read out, and can't be tried one after the other."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lfr_core.common.errors import Refused
from lfr_core.domain.watchlists import Category
from lfr_core.publication.rights.types import ReferenceKind, new_reference, reference_of
from lfr_core.publication.rights.wording import LISTED, NEITHER, NOT_LISTED, REASONS


@given(st.randoms(use_true_random=False), st.sampled_from(ReferenceKind))
def test_a_reference_read_out_and_typed_again_is_the_same(chance: random.Random, kind: ReferenceKind) -> None:
    reference = new_reference(kind, 2026, chance.randrange)

    for typed in (reference, reference.lower(), reference.replace("-", " "), f"  {reference}\n"):
        assert reference_of(typed, kind) == reference
    misheard = reference[:7] + reference[7:].replace("0", "O").replace("1", "l")
    assert reference_of(misheard, kind) == reference


def test_references_are_drawn_by_chance_of_sixty_bits() -> None:
    asked: list[int] = []

    def below(limit: int) -> int:
        asked.append(limit)
        return 0

    assert new_reference(ReferenceKind.REQUEST, 2026, below) == "R-2026-0000-0000-0000"
    assert asked == [32] * 12
    assert len({new_reference(ReferenceKind.REQUEST, 2026) for _ in range(1_000)}) == 1_000


@pytest.mark.parametrize(
    "typed", ["", "R-2026", "R-2026-000123", "S-2026-0000-0000-0000", "R-2026-0000-0000-000U", "R"]
)
def test_what_is_no_reference_is_refused(typed: str) -> None:
    with pytest.raises(Refused, match="a reference is written as"):
        reference_of(typed, ReferenceKind.REQUEST)


def test_every_class_has_its_words_and_the_three_answers_differ() -> None:
    assert set(REASONS) == set(Category)
    assert len({NEITHER, LISTED, NOT_LISTED}) == 3
