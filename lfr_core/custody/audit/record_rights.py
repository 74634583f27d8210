"""Of which recorded tables entries may name rows: by the process that writes them, and by who it writes them as.

Nobody is made a superintendent by a worker's entry; nor by one of this machine's user, or of the sweep, that whoever
holds the commands' key writes without anybody's login; nor by one of a person who is an operator, or a script.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from types import MappingProxyType
from typing import Final

from lfr_core.custody.people.roles import SERVICE_ROLES, Role
from lfr_core.domain.actors import SPEAKS_FOR_PEOPLE, ProcessIdentity, SystemActor, is_part

__all__ = ["IN_ROLE", "may_record"]

_STANDING: Final = frozenset({"deployment", "life_step"})
"""How a deployment stands, since when; what was decided of it, and its list, are parts with names of their own."""
_COMPILED: Final = frozenset({"deployment_list", "life"})
_HOLDS: Final = frozenset({"complaint_hold", "footage_hold"})
_PUBLISHED: Final = frozenset({"published_record", "results", "watchlist_composition"})
_RECORDS: Final[Mapping[ProcessIdentity, frozenset[str]]] = MappingProxyType(
    {
        ProcessIdentity.FLOWS: _STANDING
        | _COMPILED
        | _HOLDS
        | _PUBLISHED
        | {"announcement", "canary", "certificate", "promise_result", "promise_state", "proof"},
        ProcessIdentity.PURGE: _STANDING | _HOLDS,
        ProcessIdentity.RECORD: frozenset({"alert_opened", "proof"}),
        ProcessIdentity.WATCH: _STANDING | {"fuse_trip", "proof"},
    }
)
"""Where nobody is logged in; any, where people log in."""
_RECORDS_AS: Final[Mapping[str, frozenset[str]]] = MappingProxyType(
    {
        str(part): tables
        for part, tables in {
            SystemActor.ERASURE: frozenset({"canary", "certificate"}),
            SystemActor.FLOWS: _STANDING | _COMPILED | _PUBLISHED | {"announcement", "proof"},
            SystemActor.LFR: _PUBLISHED
            | {"deployment", "deployment_decided", "deployment_list", "life_step", "proof"}
            | {"person", "person_identity", "person_identity_linked", "person_role"},
            SystemActor.PROMISES: frozenset({"promise_result", "promise_state"}),
            SystemActor.RECORDER: frozenset({"alert_opened", "proof"}),
            SystemActor.RETENTION: _STANDING,
            SystemActor.RIGHTS: _HOLDS,
            SystemActor.SELF_TEST: frozenset({"proof"}),
            SystemActor.WATCH: _STANDING | {"fuse_trip", "proof"},
        }.items()
    }
)
"""As a part of the platform. What else `SystemActor.LFR` may not is in `RecordedState`."""
_PLANNER, _OFFICER, _OPERATOR = Role.PLANNER, Role.AUTHORISING_OFFICER, Role.OPERATOR
_COMPLIANCE, _PUBLISHES, _TRIALS = Role.COMPLIANCE, Role.PUBLICATION_OFFICER, Role.TRIALS_SERVICE
_STAFF: Final = frozenset(Role) - SERVICE_ROLES - {Role.AUDITOR}
_NOBODYS: Final = frozenset[Role]()
IN_ROLE: Final[Mapping[str, frozenset[Role]]] = MappingProxyType(
    {
        "alert": frozenset({_OPERATOR, Role.ENGAGING_OFFICER}),
        "alert_answer": frozenset({_OPERATOR, Role.ENGAGING_OFFICER}),
        "announcement": frozenset({_PLANNER, _OFFICER, _PUBLISHES}),
        "application": frozenset({_PLANNER}),
        "authority": frozenset({_OFFICER}),
        "blue_list_pass": frozenset({_OPERATOR}),
        "blue_list_plan": frozenset({_PLANNER, _OPERATOR}),
        "complaint_hold": frozenset(Role) - SERVICE_ROLES,
        "deployment": frozenset({_PLANNER, _OFFICER, _OPERATOR, _COMPLIANCE, _TRIALS}),
        "deployment_decided": frozenset({_PLANNER, _OFFICER, _OPERATOR, _TRIALS}),
        "deployment_list": frozenset({_PLANNER, _OFFICER, _OPERATOR, _TRIALS}),
        "footage_hold": frozenset(Role) - SERVICE_ROLES,
        "life": frozenset({_PLANNER, _OFFICER, _OPERATOR, _COMPLIANCE}),
        "life_decided": frozenset({_PLANNER, _OFFICER, _OPERATOR}),
        "life_step": frozenset({_PLANNER, _OFFICER, _OPERATOR, _COMPLIANCE, _PUBLISHES, _TRIALS}),
        "paper": frozenset({_COMPLIANCE, _OFFICER}),
        "person": frozenset({_COMPLIANCE}),
        "person_identity": frozenset(Role),
        "person_identity_linked": frozenset({_COMPLIANCE}),
        "person_role": frozenset({_COMPLIANCE}),
        "place_plan": frozenset({_PLANNER}),
        "proof": frozenset(Role) - {Role.AUDITOR, Role.RESULTS_SERVICE},
        "promise_statement": frozenset({_COMPLIANCE}),
        "published_record": frozenset({_PUBLISHES, Role.RESULTS_SERVICE}),
        "results": _STAFF | {Role.RESULTS_SERVICE},
        "rights_request": frozenset(Role) - SERVICE_ROLES,
        "sign_on": frozenset({_OPERATOR, Role.ENGAGING_OFFICER}),
        "stop_receipt": frozenset({_OPERATOR, Role.ENGAGING_OFFICER}),
        "watchlist_composition": frozenset({_PLANNER, _OFFICER, _OPERATOR, _TRIALS}),
        "withholding_request": frozenset({_PLANNER, _OFFICER, _PUBLISHES}),
    }
)
"""As a person: in any of these roles; of what isn't named here nobody's entry names rows. Of their own accounts people
end the sessions; a request, with its hold, is taken by whoever is asked."""


def may_record(
    identity: ProcessIdentity | None, actor: str, names: Iterable[str], roles: Collection[str] | None = None
) -> bool:
    """Return whether an entry of that process may name these records.

    Args:
        identity: None where nobody is asked who they are (tests): then it may.
        actor: as the entry has it.
        names: of the records, each its `key_of`.
        roles: of the person who acts, with which the key was lent that the entry is sealed with (`Writer.roles`); None:
            it was lent by an earlier version, and counts for its day.
    """
    tables = {name.partition("/")[0] for name in names}
    if (
        not is_part(actor)
        and roles is not None
        and not all(IN_ROLE.get(each, _NOBODYS) & set(roles) for each in tables)
    ):
        return False
    if identity in (None, ProcessIdentity.VAULT):
        return True
    if is_part(actor) and not tables <= _RECORDS_AS.get(actor, frozenset()):
        return False
    return identity in SPEAKS_FOR_PEOPLE or tables <= _RECORDS.get(identity, frozenset())
