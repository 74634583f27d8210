"""Whoever logs in is first shown the page of their own role."""

from __future__ import annotations

import pytest

from apps.staff.pages import pages_of
from lfr_core.custody.people.roles import Role


@pytest.mark.parametrize(
    ("role", "path"),
    [
        (Role.OPERATOR, "operator"),
        (Role.ENGAGING_OFFICER, "street"),
        (Role.PLANNER, "planning"),
        (Role.AUTHORISING_OFFICER, "planning"),
        (Role.PUBLICATION_OFFICER, "publication"),
        (Role.COMPLIANCE, "compliance"),
        (Role.AUDITOR, "compliance"),
    ],
)
def test_the_first_page_is_that_of_the_role(role: Role, path: str) -> None:
    assert pages_of(frozenset({role}))[0].path == path
