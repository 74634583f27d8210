"""A session of the pages for tests that draw a page without a browser. How one comes to be is tests/browser's."""

from __future__ import annotations

from dataclasses import replace

from sqlalchemy import Engine

from apps.sign_in import PageSession
from lfr_core.custody.people import AuthenticatedPerson, Role
from lfr_core.custody.people.lookup import in_role
from lfr_core.storage.engine import reading
from tests.support.people import authenticated

__all__ = ["session_of"]


def session_of(engine: Engine, name: str) -> PageSession:
    """The session of a registered person, looked up as a page does at each drawing."""

    def use() -> AuthenticatedPerson:
        with reading(engine) as session:
            found = in_role(session, name, frozenset(Role))
        return replace(authenticated(found.name), roles=found.roles, rank=found.rank, added_at=found.added_at)

    def log_out() -> None:
        raise AssertionError("no test logs out here")

    return PageSession(use(), use, log_out, lambda _role: ())
