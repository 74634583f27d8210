"""Whether recorded rows stand on the audit trail: each entry says what the rows that changed with it were afterwards.

A row counts when the newest entry that names it has its digest. What was written past the platform has no such entry:
it is named, and the vault doesn't go by it (docs/decisions/0023-a-record-counts-with-its-entry.md).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from typing import Any, Final

from sqlalchemy import inspect
from sqlalchemy.orm import load_only
from sqlmodel import Session, select

from lfr_core.common.errors import Refused
from lfr_core.custody.audit.entry import Body, record_digest
from lfr_core.custody.audit.port import Verb
from lfr_core.custody.audit.record_parts import Part, Where
from lfr_core.domain.actors import SystemActor
from lfr_core.storage.plain_tables import find_odd_tables
from lfr_core.storage.recorded import (
    AS_OPENED,
    AS_SEALED,
    RECORDED,
    columns_of,
    is_recorded,
    key_of,
    opened_key_of,
    opened_text_of,
    sealed_text_of,
    text_of,
)
from lfr_core.storage.tables.alerts import AlertRow, AlertStubRow, digest_stubs
from lfr_core.storage.tables.deployments import DeploymentRow, PlannedDeploymentRow
from lfr_core.storage.tables.people import PersonIdentityRow, PersonRoleRow, PersonRow
from lfr_core.storage.tables.row import Row

__all__ = [
    "ADOPTED",
    "GENERATION",
    "NOT_ON_TRAIL",
    "OPENED",
    "PRUNED",
    "PUT_BACK",
    "TRAIL_PUT_BACK",
    "RecordedState",
    "digest_rows",
    "find_differences",
    "find_lost",
    "not_on_trail",
    "read_rows",
]

ADOPTED: Final = "records.adopted"
"""The rule of the entries that name the rows of a home of an earlier version, once."""
OPENED: Final = "alert.opened"
"""The rule of the entries that say that an alert was opened."""
NOT_ON_TRAIL: Final = "records.not-on-trail"
"""The rule by which nothing is done on a record that differs."""
PRUNED: Final = "audit.keep"
"""The rule of the entry that says up to which entry older ones were removed."""
PUT_BACK: Final = "keystore.put-back"
"""The rule of the vault's entry that says that the keystore is an earlier copy."""
TRAIL_PUT_BACK: Final = "trail.put-back"
"""The rule of the one that says that the trail is an older one than the keystore knew."""
GENERATION: Final = "generation"
"""The fact of an entry that says which generation of the keystore doesn't have the key any more."""
_ALERT_OPENED: Final = "alert_opened"
_REGISTER: Final = frozenset(str(kind.__tablename__) for kind in (PersonRow, PersonRoleRow))
_ACCOUNTS: Final = str(PersonIdentityRow.__tablename__)
_DEPLOYMENTS: Final = str(DeploymentRow.__tablename__)
_PLANNED: Final = str(PlannedDeploymentRow.__tablename__)


