"""Who may do what: registered people, their roles and their rank."""

from __future__ import annotations

from lfr_core.custody.people.roles import Actor, AuthenticatedPerson, Person, Rank, Role
from lfr_core.custody.people.store import People, acting, find_person

__all__ = ["Actor", "AuthenticatedPerson", "People", "Person", "Rank", "Role", "acting", "find_person"]
