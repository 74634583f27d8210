"""What waits for somebody's decision: calls for a person's roles, and what stands there though nobody called."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Engine

from lfr_core.custody.people.roles import Person, Role
from lfr_core.deployments.readiness import calendar, read_pending_withholdings
from lfr_core.deployments.reading import open_calls
from lfr_core.domain.deployments import DeploymentStatus
from lfr_core.domain.working_days import LONDON

__all__ = ["Waiting", "read_waiting"]

_OFFICER = Role.AUTHORISING_OFFICER
_WAITS = {
    DeploymentStatus.APPLIED: "decide on its application",
    DeploymentStatus.LIST_BUILT: "approve its list, or have it compiled anew",
}


@dataclass(frozen=True, slots=True)
class Waiting:
    """Something that waits for one of a person's roles."""

    deployment: str
    role: Role
    why: str
    since: datetime | None
    """London time; None where nobody called: the deployment just stands there."""


def read_waiting(engine: Engine, person: Person) -> tuple[Waiting, ...]:
    """Find calls for the person's roles, and deployments that wait for an officer though nobody called.

    Raises Retryable when the records are away.
    """
    calls = open_calls(engine, person.roles)
    found = [Waiting(one.deployment, one.role, one.why, one.at.astimezone(LONDON)) for one in calls]
    if _OFFICER in person.roles:
        called = {each.deployment for each in calls if each.role is _OFFICER}
        found += [
            Waiting(one.id, _OFFICER, _WAITS[one.status], None)
            for one in calendar(engine)
            if one.status in _WAITS and one.id not in called
        ]
        found += [
            Waiting(one.deployment, _OFFICER, one.words, one.asked_at.astimezone(LONDON))
            for one in read_pending_withholdings(engine)
            if not person.is_called(one.asked_by)
        ]
    return tuple(found)
