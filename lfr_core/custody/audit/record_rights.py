"""Of which recorded tables entries may name rows: by the process that writes them, and by the part it writes them as.

Nobody is made a superintendent by a worker's entry; nor by one of this machine's user, or of the sweep, that whoever
holds the commands' key writes without anybody's login.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Final

from lfr_core.domain.actors import SPEAKS_FOR_PEOPLE, ProcessIdentity, SystemActor, is_part

__all__ = ["may_record"]

_STANDING: Final = frozenset({"deployment"})
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
        | {"announcement", "canary", "certificate", "promise_result", "promise_state"},
        ProcessIdentity.PURGE: _STANDING | _HOLDS,
        ProcessIdentity.RECORD: frozenset({"alert_opened"}),
        ProcessIdentity.WATCH: _STANDING,
    }
)
"""Where nobody is logged in; any, where people log in."""
_RECORDS_AS: Final[Mapping[str, frozenset[str]]] = MappingProxyType(
    {
        str(part): tables
        for part, tables in {
            SystemActor.ERASURE: frozenset({"canary", "certificate"}),
            SystemActor.FLOWS: _STANDING | _COMPILED | _PUBLISHED | {"announcement"},
            SystemActor.LFR: _PUBLISHED
            | {"deployment", "deployment_decided", "deployment_list"}
            | {"person", "person_identity", "person_identity_linked", "person_role"},
            SystemActor.PROMISES: frozenset({"promise_result", "promise_state"}),
            SystemActor.RECORDER: frozenset({"alert_opened"}),
            SystemActor.RETENTION: _STANDING,
            SystemActor.RIGHTS: _HOLDS,
            SystemActor.WATCH: _STANDING,
        }.items()
    }
)
"""As a part of the platform. What else `SystemActor.LFR` may not is in `RecordedState`."""


def may_record(identity: ProcessIdentity | None, actor: str, names: Iterable[str]) -> bool:
    """Return whether an entry of that process may name these records.

    Args:
        identity: None where nobody is asked who they are (tests): then it may.
        actor: as the entry has it.
        names: of the records, each its `key_of`.
    """
    if identity in (None, ProcessIdentity.VAULT):
        return True
    tables = {name.partition("/")[0] for name in names}
    if is_part(actor) and not tables <= _RECORDS_AS.get(actor, frozenset()):
        return False
    return identity in SPEAKS_FOR_PEOPLE or tables <= _RECORDS.get(identity, frozenset())
