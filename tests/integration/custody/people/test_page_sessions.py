"""A login on the pages counts for a session at most, while it is used, and while the register lets the person in."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import Engine
from streamlit.testing.v1 import AppTest

from lfr_core.common.errors import Refused, Retryable
from lfr_core.custody.identity.page_sessions import PageSessions
from lfr_core.custody.people import AuthenticatedPerson, People, Role
from lfr_core.domain.policy import load_policy
from lfr_core.storage.engine import open_engine
from tests.support.identity import ISSUER, a_provider
from tests.support.people import authenticated, registered
from tests.support.records import ManualClock
from tests.support.refusals import refusal

DEE, PAT = "Dee Compliance", "Pat Planner"
ACCESS = load_policy().access


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def people(sqlite_url: str, clock: ManualClock) -> Iterator[People]:
    engine: Engine = open_engine(sqlite_url)
    people = registered(engine, clock)
    people.link_identity(PAT, ISSUER, "s1", by=authenticated(DEE))
    yield people
    engine.dispose()


@pytest.fixture
def recorded() -> list[str]:
    """Whose logins are on the trail."""
    return []


@pytest.fixture
def sessions(people: People, clock: ManualClock, recorded: list[str]) -> PageSessions:
    return PageSessions(a_provider(), people, ACCESS, clock, lambda person: recorded.append(person.name))


def claims(clock: ManualClock, **changes: Any) -> dict[str, Any]:
    """What Streamlit keeps of a login just now."""
    known = {"iss": ISSUER, "aud": "openlfr-staff", "sub": "s1", "iat": clock.now_ns // 10**9, "is_logged_in": True}
    return known | changes


def test_a_login_is_recorded_once_and_one_that_cannot_be_is_none(
    sessions: PageSessions, people: People, clock: ManualClock, recorded: list[str]
) -> None:
    def away(_person: object) -> None:
        raise Retryable("the vault is away")

    sessions.find(claims(clock))
    assert recorded == []
    for _ in range(3):
        sessions.use(claims(clock))
    assert recorded == [PAT]
    unrecorded = PageSessions(a_provider(), people, ACCESS, clock, away)
    for _ in range(2):
        with pytest.raises(Retryable):
            unrecorded.use(claims(clock))


def test_a_login_is_the_person_whose_account_it_is(sessions: PageSessions, clock: ManualClock) -> None:
    assert sessions.use(claims(clock)).name == PAT
    assert sessions.use(claims(clock, aud=["another", "openlfr-staff"])).name == PAT


def test_who_types_for_long_is_warned_before_the_session_ends_and_may_stay(
    sessions: PageSessions, clock: ManualClock
) -> None:
    def drawn(sessions: object, claims: object) -> None:
        from apps.sign_in import warn_of_the_end

        warn_of_the_end(sessions, claims)  # type: ignore[arg-type]

    login = claims(clock)
    sessions.use(login)
    page = AppTest.from_function(drawn, kwargs={"sessions": sessions, "claims": login})
    clock.advance((ACCESS.idle_min - 3) * 60)
    assert not page.run().warning

    clock.advance(90)
    assert "What is typed or chosen and not sent is kept" in page.run().warning[0].value
    page.button("stay-logged-in").click().run()

    clock.advance(60 * (ACCESS.idle_min - 3))
    assert sessions.find(login).name == PAT
    assert not page.run().warning


def test_what_was_typed_is_taken_until_just_after_the_end_and_of_nobody_who_logged_out(
    sessions: PageSessions, clock: ManualClock
) -> None:
    login = claims(clock)
    sessions.use(login)
    clock.advance(ACCESS.idle_min * 60 + 59)
    assert refusal(lambda: sessions.find(login)) == "login.expired"
    assert sessions.find_typist(login).subject == "s1"
    clock.advance(1)
    assert refusal(lambda: sessions.find_typist(login)) == "login.expired"

    again = claims(clock)
    sessions.use(again)
    sessions.end(again)
    assert refusal(lambda: sessions.find_typist(again)) == "login.expired"
    assert refusal(lambda: sessions.find_typist({})) == "login.none"


@pytest.mark.parametrize("ends", ["end_sessions", "revoke"])
def test_a_copied_cookie_types_nothing_into_its_persons_fields_once_they_are_out_elsewhere(
    sessions: PageSessions, people: People, clock: ManualClock, ends: str
) -> None:
    login = claims(clock)
    sessions.use(login)
    clock.advance(5)
    if ends == "revoke":
        people.revoke(PAT, why="left", by=authenticated(DEE))
    else:
        people.end_sessions(PAT, by=authenticated(DEE))
    clock.advance(54)
    assert sessions.find_typist(login).subject == "s1"  # what they were typing just then
    clock.advance(1)
    assert refusal(lambda: sessions.find_typist(login)).startswith(("login.", "identity.", "people."))


@pytest.mark.parametrize(
    ("changes", "rule"),
    [
        ({"is_logged_in": False}, "login.none"),
        ({"is_logged_in": "True"}, "login.none"),
        ({"iss": "https://login.example.test/other"}, "login.token"),
        ({"aud": "openlfr-cli"}, "login.token"),
        ({"aud": None}, "login.token"),
        ({"sub": None}, "login.token"),
        ({"sub": ["s1"]}, "login.token"),
        ({"iat": None}, "login.token"),
        ({"iat": True}, "login.token"),
        ({"iat": 10**11}, "login.token"),
        ({"sub": "s2"}, "identity.unknown"),
        ({"name": PAT, "email": PAT, "sub": PAT}, "identity.unknown"),
    ],
)
def test_what_is_no_login_of_ours_is_nobody(
    sessions: PageSessions, clock: ManualClock, changes: dict[str, Any], rule: str
) -> None:
    assert refusal(sessions.use, claims(clock, **changes)) == rule
    assert refusal(sessions.find, {}) == "login.none"


def test_a_session_ends_with_the_shift_however_much_it_is_used(sessions: PageSessions, clock: ManualClock) -> None:
    given = claims(clock)
    steps = int(ACCESS.session_h * 60 / (ACCESS.idle_min / 2))
    for _ in range(steps):
        sessions.use(given)
        clock.advance(ACCESS.idle_min * 30)

    assert refusal(sessions.use, given) == "login.expired"
    assert sessions.use(claims(clock)).name == PAT


def test_a_page_that_nobody_touches_ends_though_it_refreshes_by_itself(
    sessions: PageSessions, clock: ManualClock
) -> None:
    given = claims(clock)
    sessions.use(given)
    for _ in range(29):
        clock.advance(ACCESS.idle_min * 2)
        sessions.find(given)
    clock.advance(ACCESS.idle_min * 2)

    assert refusal(sessions.find, given) == "login.expired"
    assert refusal(sessions.use, given) == "login.expired"


class CountingSessions(PageSessions):
    """Counts the uses of its logins."""

    used = 0

    def use(self, claims: Mapping[str, object]) -> AuthenticatedPerson:
        self.used += 1
        return super().use(claims)


def drawn(sessions: object) -> None:
    import streamlit as st

    from apps.sign_in import logged_in, redraw

    logged_in(sessions, lambda: None)  # type: ignore[arg-type]  # its annotation is read where nothing is imported
    st.session_state["drawings"] = st.session_state.get("drawings", 0) + 1
    if st.session_state.pop("moved-by-somebody-else", False):
        redraw()


def test_a_page_that_is_drawn_anew_because_somebody_else_did_something_is_not_used_by_that(
    people: People, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    sessions = CountingSessions(a_provider(), people, ACCESS, clock, lambda _: None)
    given = claims(clock)
    monkeypatch.setattr("streamlit.user", SimpleNamespace(tokens={}, to_dict=lambda: given))
    app = AppTest.from_function(drawn, kwargs={"sessions": sessions}, default_timeout=20).run()
    app.session_state["moved-by-somebody-else"] = True
    app.run()  # a person's click, and then another's

    assert not app.exception
    assert (app.session_state["drawings"], sessions.used) == (3, 2)
    app.run()
    assert (app.session_state["drawings"], sessions.used) == (4, 3)


def test_after_a_restart_only_who_has_just_logged_in_is_in(
    sessions: PageSessions, people: People, clock: ManualClock
) -> None:
    given = claims(clock)
    clock.advance(ACCESS.idle_min * 50)
    sessions.use(given)
    clock.advance(ACCESS.idle_min * 50)
    sessions.use(given)
    restarted = PageSessions(a_provider(), people, ACCESS, clock, lambda _: None)

    assert refusal(restarted.use, given) == "login.expired"


def test_a_cookie_that_was_copied_before_the_logout_is_worth_nothing(
    sessions: PageSessions, people: People, clock: ManualClock
) -> None:
    copied = claims(clock)
    sessions.use(copied)
    clock.advance(2.0)
    sessions.end(copied)
    elsewhere = PageSessions(a_provider(), people, ACCESS, clock, lambda _: None)

    assert refusal(elsewhere.use, copied) == "identity.session-ended"
    assert refusal(sessions.use, copied) == "login.expired"
    with pytest.raises(Refused, match="you are logged out"):  # not that nobody had done anything
        sessions.find(copied)
    clock.advance(1.0)
    assert sessions.use(claims(clock)).name == PAT


def test_who_is_revoked_is_out_at_the_next_look(sessions: PageSessions, people: People, clock: ManualClock) -> None:
    given = claims(clock)
    sessions.use(given)
    people.revoke(PAT, why="left the force", by=authenticated(DEE))

    assert refusal(sessions.find, given) == "people.revoked"


@pytest.mark.parametrize(
    ("groups", "rule"),
    [(["staff", "lfr"], ""), ("lfr", ""), (["staff"], "login.group"), ("lfr2", "login.group"), (None, "login.group")],
)
def test_a_group_may_be_required_beside_the_person_and_gives_no_role(
    people: People, clock: ManualClock, groups: object, rule: str
) -> None:
    sessions = PageSessions(a_provider(required_group="lfr"), people, ACCESS, clock, lambda _: None)
    given = claims(clock, groups=groups)

    if rule:
        assert refusal(sessions.use, given) == rule
    else:
        assert sessions.use(given).roles == {Role.PLANNER}
