"""Which account is whose: an account is one person's for ever, and finds only who may act now; on both databases."""

from __future__ import annotations

import pytest
from sqlalchemy import Engine

from lfr_core.common.clock import utc_from_ns
from lfr_core.common.errors import Refused
from lfr_core.custody.audit.read import entries
from lfr_core.custody.people import AuthenticatedPerson, People, Rank, Role
from lfr_core.custody.people.lookup import acting
from lfr_core.domain.actors import SystemActor
from lfr_core.storage.engine import reading
from tests.support.audit import audit_trail
from tests.support.people import (
    CAST,
    ISSUER,
    MACHINE,
    authenticated,
    give_accounts,
    put_people,
    register,
    registered,
)
from tests.support.records import ManualClock
from tests.support.refusals import refusal
from tests.support.vaults import trail_of

DEE, PAT, SUE = "Dee Compliance", "Pat Planner", "Sue Perintendent"
OWN, FORCE = "http://127.0.0.1:4220", "https://login.example.test"


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def people(engine: Engine, clock: ManualClock) -> People:
    return registered(engine, clock)


def test_a_person_is_found_by_issuer_and_subject_together(people: People) -> None:
    people.link_identity(PAT, OWN, "s1", by=authenticated(DEE))
    people.link_identity(SUE, FORCE, "s1", by=authenticated(DEE))

    assert people.of_identity(OWN, "s1").name == PAT
    assert people.of_identity(FORCE, "s1").name == SUE
    for issuer, subject in ((OWN, "s2"), (OWN + "/", "s1"), ("", ""), (OWN, "S1"), (OWN, "s\x001")):
        assert refusal(people.of_identity, issuer, subject) == "identity.unknown"


def test_only_compliance_says_whose_an_account_is(people: People) -> None:
    for name, (roles, _) in CAST.items():
        if Role.COMPLIANCE not in roles:
            assert refusal(people.link_identity, PAT, OWN, "s1", by=authenticated(name)) == "people.by"
            assert refusal(people.end_identity, PAT, OWN, by=authenticated(name)) == "people.by"
    assert refusal(people.link_identity, "Nobody Known", OWN, "s1", by=authenticated(DEE)) == "people.unknown"
    assert refusal(people.link_identity, PAT, OWN, "", by=authenticated(DEE)) == "identity.bad"
    assert refusal(people.link_identity, PAT, OWN, "a\nb", by=authenticated(DEE)) == "identity.bad"


def test_an_account_is_one_persons_for_ever_also_once_its_use_has_ended(people: People) -> None:
    people.link_identity(PAT, OWN, "s1", by=authenticated(DEE))
    assert refusal(people.link_identity, SUE, OWN, "s1", by=authenticated(DEE)) == "identity.known"
    people.end_identity(PAT, OWN, by=authenticated(DEE))

    assert refusal(people.of_identity, OWN, "s1") == "identity.ended"
    assert refusal(people.link_identity, SUE, OWN, "s1", by=authenticated(DEE)) == "identity.known"
    assert refusal(people.link_identity, PAT, OWN, "s1", by=authenticated(DEE)) == "identity.known"
    assert refusal(people.end_identity, PAT, OWN, by=authenticated(DEE)) == "identity.unknown"


def test_nobody_can_be_played_by_giving_them_a_second_account(people: People) -> None:
    people.link_identity(SUE, OWN, "hers", by=authenticated(DEE))

    assert refusal(people.link_identity, SUE, OWN, "another's", by=authenticated(DEE)) == "identity.has-one"
    people.end_identity(SUE, OWN, by=authenticated(DEE))
    people.link_identity(SUE, OWN, "hers, anew", by=authenticated(DEE))
    assert (OWN, "hers, anew") in people.identities_of(SUE)
    assert (OWN, "hers") not in people.identities_of(SUE)


def test_compliance_finds_people_with_accounts_at_two_providers(people: People) -> None:
    assert people.with_several_accounts() == {}
    people.link_identity(SUE, FORCE, "s9", by=authenticated(DEE))

    assert people.with_several_accounts() == {SUE: (FORCE, ISSUER)}
    people.end_identity(SUE, FORCE, by=authenticated(DEE))
    assert people.with_several_accounts() == {}


def test_whoever_is_revoked_is_nobody_at_once_and_logs_in_anew_when_registered_again(
    people: People, clock: ManualClock
) -> None:
    people.link_identity(PAT, OWN, "s1", by=authenticated(DEE))
    clock.advance(10)
    since = utc_from_ns(clock.time_ns())
    assert people.of_identity(OWN, "s1", since=since).name == PAT
    people.revoke(PAT, why="left the force", by=authenticated(DEE))

    assert refusal(people.of_identity, OWN, "s1", since=since) == "people.revoked"
    assert people.identities_of(PAT) == ()
    clock.advance(10)
    assert refusal(people.add, PAT, {Role.AUDITOR}, Rank.POLICE_STAFF, by=authenticated(DEE)) == "people.left"
    people.add(PAT, {Role.AUDITOR}, Rank.POLICE_STAFF, by=authenticated(DEE), again=True)
    assert refusal(people.of_identity, OWN, "s1", since=utc_from_ns(clock.time_ns())) == "identity.ended"


