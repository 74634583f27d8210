"""Who asks for a hold and who approves it: two registered people in sessions of their own, and never the same one."""

from __future__ import annotations

from typing import Final

from lfr_core.common.errors import Refused
from lfr_core.custody.people.roles import Person, Role

__all__ = ["HOLDERS", "PROVISIONAL_DAYS", "check_two_people"]

HOLDERS: Final = frozenset({Role.COMPLIANCE, Role.AUTHORISING_OFFICER})
"""Who may keep footage beyond its days, and let go of it."""
PROVISIONAL_DAYS: Final = 14
"""[proposal] Days for which a hold stands that one person asked for and nobody has approved."""


def check_two_people(requested_by: str, approving: Person) -> None:
    """Raise Refused `footage.hold-one-person` when who approves is who asked, under whatever name."""
    if approving.is_called(requested_by):
        raise Refused("footage.hold-one-person", "a hold needs two people: somebody else than who asks has to approve")
