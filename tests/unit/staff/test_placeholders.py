"""Whoever announces, or answers for it, is told while the policy names no force: by whom, and where that is set."""

from __future__ import annotations

from apps.placeholders import placeholder_words
from lfr_core.domain.policy import load_policy

FORCE = load_policy().force


def test_what_the_policy_doesnt_name_yet_is_said_with_who_sets_it_and_where() -> None:
    words = placeholder_words(FORCE)

    for part in (
        "the draft says in each place",
        "the force's name, where to ask, where to complain",
        "the data protection officer yet",
    ):
        assert part in words
    assert "Whoever runs the system fills that in" in words
    assert "section “force” of the force's policy file" in words


def test_one_that_is_wanting_is_named_alone_and_a_policy_that_is_filled_in_warns_of_nothing() -> None:
    filled = dict.fromkeys(type(FORCE).model_fields, "Norfolk")
    one = FORCE.model_copy(update=filled | {"appeals": FORCE.appeals})

    assert "doesn't say who reviews a complaint yet" in placeholder_words(one)
    assert placeholder_words(FORCE.model_copy(update=filled)) == ""
