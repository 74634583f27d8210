"""A name is one person's for ever: who is renamed is nobody's second person, and nobody comes into a leaver's place."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine

from lfr_core.custody.people import AuthenticatedPerson, Rank, Role
from lfr_core.custody.people.lookup import are_one_person, in_role
from lfr_core.publication.promises.checks.authority import Authorised
from lfr_core.publication.promises.port import Result
from lfr_core.publication.rights import answering
from lfr_core.storage.engine import open_engine, reading
from lfr_core.storage.tables.deployments import AuthorityRow, DeploymentRow
from tests.support.act_harness import OLGA, OTHER, Harness
from tests.support.databases import new_sqlite
from tests.support.overwriting import overwriting
from tests.support.people import authenticated, give_accounts, registered
from tests.support.planning import PLANNER, PlanningHarness
from tests.support.records import ManualClock
from tests.support.refusals import refusal
from tests.support.vaults import trail_of

DEE, PAT, SUE = "Dee Compliance", "Pat Planner", "Sue Perintendent"
COMPLIANCE = "Compliance Only"
ROLES = {Role.PLANNER}


@pytest.fixture(scope="module")
def harness(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Harness]:
    folder = tmp_path_factory.mktemp("renamed")
    engine = open_engine(new_sqlite(folder / "records.sqlite3"))
    yield Harness(engine, folder)
    engine.dispose()


def test_whoever_asked_under_another_name_is_not_the_second_person(harness: Harness) -> None:
    name = OLGA
    asked: dict[str, tuple[Callable[[str], str], Callable[..., object]]] = {
        "announcement.same-person": (
            lambda by: _then(harness.draft(), lambda at: harness.ask_to_withhold(at, olga(by))),
            harness.approve_withholding,
        ),
        "footage.hold-one-person": (
            lambda by: harness.hold(harness.filmed(), olga(by)),
            harness.approve_hold,
        ),
    }
    for number, (rule, (ask, approve)) in enumerate(asked.items()):
        at, before = ask(name), name
        name = f"Olga Married {number}"
        harness.people.rename(before, name, by=authenticated(COMPLIANCE))

        assert refusal(approve, at, olga(name)) == rule
        approve(at, authenticated(OTHER))


def olga(name: str) -> AuthenticatedPerson:
    """Logged in with the account that she has under any name."""
    return authenticated(name, account_of=OLGA)


def _then(at: str, do: Callable[[str], object]) -> str:
    do(at)
    return at


def test_what_two_people_decide_of_requests_isnt_decided_by_one_who_was_renamed(harness: Harness) -> None:
    officer = "Rita Both"
    harness.people.add(
        officer, {Role.COMPLIANCE, Role.AUTHORISING_OFFICER}, Rank.SUPERINTENDENT, by=authenticated(COMPLIANCE)
    )
    give_accounts(harness.people, officer, by=authenticated(COMPLIANCE))
    at = harness.asks_listed()
    answering.ask_disclosure(harness.rights, at, by=authenticated(officer))
    harness.people.rename(officer, "Rita Renamed", by=authenticated(COMPLIANCE))

    assert (
        refusal(harness.approve_disclosure, at, authenticated("Rita Renamed", account_of=officer))
        == "rights.disclosure-one-person"
    )


def test_nobody_is_registered_or_renamed_into_a_name_that_is_or_was_somebodys(engine: Engine) -> None:
    people, by = registered(engine), authenticated(DEE)
    people.rename(PAT, "Pat Married", by=by)

    for taken in (PAT, "pat  MARRIED", SUE):
        assert refusal(people.add, taken, ROLES, Rank.SERGEANT, by=by) == "people.known"
        if taken != SUE:
            assert refusal(people.rename, SUE, taken, by=by) == "people.known"
    assert refusal(people.rename, "Pat Married", "Pat Married", by=by) == "people.known"
    assert refusal(people.rename, "Pat Married", "\n", by=by) == "people.bad-name"
    assert people.rename("Pat Married", PAT, by=by).former_names == ("Pat Married",)
    assert people.rename(PAT, "PAT Planner", by=by).name == "PAT Planner"
    assert refusal(people.add, "Pat Married", ROLES, Rank.SERGEANT, by=by) == "people.known"


def test_a_namesake_of_somebody_who_left_is_somebody_else(engine: Engine) -> None:
    people, by = registered(engine), authenticated(DEE)
    people.rename(PAT, "Pat Married", by=by)
    people.revoke("Pat Married", why="left", by=by)

    for name in (PAT, "Pat Married"):
        assert refusal(people.add, name, ROLES, Rank.SERGEANT, by=by) == "people.left"
    assert refusal(people.add, PAT, ROLES, Rank.SERGEANT, by=by, again=True) == "people.left"  # not called so at last
    assert refusal(people.add, "New One", ROLES, Rank.SERGEANT, by=by, again=True) == "people.never-left"
    other = people.add("Pat Married 1204", ROLES, Rank.SERGEANT, by=by)
    assert people.add("Pat Married", ROLES, Rank.SERGEANT, by=by, again=True).former_names == (PAT,)
    with reading(engine) as session:
        assert not are_one_person(session, other.name, PAT)
        assert are_one_person(session, "Pat Married", PAT)


def test_what_an_officer_allowed_stands_under_another_name_and_a_name_of_before_finds_them(engine: Engine) -> None:
    clock = ManualClock()
    people = registered(engine, clock)
    at = people.list()[0].added_at
    clock.advance(60)
    people.rename(SUE, "Sue Married", by=authenticated(DEE))

    with reading(engine) as session:
        assert in_role(session, SUE, {Role.AUTHORISING_OFFICER}, since=at).name == "Sue Married"
    people.revoke(SUE, why="left", by=authenticated(DEE))  # by either name
    with reading(engine) as session:
        assert refusal(in_role, session, SUE, {Role.AUTHORISING_OFFICER}, since=at) == "people.revoked"


def test_a_rename_is_on_the_trail_under_the_persons_number_without_a_name(engine: Engine) -> None:
    people = registered(engine)
    people.rename(PAT, "Pat Married", by=authenticated(DEE))
    revoked = people.revoke("Pat Married", why="left", by=authenticated(DEE))
    renamed, left = trail_of(engine).events[-2:]

    assert (renamed.rule, renamed.actor, renamed.subject) == ("people.renamed", DEE, left.subject)
    assert not any(name in repr(renamed) for name in (PAT, "Married"))
    assert revoked.is_called(PAT)


def test_nobody_allows_what_they_planned_under_another_name(engine: Engine, tmp_path: Path) -> None:
    planning, by = PlanningHarness.on(engine, tmp_path), authenticated(DEE)
    planning.people.change(PLANNER, {Role.PLANNER, Role.AUTHORISING_OFFICER}, Rank.SUPERINTENDENT, by=by)
    made = planning.plan()
    planning.people.rename(PLANNER, "Pat Married", by=by)
    married = authenticated("Pat Married", account_of=PLANNER)

    assert (
        refusal(planning.deployments.authorise, "dep", by=married, reason="because", revision=made.revision)
        == "deployment.same-person"
    )
    planning.authorise()
    with overwriting(engine) as session:  # as somebody could have who wrote in the database
        session.get_one(DeploymentRow, "dep").opened_at = planning.now + timedelta(days=4)
        found = Authorised(engine)
    assert found.check(0).result is Result.HOLDS
    with overwriting(engine) as session:
        session.get_one(AuthorityRow, ("dep", made.revision)).by = "Pat Married"
    assert found.check(0).result is Result.BROKEN
