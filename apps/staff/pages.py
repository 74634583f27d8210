"""Which pages the staff's app has, and for whom. Imports no Streamlit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from lfr_core.custody.people.roles import Role

__all__ = ["STAFF_PAGES", "StaffPage", "pages_of"]


@dataclass(frozen=True, slots=True)
class StaffPage:
    """A page: what it is called, its path at the pages' address, and who may open it."""

    title: str
    path: str
    roles: frozenset[Role]


STAFF_PAGES: Final = (
    StaffPage("Operator", "operator", frozenset({Role.OPERATOR})),
    StaffPage("Street", "street", frozenset({Role.ENGAGING_OFFICER})),
    StaffPage("Publication", "publication", frozenset({Role.PUBLICATION_OFFICER})),
    StaffPage("Compliance", "compliance", frozenset({Role.COMPLIANCE, Role.AUDITOR})),
    StaffPage("Planning", "planning", frozenset(Role)),
    StaffPage("Enquiries", "enquiries", frozenset({Role.COMPLIANCE, Role.AUTHORISING_OFFICER})),
)
"""In the order of the menu: the first that is for somebody is theirs at `/`."""


def pages_of(roles: frozenset[Role]) -> tuple[StaffPage, ...]:
    """Return the pages that somebody with these roles may open."""
    return tuple(each for each in STAFF_PAGES if each.roles & roles)
