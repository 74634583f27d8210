"""Who acts in a trial: this machine's user, whose account no provider gives, in records that hold nobody else."""

from __future__ import annotations

import pytest
from sqlalchemy import Engine

from lfr_core.common.errors import Refused
from lfr_core.custody.people import Role, acting
from lfr_core.custody.people.machine_user import MACHINE_USER_ISSUER, TRIAL_RULE, act_as_machine_user
from lfr_core.storage.engine import reading
from tests.support.people import register, registered
from tests.support.vaults import trail_of


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    """A trial's records are a file in its folder."""
    return sqlite_url


def test_this_machines_user_acts_under_an_account_that_is_marked_as_theirs(engine: Engine) -> None:
    people, trail = register(engine), trail_of(engine)
    first = act_as_machine_user(people, engine, trail)
    again = act_as_machine_user(people, engine, trail)

    with reading(engine) as session:
        assert acting(session, again, {Role.OPERATOR}).name == first.name
    assert first.login.issuer == MACHINE_USER_ISSUER
    assert [each.name for each in people.list()] == [first.name]
    assert [each.rule for each in trail.events] == [
        "people.added",
        "people.identity-linked",
        *[TRIAL_RULE] * 2,
    ]


def test_nobody_acts_so_where_a_force_has_registered_its_people(engine: Engine) -> None:
    people = registered(engine)
    before = people.list()

    with pytest.raises(Refused) as refused:
        act_as_machine_user(people, engine, trail_of(engine))
    assert (refused.value.rule, people.list()) == ("run.not-own-records", before)
