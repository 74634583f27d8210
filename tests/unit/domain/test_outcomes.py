"""The frame identity (docs/architecture.md#the-identity)."""

from __future__ import annotations

from dataclasses import fields, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lfr_core.domain.outcomes import FrameCounts, FrameOutcome

FATES = (
    "not_sampled",
    "dropped_at_camera",
    "recognised",
    "dropped_stale",
    "dropped_closed",
    "unopenable",
    "dead_lettered",
    "lost",
)
tallies = st.builds(FrameCounts, **{name: st.integers(0, 10**9) for name in ("captured", *FATES)})


def test_the_terms_are_those_of_the_identity_in_its_order() -> None:
    assert tuple(FrameCounts().as_dict()) == ("captured", *FATES)


@pytest.mark.parametrize("fate", FATES)
def test_each_fate_balances_one_captured_frame(fate: str) -> None:
    one = replace(FrameCounts(), **{fate: 1})

    assert not one.balanced
    assert replace(one, captured=1).balanced


@given(tallies)
def test_the_identity_holds_exactly_when_captured_is_the_sum_of_the_fates(counts: FrameCounts) -> None:
    total = sum(counts.as_dict()[fate] for fate in FATES)

    assert counts.accounted == total
    assert counts.balanced == (counts.captured == total)
    assert replace(counts, captured=total).balanced


@given(tallies, tallies)
def test_tallies_add_term_by_term(one: FrameCounts, other: FrameCounts) -> None:
    expected = {name: value + other.as_dict()[name] for name, value in one.as_dict().items()}

    assert (one + other).as_dict() == expected


def test_every_outcome_a_worker_gives_has_a_term_of_its_own() -> None:
    assert {outcome.value for outcome in FrameOutcome} <= {field.name for field in fields(FrameCounts)}
