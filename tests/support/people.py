"""A register of people for tests: one person for each role."""

from __future__ import annotations

from sqlalchemy import Engine

from lfr_core.clock import Clock
from lfr_core.people import People, Rank, Role
from tests.support.records import ManualClock
from tests.support.vaults import trail_of

__all__ = ["CAST", "register", "registered"]

CAST = {
    "Dee Compliance": ({Role.COMPLIANCE}, Rank.POLICE_STAFF),
    "Pat Planner": ({Role.PLANNER}, Rank.SERGEANT),
    "Sue Perintendent": ({Role.AUTHORISING_OFFICER, Role.PLANNER}, Rank.SUPERINTENDENT),
    "Olu Operator": ({Role.OPERATOR}, Rank.CONSTABLE),
    "Una Publisher": ({Role.PUBLICATION_OFFICER}, Rank.POLICE_STAFF),
    "Ada Auditor": ({Role.AUDITOR}, Rank.POLICE_STAFF),
}
"""The first is of compliance and registers the others."""


def register(engine: Engine, clock: Clock | None = None) -> People:
    """An empty register on the test's database, with its trail."""
    return People(engine, trail_of(engine), clock or ManualClock())


def registered(engine: Engine, clock: Clock | None = None) -> People:
    """A register with everybody of `CAST` on it."""
    people = register(engine, clock)
    first = next(iter(CAST))
    for name, (roles, rank) in CAST.items():
        people.add(name, roles, rank, by=first)
    return people
