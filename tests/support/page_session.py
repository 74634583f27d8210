"""A session of the pages for tests that draw a page without a browser. How one comes to be is tests/browser's."""

from __future__ import annotations

from sqlalchemy import Engine

from apps.sign_in import PageSession, registered
from lfr_core.custody.people import Role

__all__ = ["session_of"]


def session_of(engine: Engine, name: str) -> PageSession:
    """The session of a registered person, looked up as a page does at each drawing."""

    def log_out() -> None:
        raise AssertionError("no test logs out here")

    person = registered(engine, name, frozenset(Role))
    return PageSession(person, lambda: registered(engine, name, frozenset(Role)), log_out)
