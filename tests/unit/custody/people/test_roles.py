from __future__ import annotations

import itertools

import pytest

from lfr_core.common.errors import Refused
from lfr_core.custody.people.roles import Rank, Role, check_roles
from lfr_core.domain.actors import same_person


def refused(*roles: Role, rank: Rank) -> str:
    with pytest.raises(Refused) as caught:
        check_roles(roles, rank)
    return caught.value.rule


def test_ranks_are_in_the_order_of_the_police() -> None:
    for low, high in itertools.combinations(Rank, 2):
        assert high.at_least(low)
        assert not low.at_least(high)
    assert all(rank.at_least(rank) for rank in Rank)


@pytest.mark.parametrize("rank", [rank for rank in Rank if not rank.at_least(Rank.SUPERINTENDENT)])
def test_an_authorising_officer_below_superintendent_is_refused(rank: Rank) -> None:
    assert refused(Role.AUTHORISING_OFFICER, rank=rank) == "people.rank"


@pytest.mark.parametrize("rank", [rank for rank in Rank if rank.at_least(Rank.SUPERINTENDENT)])
def test_a_superintendent_and_above_may_authorise_and_plan(rank: Rank) -> None:
    both = {Role.AUTHORISING_OFFICER, Role.PLANNER}

    assert check_roles(both, rank) == both


@pytest.mark.parametrize("other", [role for role in Role if role is not Role.AUDITOR])
def test_an_auditor_holds_no_other_role(other: Role) -> None:
    assert refused(Role.AUDITOR, other, rank=Rank.CHIEF_CONSTABLE) == "people.auditor-only-reads"


def test_a_person_without_a_role_is_nobody() -> None:
    assert refused(rank=Rank.CONSTABLE) == "people.no-role"


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("A. Okafor", " a.  okafor ", True),
        ("\N{LATIN SMALL LIGATURE FI}nn", "FINN", True),
        ("Strauß", "STRAUSS", True),
        ("A. Okafor", "B. Okafor", False),
    ],
)
def test_names_are_compared_without_case_and_spaces(one: str, other: str, same: bool) -> None:  # noqa: FBT001  a column of the table
    assert same_person(one, other) is same
