"""Roles and ranks, registered people, and those of them who have shown who they are."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import TypeAlias

from lfr_core.common.clock import Clock, utc_from_ns
from lfr_core.common.errors import Refused
from lfr_core.domain.actors import Principal, SystemActor, same_person

__all__ = [
    "SERVICE_ROLES",
    "Actor",
    "AuthenticatedPerson",
    "Login",
    "Person",
    "Rank",
    "Role",
    "check_roles",
    "principal_of",
]


class Role(StrEnum):
    """What a person may do (docs/design.md#who-does-what). The value is how it is written and stored."""

    PLANNER = "planner"
    AUTHORISING_OFFICER = "authorising officer"
    OPERATOR = "operator"
    ENGAGING_OFFICER = "engaging officer"
    """In the street: sees what an operator has judged to be the same person, and records what they did."""
    PUBLICATION_OFFICER = "publication officer"
    COMPLIANCE = "compliance"
    AUDITOR = "auditor"
    """Reads everything without personal data, and changes nothing."""
    RESULTS_SERVICE = "results service"
    """A script that publishes results which people have decided, when they are due: what the flow does."""
    TRIALS_SERVICE = "trials service"
    """A script that runs trials, which play recordings: makes, fills, opens, suspends, resumes and ends them."""


SERVICE_ROLES = frozenset({Role.RESULTS_SERVICE, Role.TRIALS_SERVICE})
"""The closed list of what a service account may be for. No decision, no approval and nothing personal is in it."""


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
        """Return whether it is `other` or above."""
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
    former_names: tuple[str, ...] = field(default=(), kw_only=True)
    """Under which they were registered before, the newest last."""

    def is_called(self, name: str) -> bool:
        """Return whether a name on record is this person's, now or formerly: no name is ever another person's."""
        return any(same_person(name, each) for each in (self.name, *self.former_names))

    @property
    def may_act(self) -> bool:
        return self.revoked_at is None

    @property
    def rank_in_words(self) -> str:
        """Its value; "" for a service account: a script holds none."""
        return "" if self.roles & SERVICE_ROLES else self.rank.value


@dataclass(frozen=True, slots=True)
class Login:
    """Which login showed who somebody is: asked about again at each act, so that an ended session acts no more."""

    issuer: str
    subject: str
    at: datetime | None
    """Aware; None: it was shown just now, as a service's key is."""
    ends_at: datetime | None
    """Aware; None: it has no end of its own."""
    clock: Clock = field(compare=False, repr=False)
    """By which it ends."""
    shown: str = field(default="", repr=False, compare=False)
    """The provider's signed token, or a service account's key: what the vault is shown. Never kept on record."""

    @property
    def is_over(self) -> bool:
        """Whether it has come to its end."""
        return self.ends_at is not None and utc_from_ns(self.clock.time_ns()) >= self.ends_at


@dataclass(frozen=True, slots=True)
class AuthenticatedPerson(Person):
    """A registered person who has shown who they are. What services take for a person who acts or looks.

    Only `lfr_core.custody.people.identities` makes one, from an account that the register holds
    (tests/unit/custody/people/test_who_makes_actors.py). Roles are as found then: services look them up again at each
    act.
    """

    login: Login


Actor: TypeAlias = AuthenticatedPerson | SystemActor
"""Who acts: a person who has shown who they are, or a part of the platform. No text is either."""


def principal_of(by: Actor) -> Principal:
    """Return `by` as the audit trail and the vault are told.

    Raises:
        Refused: `actor.not-authenticated`: it is a text, or a person who hasn't shown who they are.
    """
    if isinstance(by, SystemActor):
        return by
    if not isinstance(by, AuthenticatedPerson):
        raise Refused("actor.not-authenticated", "a name isn't enough to act: log in (`lfr login`)")
    return by.name


def check_roles(roles: Collection[Role], rank: Rank) -> frozenset[Role]:
    """Return the roles, if one person may hold them together at that rank.

    Raises:
        Refused: `people.no-role`; `people.auditor-only-reads` (docs/design.md#who-does-what: the auditor reads
            and does nothing else); `people.service-alone`; `people.rank`: an authorising officer below superintendent
            (docs/domain.md A2).
    """
    held = frozenset(roles)
    if not held:
        raise Refused("people.no-role", f"give at least one role: {', '.join(Role)}")
    if Role.AUDITOR in held and len(held) > 1:
        raise Refused("people.auditor-only-reads", "an auditor only reads: register the auditor without any other role")
    if held & SERVICE_ROLES and len(held) > 1:
        raise Refused("people.service-alone", "a service account does one thing: make one for each")
    if Role.AUTHORISING_OFFICER in held and not rank.at_least(Rank.SUPERINTENDENT):
        raise Refused(
            "people.rank", f"an authorising officer is a superintendent or above; {rank.value} is below: name another"
        )
    return held
