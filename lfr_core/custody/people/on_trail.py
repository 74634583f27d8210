"""As what the audit trail has people of the register: who acts by a number, who is acted on by another.

A number is the vault's pseudonym of a name, so a person has one for each name that they had; an entry about a person
names the register's row (`person:4`). No name is on the trail: who is who can be told with the vault alone.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy import Engine
from sqlmodel import col, select

from lfr_core.domain.actors import same_person
from lfr_core.storage.engine import reading
from lfr_core.storage.tables.people import PersonRow

__all__ = ["OnTrail", "read_people_on_trail"]


@dataclass(frozen=True, slots=True)
class OnTrail:
    """A person of the register, as the trail has them."""

    subject: str
    """Of entries about them."""
    names: tuple[str, ...]
    """Theirs, the one of now first."""
    pseudonym: Callable[[str], str]
    """The vault's."""

    def is_called(self, name: str) -> bool:
        return any(same_person(name, each) for each in self.names)

    def numbers(self) -> tuple[str, ...]:
        """Return the numbers under which they acted, that of now first. Raises Retryable: the vault is away."""
        return tuple(map(self.pseudonym, self.names))


def read_people_on_trail(engine: Engine, pseudonym: Callable[[str], str]) -> tuple[OnTrail, ...]:
    """Read everybody, the revoked too, in the register's order. Raises Retryable: the records are away."""
    with reading(engine) as session:
        rows = session.exec(select(PersonRow).order_by(col(PersonRow.id))).all()
        return tuple(
            OnTrail(f"person:{row.id}", (row.name, *reversed(row.former_names.splitlines())), pseudonym) for row in rows
        )
