"""People of a demonstration: played by the program, in records that hold nobody else.

The only way to act without a login. It is refused where anybody else is registered, so no force's records take it; on
the audit trail this machine's user registers the first of them.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

from lfr_core.common.errors import Refused
from lfr_core.custody.people.roles import AuthenticatedPerson, Person, Rank, Role
from lfr_core.custody.people.store import People
from lfr_core.domain.actors import SystemActor

__all__ = ["play_people"]


def play_people(people: People, cast: Mapping[str, tuple[Collection[Role], Rank]]) -> Mapping[str, AuthenticatedPerson]:
    """Register those of `cast` who aren't, the first of compliance, and return them as people who may act.

    Raises:
        Refused: `run.not-own-records`: somebody else is registered there; as `People.add`.
        Retryable: records or vault are away.
    """
    known = {each.name: each for each in people.list()}
    if strangers := sorted(known.keys() - cast.keys()):
        raise Refused(
            "run.not-own-records",
            f"these records have a register of people ({strangers[0]} is on it): who acts there logs in. A run needs "
            "records of its own: leave LFR_DATABASE_URL unset",
        )
    first: AuthenticatedPerson | None = None
    played = {}
    for name, (roles, rank) in cast.items():
        person = known.get(name) or people.add(name, roles, rank, by=first or SystemActor.LFR)
        played[name] = _played(person)
        first = first or played[name]
    return played


def _played(person: Person) -> AuthenticatedPerson:
    known = (person.name, person.roles, person.rank, person.added_at, person.revoked_at)
    return AuthenticatedPerson(*known, login=None, former_names=person.former_names)
