"""Roles and ranks, and what is so of a person whatever is kept of them."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from lfr_core.common.errors import Refused

__all__ = ["Person", "Rank", "Role", "check_roles"]


class Role(StrEnum):
    """What a person may do (docs/design.md#who-does-what). The value is how it is written and stored."""

    PLANNER = "planner"
    AUTHORISING_OFFICER = "authorising officer"
    OPERATOR = "operator"
    PUBLICATION_OFFICER = "publication officer"
    COMPLIANCE = "compliance"
    AUDITOR = "auditor"
    """Reads everything without personal data, and changes nothing."""


class Rank(StrEnum):
    """Ranks of a territorial police force in England, the lowest first; police staff hold none."""

    POLICE_STAFF = "police staff"
    CONSTABLE = "constable"
    SERGEANT = "sergeant"
    INSPECTOR = "inspector"
    CHIEF_INSPECTOR = "chief inspector"
    SUPERINTENDENT = "superintendent"
    CHIEF_SUPERINTENDENT = "chief superintendent"
    ASSISTANT_CHIEF_CONSTABLE = "assistant chief constable"
    DEPUTY_CHIEF_CONSTABLE = "deputy chief constable"
    CHIEF_CONSTABLE = "chief constable"

    def at_least(self, other: Rank) -> bool:
        """Whether it is `other` or above."""
        order = list(Rank)
        return order.index(self) >= order.index(other)


@dataclass(frozen=True, slots=True)
class Person:
    """A registered person."""

    name: str
    roles: frozenset[Role]
    rank: Rank
    added_at: datetime
    """Aware; of the newest registration, if it was revoked in between."""
    revoked_at: datetime | None

    @property
    def may_act(self) -> bool:
        return self.revoked_at is None


def check_roles(roles: Collection[Role], rank: Rank) -> frozenset[Role]:
    """The roles, if one person may hold them together at that rank.

    Raises:
        Refused: `people.no-role`; `people.auditor-only-reads` (docs/design.md#who-does-what: the auditor reads
            and does nothing else); `people.rank`: an authorising officer below superintendent (docs/domain.md A2).
    """
    held = frozenset(roles)
    if not held:
        raise Refused("people.no-role", f"give at least one role: {', '.join(Role)}")
    if Role.AUDITOR in held and len(held) > 1:
        raise Refused("people.auditor-only-reads", "an auditor only reads: register the auditor without any other role")
    if Role.AUTHORISING_OFFICER in held and not rank.at_least(Rank.SUPERINTENDENT):
        raise Refused(
            "people.rank", f"an authorising officer is a superintendent or above; {rank.value} is below: name another"
        )
    return held
