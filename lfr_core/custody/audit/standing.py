"""How a deployment stands by the trail alone: which entries moved it, and whether whoever wrote them could.

A row's digest says that an entry changed it, and not what. The watch, which suspends, could so have a suspended
deployment go on, and the sweep, which ends what is overdue, say of another that it ended yesterday. So the status that
entries say is followed from one to the next, by the moves that each part of the platform makes, and the row is held
against that; so are the times at which it opened and ended.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from types import MappingProxyType
from typing import Final

from lfr_core.custody.audit.entry import Body
from lfr_core.custody.vault.writer_keys import CLOCKS_APART_NS
from lfr_core.domain.actors import SystemActor, is_part
from lfr_core.domain.deployments import DeploymentStatus as Status

__all__ = ["AT", "MOVES", "PEOPLES_MOVES", "STATUS", "Standing", "find_otherwise", "in_ns", "take_move"]

STATUS: Final = "status"
"""The fact of a step's entry that says how the deployment stands after it."""
AT: Final = "at_ns"
"""The fact of one that opens or ends a deployment that says which time its row says of that."""
_OPENED: Final = frozenset({Status.LIVE, Status.SUSPENDED})
_BEFORE_OPEN: Final = frozenset(Status) - _OPENED - {Status.ENDED, Status.CANCELLED}


def _from(befores: frozenset[Status], after: Status) -> frozenset[tuple[Status, Status]]:
    return frozenset((before, after) for before in befores)


_GIVEN_UP: Final = _from(_BEFORE_OPEN, Status.CANCELLED)
_TRIAL: Final = frozenset({(Status.DRAFT, Status.READY)}) | _from(frozenset({Status.DRAFT, Status.READY}), Status.ENDED)
_RUN: Final = (
    _from(_OPENED, Status.SUSPENDED)
    | _from(_OPENED, Status.ENDED)
    | {(Status.READY, Status.LIVE), (Status.SUSPENDED, Status.LIVE)}
)
_COMPILED: Final = _from(frozenset({Status.AUTHORISED, Status.LIST_BUILT}), Status.LIST_BUILT)
MOVES: Final[Mapping[str, frozenset[tuple[Status, Status]]]] = MappingProxyType(
    {
        str(SystemActor.FLOWS): _COMPILED | {(Status.READY, Status.LIVE)} | _from(_OPENED, Status.ENDED) | _GIVEN_UP,
        str(SystemActor.LFR): _TRIAL | _RUN,
        str(SystemActor.RETENTION): _from(_OPENED | {Status.DRAFT, Status.READY}, Status.ENDED) | _GIVEN_UP,
        str(SystemActor.WATCH): _from(_OPENED, Status.SUSPENDED),
    }
)
"""From where to where a part of the platform moves deployments: as `lfr_core.deployments.steps` lets it."""
PEOPLES_MOVES: Final = (
    _from(frozenset({Status.DRAFT, Status.APPLIED, Status.AUTHORISED}), Status.DRAFT)
    | {(Status.DRAFT, Status.APPLIED), (Status.APPLIED, Status.AUTHORISED)}
    | _COMPILED
    | {(Status.LIST_BUILT, Status.LIST_APPROVED), (Status.LIST_APPROVED, Status.READY)}
    | _RUN
    | _GIVEN_UP
    | _TRIAL
)
"""From where to where people do: nobody has one go on that has ended."""


@dataclass(frozen=True, slots=True)
class Standing:
    """Where the trail left a deployment."""

    status: Status
    seq: int
    """Of the entry that left it there."""
    opened_ns: int | None
    """When it was opened; 0: it wasn't; None: the trail doesn't say."""
    ended_ns: int | None
    """When it ended, the same."""


def take_move(known: Standing | None, body: Body) -> Standing | None:
    """Return where a deployment stands after an entry about it: as before, where whoever wrote it can't move it so.

    `known`: where it stood; None: no entry says. The first that there is counts, whatever it says.
    """
    said = str(body.facts.get(STATUS, ""))
    if said not in set(Status):
        return known
    after = Status(said)
    if known is None:
        never = 0 if after is Status.DRAFT else None  # else entries before it were removed, or said nothing
        return Standing(after, body.seq, never, never)
    moves = MOVES.get(body.actor, frozenset()) if is_part(body.actor) else PEOPLES_MOVES
    if after is known.status:
        return known
    if (known.status, after) not in moves:
        return known
    moved, at_ns = replace(known, status=after, seq=body.seq), _time_of(body)
    if after.is_over:
        return replace(moved, ended_ns=at_ns)
    return replace(moved, opened_ns=at_ns) if (known.status, after) == (Status.READY, Status.LIVE) else moved


def find_otherwise(
    name: str, standing: Standing | None, status: str, opened_at: datetime | None, ended_at: datetime | None
) -> Iterator[str]:
    """Find what a deployment's row says otherwise than the trail. `name`: as the trail calls the row."""
    if standing is None:
        return
    if status != standing.status:
        yield f"{name} is called {status}, and entry {standing.seq} of the audit trail left it {standing.status.value}"
    for what, at, said in (("opened", opened_at, standing.opened_ns), ("ended", ended_at, standing.ended_ns)):
        at_ns = 0 if at is None else in_ns(at)
        if said is not None and at_ns != said:
            yield f"{name} says that it was {what} at another time than the audit trail does"


def in_ns(at: datetime) -> int:
    """Return a row's time in nanoseconds since the epoch, as far as the records keep it: to the microsecond."""
    return round(at.timestamp() * 1e6) * 1_000


def _time_of(body: Body) -> int | None:
    """Return the time that an entry says of what it opens or ends: its own, where a part says one far from that.

    This machine's user moves trials alone, of which nothing is published.
    """
    said, actor = body.facts.get(AT), body.actor
    if not isinstance(said, int):
        return None  # an earlier version's
    is_believed = not is_part(actor) or actor == str(SystemActor.LFR) or abs(said - body.at_ns) <= CLOCKS_APART_NS
    return said if is_believed else body.at_ns
