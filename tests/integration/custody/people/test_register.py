"""The register of people, on both databases."""

from __future__ import annotations

import json
import threading

import pytest
from sqlalchemy import Engine

from lfr_core.common.errors import LfrError, Refused
from lfr_core.custody.people import People, Person, Rank, Role, acting, find_person
from lfr_core.custody.people.lookup import in_role
from lfr_core.domain.actors import SystemActor
from lfr_core.storage.engine import reading
from tests.support.audit import audit_trail
from tests.support.overwriting import overwriting
from tests.support.people import CAST, MACHINE, authenticated, give_accounts, put_accounts, register, registered
from tests.support.records import ManualClock
from tests.support.refusals import refusal
from tests.support.vaults import trail_of

DEE, PAT, SUE = "Dee Compliance", "Pat Planner", "Sue Perintendent"


def act(engine: Engine, name: str, *roles: Role) -> Person:
    with reading(engine) as session:
        return acting(session, authenticated(name), roles)


def test_the_first_person_is_added_by_this_machines_user_and_is_of_compliance(engine: Engine) -> None:
    people = register(engine)

    assert refusal(people.add, PAT, {Role.PLANNER}, Rank.SERGEANT, by=authenticated("anybody")) == "people.first"
    people.add(DEE, {Role.COMPLIANCE}, Rank.POLICE_STAFF, by=SystemActor.LFR)
    assert refusal(people.add, PAT, {Role.PLANNER}, Rank.SERGEANT, by=authenticated("anybody")) == "people.by"


def test_afterwards_only_compliance_adds_changes_or_revokes(engine: Engine) -> None:
    people = registered(engine)
    others = [name for name, (roles, _) in CAST.items() if Role.COMPLIANCE not in roles]
    planner = {Role.PLANNER}

    rules = {refusal(people.add, "New One", planner, Rank.SERGEANT, by=authenticated(by)) for by in others}
    rules |= {refusal(people.change, "Olu Operator", planner, Rank.SERGEANT, by=authenticated(by)) for by in others}
    rules |= {refusal(people.revoke, "Olu Operator", why="left", by=authenticated(by)) for by in others}
    assert rules == {"people.by"}
    assert {each.name for each in people.list()} == set(CAST)


def test_a_person_acts_in_the_roles_they_hold_and_the_refusal_names_those_that_may(engine: Engine) -> None:
    registered(engine)

    assert act(engine, "  sue PERINTENDENT ", Role.AUTHORISING_OFFICER).name == SUE
    assert act(engine, PAT, Role.PLANNER, Role.OPERATOR).rank is Rank.SERGEANT
    with pytest.raises(Refused, match="authorising officer or compliance") as caught:
        act(engine, PAT, Role.AUTHORISING_OFFICER, Role.COMPLIANCE)
    assert caught.value.rule == "people.wrong-role"
    for stranger in ("Nobody", "", "\x00", "system:flows"):
        assert refusal(act, engine, stranger, Role.PLANNER) == "people.unknown"


def test_a_revoked_person_may_do_nothing_and_stays_on_the_register(engine: Engine) -> None:
    people = registered(engine)
    people.revoke(SUE, why="left the force", by=authenticated(DEE))

    assert refusal(act, engine, SUE, Role.AUTHORISING_OFFICER) == "people.revoked"
    assert refusal(people.revoke, SUE, why="again", by=authenticated(DEE)) == "people.revoked"
    assert refusal(people.change, SUE, {Role.PLANNER}, Rank.SUPERINTENDENT, by=authenticated(DEE)) == "people.revoked"
    with reading(engine) as session:
        found = find_person(session, SUE)
    assert found is not None
    assert found.revoked_at is not None


def test_what_an_officer_did_before_being_revoked_does_not_stand_when_registered_again(engine: Engine) -> None:
    clock = ManualClock()
    people = registered(engine, clock)
    authority = people.list()[0].added_at
    clock.advance(60)
    people.change(SUE, {Role.AUTHORISING_OFFICER}, Rank.CHIEF_SUPERINTENDENT, by=authenticated(DEE))
    with reading(engine) as session:
        assert in_role(session, SUE, {Role.AUTHORISING_OFFICER}, since=authority).rank is Rank.CHIEF_SUPERINTENDENT

    people.revoke(SUE, why="left", by=authenticated(DEE))
    clock.advance(60)
    back = people.add(SUE, {Role.AUTHORISING_OFFICER}, Rank.SUPERINTENDENT, by=authenticated(DEE), again=True)
    give_accounts(people, SUE, by=authenticated(DEE))
    assert back.revoked_at is None
    assert act(engine, SUE, Role.AUTHORISING_OFFICER) == back
    with reading(engine) as session:
        assert refusal(in_role, session, SUE, {Role.AUTHORISING_OFFICER}, since=authority) == "people.revoked"


def test_a_role_taken_away_and_given_back_is_held_anew(engine: Engine) -> None:
    clock = ManualClock()
    people = registered(engine, clock)
    authority = people.list()[0].added_at
    for roles in ({Role.PLANNER}, {Role.AUTHORISING_OFFICER, Role.PLANNER}):
        clock.advance(60)
        people.change(SUE, roles, Rank.SUPERINTENDENT, by=authenticated(DEE))

    with reading(engine) as session:
        assert refusal(in_role, session, SUE, {Role.AUTHORISING_OFFICER}, since=authority) == "people.revoked"
        assert in_role(session, SUE, {Role.PLANNER}, since=authority).name == SUE


