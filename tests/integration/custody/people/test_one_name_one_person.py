"""Two spellings of a name are one person, who is nobody's second and nothing once revoked."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from lfr_core.alerts.decisions import DecisionService
from lfr_core.common.errors import Refused
from lfr_core.custody.people import People, Rank, Role
from lfr_core.domain.alerts import Judgement
from lfr_core.storage.engine import open_engine
from tests.support.act_harness import OLGA, OTHER, Harness
from tests.support.databases import new_sqlite
from tests.support.people import add_people, authenticated
from tests.support.shown_pictures import seen

SPELLINGS = ("Ｏｌｇａ Ｒｅｙｅｓ", "OLGA REYES", "olga  reyes", " Olga-Reyes. ")


@pytest.fixture(scope="module")
def harness(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Harness]:
    folder = tmp_path_factory.mktemp("acts")
    engine = open_engine(new_sqlite(folder / "records.sqlite3"))
    yield Harness(engine, folder)
    engine.dispose()


def test_two_spellings_of_one_name_are_not_two_people(harness: Harness) -> None:
    at = harness.draft()
    harness.ask_to_withhold(at, authenticated(OLGA))
    before = harness.everything()
    for spelling in SPELLINGS:
        with pytest.raises(Refused) as refused:
            harness.approve_withholding(at, authenticated(spelling))
        assert refused.value.rule == "announcement.same-person"

    assert harness.everything() == before


def test_nobody_is_their_own_second_person(harness: Harness) -> None:
    hold, olga = harness.hold(harness.filmed(), authenticated(OLGA)), authenticated(OLGA)
    before = harness.everything()
    with pytest.raises(Refused) as alone:
        harness.approve_hold(hold, olga)
    assert harness.everything() == before
    harness.approve_hold(hold, authenticated(OTHER))
    with pytest.raises(Refused) as reviewed:
        harness.review(hold, olga)

    assert {alone.value.rule, reviewed.value.rule} == {"footage.hold-one-person"}


def test_who_is_revoked_while_a_deployment_runs_attends_and_decides_no_more(harness: Harness) -> None:
    people = People(harness.engine, harness.trail, harness.clock)
    add_people(harness.engine, ("Lea Leaving", Role.OPERATOR), clock=harness.clock, trail=harness.trail)
    harness.attendance.record_heartbeat("dep", authenticated("Lea Leaving"))
    people.revoke("lea leaving", why="left the force", by=authenticated("Compliance Only"))
    alert, before = harness.waiting(), harness.everything()

    for do in (
        lambda: harness.attendance.record_heartbeat("dep", authenticated("Lea Leaving")),
        lambda: DecisionService(harness.engine, harness.trail, harness.clock).judge(
            alert, Judgement.SAME, authenticated("Lea Leaving"), shown=seen(harness.engine, alert)
        ),
    ):
        with pytest.raises(Refused) as refused:
            do()
        assert refused.value.rule == "people.revoked"
    assert harness.everything() == before


@pytest.mark.parametrize("name", ["Ｏｌｇａ Ｒｅｙｅｓ", "OLGA REYES", "Olga-Reyes", "olga reyes."])
def test_the_register_takes_no_second_person_whose_name_is_compared_alike(harness: Harness, name: str) -> None:
    before = harness.everything()
    with pytest.raises(Refused) as refused:
        People(harness.engine, harness.trail, harness.clock).add(
            name, {Role.OPERATOR}, Rank.CONSTABLE, by=authenticated("Compliance Only")
        )

    assert refused.value.rule == "people.known"
    assert harness.everything() == before
