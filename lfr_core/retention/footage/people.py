"""Who asks for a hold and who approves it: two registered people, and never the same one twice."""

from __future__ import annotations

from typing import Final

from sqlmodel import Session

from lfr_core.common.errors import Refused
from lfr_core.custody.people.lookup import acting
from lfr_core.custody.people.roles import Role
from lfr_core.domain.actors import person_name, same_person

__all__ = ["HOLDERS", "check_two_people", "two_people"]

HOLDERS: Final = frozenset({Role.COMPLIANCE, Role.AUTHORISING_OFFICER})
"""Who may keep footage beyond its days, and let go of it."""


def two_people(session: Session, requested_by: str, approved_by: str) -> tuple[str, str]:
    """The two names as they are registered.

    Raises:
        Refused: `actor.not-a-person`, `people.*`, `footage.hold-one-person`: they are the same.
    """
    names = [acting(session, person_name(name), HOLDERS).name for name in (requested_by, approved_by)]
    check_two_people(*names)
    return names[0], names[1]


def check_two_people(requested_by: str, approved_by: str) -> None:
    """Raises Refused `footage.hold-one-person` when the two are one person."""
    if same_person(requested_by, approved_by):
        raise Refused("footage.hold-one-person", "a hold needs two people: somebody else than who asks has to approve")
