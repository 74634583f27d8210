"""Each page of the staff's app for each role: whom it isn't for is told whose it is, and nothing is asked for them."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import pytest
from streamlit.testing.v1 import AppTest

from apps import sign_in
from apps.sign_in import PageSession
from apps.staff.pages import STAFF_PAGES
from lfr_core.custody.people import Role
from lfr_core.custody.people.roles import SERVICE_ROLES
from tests.support.people import authenticated

WRONG = [
    (each.path, role) for each in STAFF_PAGES for role in Role if role not in each.roles and role not in SERVICE_ROLES
]


class Nothing:
    """Stands for what a page would read from: it isn't asked anything."""

    def __getattr__(self, name: str) -> object:
        raise AssertionError(f"{name} was asked for somebody whom the page isn't for")


def drawn(path: str, session: object, nothing: object) -> None:
    import importlib

    arguments = {"operator": 0, "street": 1, "publication": 1, "compliance": 2, "enquiries": 1}
    packages = {"street": "officer", "enquiries": "rights"}
    page = importlib.import_module(f"apps.{packages.get(path, path)}.page").page
    page(*[nothing] * arguments[path], session)


@pytest.mark.parametrize(("path", "role"), WRONG)
def test_whoever_a_page_is_not_for_is_told_whose_it_is_and_shown_nothing_else(path: str, role: Role) -> None:
    person = replace(authenticated("A. Okafor"), roles=frozenset({role}))
    session = PageSession(person, lambda: person, lambda: None, lambda _role: ())
    given = {"path": path, "session": session, "nothing": Nothing()}
    app = AppTest.from_function(drawn, kwargs=given, default_timeout=30).run()

    assert not app.exception
    (said,) = app.error
    assert "This page is for the role" in said.value
    assert [each.label for each in app.button] == ["Log out"]
    assert not [*app.selectbox, *app.radio, *app.text_input, *app.dataframe, *app.toggle]


def test_what_was_opened_goes_when_a_page_is_for_them_no_more_and_pictures_go_at_their_time_on_any_page(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    person = replace(authenticated("A. Okafor"), roles=frozenset({Role.PLANNER}))
    session = PageSession(person, lambda: person, lambda: None, lambda _role: ())
    app = AppTest.from_function(
        drawn, kwargs={"path": "street", "session": session, "nothing": Nothing()}, default_timeout=30
    )
    held = ("alerts", "officer-pictures", "receipt", "officer-receipt", "rights-opened")
    for name in held:
        app.session_state[name] = "opened"
    app.run()
    assert [name for name in held if name in app.session_state] == []

    swept: list[str] = []
    monkeypatch.setattr(sign_in, "_find_roles", lambda *_: "login.none")  # nobody is there
    monkeypatch.setattr(sign_in, "warn_of_the_end", lambda *_: None)
    other = AppTest.from_function(swept_by_the_watch)
    for name in ("alerts", "officer-pictures"):
        other.session_state[name] = SimpleNamespace(sweep=lambda name=name: swept.append(name))
    assert not other.run().exception
    assert swept == ["alerts", "officer-pictures"]


def swept_by_the_watch() -> None:
    import streamlit as st

    from apps import sign_in

    st.session_state[sign_in.DRAWN_FOR] = "login.none"
    sign_in._watch(None, {})  # type: ignore[arg-type]  # its look is another one here