def test_who_comes_back_may_have_the_account_of_before_and_nobody_else_may(people: People, clock: ManualClock) -> None:
    people.link_identity(PAT, FORCE, "s1", by=authenticated(DEE))
    clock.advance(10)
    since = utc_from_ns(clock.time_ns())
    people.revoke(PAT, why="left the force", by=authenticated(DEE))
    clock.advance(10)
    people.add(f"{PAT} 1204", {Role.PLANNER}, Rank.SERGEANT, by=authenticated(DEE))

    assert refusal(people.link_identity, f"{PAT} 1204", FORCE, "s1", by=authenticated(DEE)) == "identity.known"
    people.add(PAT, {Role.PLANNER}, Rank.SERGEANT, by=authenticated(DEE), again=True)
    people.link_identity(PAT, FORCE, "s1", by=authenticated(DEE))
    assert refusal(people.of_identity, FORCE, "s1", since=since) == "identity.session-ended"
    assert people.of_identity(FORCE, "s1", since=utc_from_ns(clock.time_ns())).name == PAT


def test_sessions_are_ended_everywhere_by_oneself_or_by_compliance(people: People, clock: ManualClock) -> None:
    people.link_identity(PAT, OWN, "s1", by=authenticated(DEE))
    for by in (PAT, DEE):
        clock.advance(10)
        since = utc_from_ns(clock.time_ns())
        clock.advance(10)
        people.end_sessions(PAT, by=authenticated(by))

        assert refusal(people.of_identity, OWN, "s1", since=since) == "identity.session-ended"
        assert people.of_identity(OWN, "s1", since=utc_from_ns(clock.time_ns())).name == PAT
    assert refusal(people.end_sessions, PAT, by=authenticated(SUE)) == "people.by"


def test_who_is_logged_out_or_loses_the_account_acts_no_more_with_what_the_login_gave(
    people: People, engine: Engine, clock: ManualClock
) -> None:
    people.link_identity(PAT, OWN, "s1", by=authenticated(DEE))

    def act(by: AuthenticatedPerson) -> str:
        with reading(engine) as session:
            return acting(session, by, {Role.PLANNER}).name

    clock.advance(60)
    kept = people.of_identity(OWN, "s1", since=utc_from_ns(clock.time_ns()))
    assert act(kept) == PAT
    clock.advance(60)
    people.end_sessions(PAT, by=kept)
    assert refusal(act, kept) == "identity.session-ended"

    clock.advance(60)
    again = people.of_identity(OWN, "s1", since=utc_from_ns(clock.time_ns()))
    assert act(again) == PAT
    people.end_identity(PAT, OWN, by=authenticated(DEE))
    assert refusal(act, again) == "identity.ended"


def test_this_machines_user_links_the_very_first_account_of_compliance_and_none_after(engine: Engine) -> None:
    people = register(engine)
    put_people(engine, CAST, with_accounts=False)
    assert refusal(people.link_identity, PAT, OWN, "s1", by=MACHINE) == "people.by"
    assert not people.any_can_log_in()
    give_accounts(people, DEE)

    assert people.any_can_log_in()
    assert refusal(people.link_identity, PAT, OWN, "s2", by=MACHINE) == "people.by"
    people.end_identity(DEE, ISSUER, by=authenticated(DEE))
    assert refusal(people.link_identity, DEE, OWN, "s3", by=MACHINE) == "people.by"


def test_this_machines_user_helps_the_only_person_of_compliance_who_forgot_their_password_and_nobody_else(
    people: People, engine: Engine
) -> None:
    def recover(name: str) -> str:
        try:
            people.end_sessions(name, by=MACHINE)
        except Refused as refused:
            return refused.rule
        return ""

    for part in set(SystemActor) - {SystemActor.LFR}:
        with pytest.raises(Refused, match="log in"):
            people.end_sessions(DEE, by=part)
    assert (recover(DEE), recover(PAT), recover("N. Body")) == ("", "people.by", "people.by")
    people.add("Dana Other", {Role.COMPLIANCE}, Rank.POLICE_STAFF, by=authenticated(DEE))
    assert recover(DEE) == recover("Dana Other") == "people.by"
    people.revoke("Dana Other", why="left", by=authenticated(DEE))
    assert (recover(DEE), recover("Dana Other")) == ("", "people.by")

    found = [each for each in entries(engine, limit=100) if each.rule == "people.recovered"]
    assert [each.actor for each in found] == ["system:lfr"] * 2


def test_a_changed_name_is_the_same_person(people: People, engine: Engine) -> None:
    people.link_identity(PAT, OWN, "s1", by=authenticated(DEE))
    before = people.of_identity(OWN, "s1")
    people.rename(PAT, "Pat Married", by=authenticated(DEE))

    now = people.of_identity(OWN, "s1")
    assert (now.name, now.former_names, now.roles, now.added_at) == (
        "Pat Married",
        (PAT,),
        before.roles,
        before.added_at,
    )
    with reading(engine) as session:
        assert acting(session, now, {Role.PLANNER}).name == "Pat Married"
        assert refusal(acting, session, before, {Role.PLANNER}) == "people.renamed"


def test_each_act_is_on_the_trail_without_name_or_subject(people: People, engine: Engine) -> None:
    people.link_identity(PAT, OWN, "the-subject", by=authenticated(DEE))
    people.end_sessions(PAT, by=authenticated(DEE))
    people.end_sessions(PAT, by=authenticated(DEE), gives_password_link=True)
    people.end_identity(PAT, OWN, by=authenticated(DEE))

    written = trail_of(engine).events[-4:]
    assert [each.rule for each in written] == [
        "people.identity-linked",
        "people.sessions-ended",
        "people.password-link",
        "people.identity-ended",
    ]
    assert not any("the-subject" in repr(each) or PAT in repr(each) for each in written)
    People(engine, audit_trail(), ManualClock()).link_identity(
        SUE, OWN, "s2", by=authenticated(DEE)
    )  # the real one takes them