@dataclass(slots=True)
class RecordedState:
    """What the trail says of each recorded row, its entries taken in their order."""

    entries: dict[str, dict[str, tuple[str, int]]] = field(default_factory=dict)
    """By table and `key_of`: the `record_digest`, "" of a row that was deleted, and the entry's number."""
    by_owner: dict[str, dict[str, None]] = field(default_factory=dict)
    """The names by their table and the first column of their key, as `authority/market-square-1204`."""
    adopted: bool = False
    """Whether any entry names records, or says that there were none: from then on each row has its entry."""

    alerts: dict[str, int] = field(default_factory=dict)
    """Ids of those that were opened and aren't erased, with the number of the entry that says so."""
    destroyed: set[str] = field(default_factory=set)
    """Ids of the kept keys that were destroyed."""
    generation: int = 0
    """The keystore's, at the last destruction or in the last head that says it."""
    is_pruned: bool = False
    """Whether older entries were removed: then nobody says that no one was registered before."""
    anchor: int = 0
    """Up to where entries were removed, until their removal's own entry has been taken: pruning found all records as
    they should be, so what is first said of one in between is what it was."""

    def __post_init__(self) -> None:
        """Note whether entries were removed."""
        self.is_pruned = bool(self.anchor)

    def take_destroyed(self, body: Body) -> bool:
        """Take the next entry where it tells of a kept key's destruction; whether it does."""
        kind, _, key_id = body.subject.partition(":")
        if body.verb is not Verb.ERASE or kind != "key" or body.actor != str(SystemActor.VAULT):
            return False
        self.destroyed.add(key_id)
        self.generation = max(self.generation, int(body.facts.get(GENERATION, 0)))
        return True

    def take(self, body: Body) -> None:
        """Take the next entry.

        Who changes a row that was written in past the platform doesn't make it count: what the row was before must be
        what the trail says, or the entry says nothing of it. So it goes on differing.
        """
        self.adopted |= bool(body.records) or body.rule == ADOPTED
        kind, _, alert = body.subject.partition(":")
        if kind == "alert" and body.rule == OPENED:
            self.alerts[alert] = body.seq
        elif kind == "alert" and body.verb is Verb.ERASE:
            self.alerts.pop(alert, None)
            self.entries.get(_ALERT_OPENED, {}).pop(f"{_ALERT_OPENED}/{alert}", None)
        taken = {} if self._is_beyond_machine_user(body) else body.records
        for name, digests in taken.items():
            before, _, after = digests.partition(">")
            known = self.entries.setdefault(_table_of(name), {})
            if self.anchor and name not in known:
                known[name] = (before, 0)
            is_opening = name.startswith(f"{_ALERT_OPENED}/")  # said once: nobody says anew what an alert began as
            if known.get(name, ("", 0))[0] == before and not (is_opening and before and before != after):
                known[name] = (after, body.seq)
                self.by_owner.setdefault(_owner_of(name), {})[name] = None

        if body.rule == PRUNED and body.facts.get("up_to") == self.anchor:
            self.anchor = 0

    def _is_beyond_machine_user(self, body: Body) -> bool:
        """Return whether this machine's user changes a planned deployment, or registers or links anybody but the first.

        Where somebody is registered, one of compliance does that; who finds nobody has emptied the register. Such an
        entry says nothing of any row.
        """
        people = self.is_pruned or bool(self.entries.get("person"))
        accounts = self.is_pruned or bool(self.entries.get(_ACCOUNTS))
        return body.actor == str(SystemActor.LFR) and any(
            people
            if (table := _table_of(name)) in _REGISTER
            else (accounts and table == _ACCOUNTS and said[0] == ">")
            or (table == _DEPLOYMENTS and self.find(f"{_PLANNED}/{name.partition('/')[2]}") is not None)
            for name, said in body.records.items()
        )

    def names_of(self, kind: type[Row], part: Part) -> Iterable[str]:
        """Return the rows that the trail has, or had, of a part of a table."""
        if part.key is None:
            return self.entries.get(str(kind.__tablename__), {})
        begin = f"{part.key}/"
        of_owner = self.by_owner.get(_owner_of(part.key), {})
        return [name for name in of_owner if name == part.key or name.startswith(begin)]

    def find(self, name: str) -> tuple[str, int] | None:
        """Return a row's digest and the number of its newest entry, by its `key_of`; None: no entry names it."""
        return self.entries.get(_table_of(name), {}).get(name)


def find_differences(
    session: Session, state: RecordedState, records_key: bytes, where: Where | None = None
) -> Iterator[str]:
    """Compare rows with what the trail says of them; a sentence for each that differs, in one consistent look.

    Args:
        session: of `snapshot`, in which `state` was read too.
        state: of the whole trail.
        records_key: the installation's (`WriterKey`).
        where: which rows; None: all of them. Rows that are gone and that the trail has are found either way.
    """
    kinds = RECORDED if where is None else where
    yield from find_odd_tables(session, [str(kind.__tablename__) for kind in kinds])
    for kind in kinds:
        found = set()
        for row in _rows(session, kind, where):
            name = key_of(row)
            found.add(name)
            said = state.find(name)
            if said is None:
                if is_recorded(row):
                    yield f"{name} has no entry on the audit trail"
            elif said[0] != record_digest(records_key, text_of(row)):
                yield f"{name} isn't what entry {said[1]} of the audit trail says"
            if where is None and isinstance(row, DeploymentRow):
                yield from _stubs_differ(session, row)
            if kind in AS_OPENED:
                yield from _opening_differs(state, records_key, row)
            if isinstance(row, AlertRow) and row.state_digest != record_digest(records_key, sealed_text_of(row)):
                yield f"{name} has another similarity, time or count than the recorder gave it"
        if not RECORDED[kind].goes:
            yield from _gone(session, state, kind, None if where is None else where[kind], found)
    if where is None:
        there = {str(alert) for alert in session.exec(select(AlertRow.id))}
        for alert, seq in state.alerts.items():
            if alert not in there:
                yield f"alert/{alert}, opened by entry {seq} of the audit trail, is gone before it was due"