def test_the_last_person_of_compliance_can_neither_go_nor_lose_the_role(engine: Engine) -> None:
    people = registered(engine)
    assert refusal(people.revoke, DEE, why="tired", by=authenticated(DEE)) == "people.last-compliance"

    people.add("Bea Compliance", {Role.COMPLIANCE}, Rank.POLICE_STAFF, by=authenticated(DEE))
    put_accounts(engine)
    people.revoke(DEE, why="retired", by=authenticated(DEE))
    assert (
        refusal(people.revoke, "Bea Compliance", why="tired", by=authenticated("Bea Compliance"))
        == "people.last-compliance"
    )


def test_nobody_changes_their_own_roles(engine: Engine) -> None:
    people = registered(engine)
    both = {Role.COMPLIANCE, Role.AUTHORISING_OFFICER}

    assert (
        refusal(people.change, "dee  compliance", both, Rank.CHIEF_CONSTABLE, by=authenticated(DEE))
        == "people.own-roles"
    )
    assert refusal(people.rename, DEE, "Dee Other", by=authenticated(DEE)) == "people.own-roles"


def test_two_who_revoke_each_other_at_once_leave_one(engine: Engine) -> None:
    people = registered(engine)
    people.add("Bea Compliance", {Role.COMPLIANCE}, Rank.POLICE_STAFF, by=authenticated(DEE))
    put_accounts(engine)
    output: list[str] = []
    both_ready = threading.Barrier(2)

    def revoke(name: str, by: str) -> None:
        both_ready.wait()
        try:
            people.revoke(name, why="a quarrel", by=authenticated(by))
        except LfrError as error:
            output.append(getattr(error, "rule", repr(error)))

    threads = [
        threading.Thread(target=revoke, args=pair) for pair in ((DEE, "Bea Compliance"), ("Bea Compliance", DEE))
    ]
    for each in threads:
        each.start()
    for each in threads:
        each.join()

    assert output == ["people.by"]
    assert len([each for each in people.list() if Role.COMPLIANCE in each.roles and each.may_act]) == 1


def test_somebody_registered_is_not_registered_twice(engine: Engine) -> None:
    people = registered(engine)

    assert refusal(people.add, "PAT  planner", {Role.AUDITOR}, Rank.SERGEANT, by=authenticated(DEE)) == "people.known"


@pytest.mark.parametrize(
    "name",
    [
        "",
        "   ",
        "\t",
        "A\nB",
        "A\x00B",
        "A\x1b[31m",
        "system:flows",
        "x" * 101,
        "A\u202eB",
        "A\u200bB",
        "123",
        "\ud800",
    ],
)
def test_a_name_that_is_no_persons_is_refused_and_nothing_is_kept(engine: Engine, name: str) -> None:
    people = register(engine)

    assert (
        refusal(people.add, name, {Role.COMPLIANCE}, Rank.POLICE_STAFF, by=authenticated("anybody"))
        == "people.bad-name"
    )
    assert people.list() == ()


@pytest.mark.parametrize("why", ["", "  ", "a\x00b", "x" * 301])
def test_a_revocation_needs_a_reason_of_one_line(engine: Engine, why: str) -> None:
    people = registered(engine)

    assert refusal(people.revoke, PAT, why=why, by=authenticated(DEE)) == "people.reason-missing"
    assert act(engine, PAT, Role.PLANNER).name == PAT


def test_each_act_is_on_the_trail_without_a_name(engine: Engine) -> None:
    people = registered(engine)
    people.change(PAT, {Role.PLANNER, Role.OPERATOR}, Rank.INSPECTOR, by=authenticated(DEE))
    people.revoke(PAT, why="moved", by=authenticated(DEE))
    events = trail_of(engine).events

    assert [event.rule for event in events[-2:]] == ["people.changed", "people.revoked"]
    assert events[-2].facts == {"roles": "planner + operator", "rank": "inspector"}
    assert {event.actor for event in events[-2:]} == {DEE}  # one person, one pseudonym
    assert events[-1].subject.startswith("person:")
    assert not any(name in json.dumps([e.subject, dict(e.facts)]) for e in events for name in CAST)


def test_what_cannot_be_audited_is_not_done(engine: Engine) -> None:
    people = registered(engine)
    trail_of(engine).full = True

    assert refusal(people.revoke, PAT, why="left", by=authenticated(DEE)) == "audit.unwritable"
    assert refusal(people.add, "New One", {Role.PLANNER}, Rank.SERGEANT, by=authenticated(DEE)) == "audit.unwritable"
    assert act(engine, PAT, Role.PLANNER).name == PAT
    assert people.find("New One") is None


def test_the_real_trail_takes_the_entries(engine: Engine) -> None:
    people = People(engine, audit_trail(), ManualClock())

    added = people.add("Dée O'Compliance", {Role.COMPLIANCE}, Rank.POLICE_STAFF, by=MACHINE)
    with overwriting(engine) as session:
        assert find_person(session, "DÉE o'compliance") == added
