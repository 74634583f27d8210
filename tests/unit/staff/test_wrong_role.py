"""Each page of the staff's app for each role: whom it isn't for is told whose it is, and nothing is asked for them."""

from __future__ import annotations

from dataclasses import replace

import pytest
from streamlit.testing.v1 import AppTest

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