def _opening_differs(state: RecordedState, records_key: bytes, row: Row) -> Iterator[str]:
    """Compare a row with what it was made as, by the trail."""
    name = opened_key_of(row)
    said = state.find(name)
    if said is None:
        yield f"{name} has no entry on the audit trail"
    elif said[0] != record_digest(records_key, opened_text_of(row)):
        yield f"{name} isn't what entry {said[1]} of the audit trail says"


def _stubs_differ(session: Session, row: DeploymentRow) -> Iterator[str]:
    """Compare what stays of a deployment's alerts with what the deployment, which is recorded, says of it."""
    if row.stubs_sha256 is not None:
        stubs = session.exec(select(AlertStubRow).where(AlertStubRow.deployment == row.id))
        if digest_stubs(stubs) != row.stubs_sha256:
            yield f"alert_stub of {row.id}: they aren't what the deployment's newest entry says of them"


def digest_rows(session: Session, records_key: bytes, where: Where) -> dict[str, str]:
    """Return the digest of each of these rows as it is now, by its `key_of`."""
    return {
        key_of(row): record_digest(records_key, text_of(row)) for kind in where for row in _rows(session, kind, where)
    }


def find_lost(session: Session, state: RecordedState, records_key: bytes, kind: type[Row]) -> Iterator[tuple[str, int]]:
    """Find the rows of a table that the trail has, and that are gone or others now: name, and entry's number."""
    said = {name: each for name, each in state.entries.get(str(kind.__tablename__), {}).items() if each[0]}
    there = (
        {key_of(row): record_digest(records_key, text_of(row)) for row in session.exec(select(kind))} if said else {}
    )
    yield from ((name, seq) for name, (digest, seq) in said.items() if there.get(name) != digest)


def read_rows(session: Session, kind: type[Row], deployment: str) -> Iterator[Row]:
    """Read a deployment's rows of a recorded table, of each its key and what is recorded."""
    column = "id" if kind is DeploymentRow else "deployment"
    return _rows(session, kind, {kind: Part(inspect(kind).mapper.columns[column] == deployment, None)})


def _rows(session: Session, kind: type[Row], where: Where | None) -> Iterator[Row]:
    """Read rows of a table, of each its key and what is recorded: no picture."""
    wanted = select(kind).options(load_only(*_attributes(kind)))
    yield from session.exec(wanted if where is None else wanted.where(where[kind].rows))


def _gone(
    session: Session, state: RecordedState, kind: type[Row], part: Part | None, found: AbstractSet[str]
) -> Iterator[str]:
    """Find the rows that the trail has and the table hasn't; of `part` alone, where one is given."""
    said = state.entries.get(str(kind.__tablename__), {})
    names = said if part is None else state.names_of(kind, part)
    gone = [name for name in names if said[name][0] and name not in found]
    if gone and part is not None and part.key is None:  # of another part, perhaps
        (column,) = inspect(kind).mapper.primary_key
        there = {f"{kind.__tablename__}/{key}" for key in session.exec(select(column))}
        gone = [name for name in gone if name not in there]
    for name in gone:
        yield f"{name}, of entry {said[name][1]} of the audit trail, is gone from the records"


def not_on_trail(what: str, difference: str) -> Refused:
    """Return what is refused where a record doesn't count."""
    return Refused(
        NOT_ON_TRAIL,
        f"what the records say of {what} isn't what the audit trail says: {difference}. Somebody wrote in the database "
        "past the platform; nothing goes by it: compliance runs `lfr audit verify`, and keeps the database as it is",
    )


def _attributes(kind: type[Row]) -> list[Any]:
    """Return what of a table is read: its key and what is recorded, no picture."""
    mapper = inspect(kind).mapper
    names = {column.name for column in mapper.primary_key} | set(columns_of(kind)) | set(AS_OPENED.get(kind, ()))
    if kind in AS_SEALED:
        names |= {*AS_SEALED[kind], "state_digest"}
    return [mapper.attrs[name].class_attribute for name in sorted(names)]


def _table_of(name: str) -> str:
    return name.partition("/")[0]


def _owner_of(name: str) -> str:
    return "/".join(name.split("/", 2)[:2])
