"""What the audit trail says of recorded rows, as its entries are taken one after another."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from lfr_core.custody.audit.entry import Body
from lfr_core.custody.audit.port import Verb
from lfr_core.custody.audit.record_parts import Part
from lfr_core.custody.audit.standing import Standing, take_move
from lfr_core.custody.vault.erasure_events import KEY_OF
from lfr_core.custody.vault.writer_keys import CLOCKS_APART_NS
from lfr_core.domain.actors import SystemActor
from lfr_core.storage.recorded import SAID_ONCE, parts_of
from lfr_core.storage.tables.deployments import DeploymentRow, PlannedDeploymentRow
from lfr_core.storage.tables.people import PersonIdentityRow, PersonRoleRow, PersonRow
from lfr_core.storage.tables.row import Row

__all__ = [
    "ADOPTED",
    "CARRIED",
    "DUE",
    "GENERATION",
    "IS_CANARY",
    "OPENED",
    "PRUNED",
    "PUT_BACK",
    "TRAIL_PUT_BACK",
    "RecordedState",
]

ADOPTED: Final = "records.adopted"
"""The rule of the entries that name the rows of a home of an earlier version, once."""
CARRIED: Final = "records.carried"
"""The rule of the vault's entries that say again what entries that go said of records."""
OPENED: Final = "alert.opened"
"""The rule of the entries that say that an alert was opened."""
PRUNED: Final = "audit.keep"
"""The rule of the entry that says up to which entry older ones were removed."""
PUT_BACK: Final = "keystore.put-back"
"""The rule of the vault's entry that says that the keystore is an earlier copy."""
TRAIL_PUT_BACK: Final = "trail.put-back"
"""The rule of the one that says that the trail is an older one than the keystore knew."""
GENERATION: Final = "generation"
"""The fact of an entry that says which generation of the keystore doesn't have the key any more."""
DUE: Final = "due_ns"
"""The fact of the entry of an alert's opening that says when it is due, as the keystore does."""
IS_CANARY: Final = "canary"
"""The fact that says whether it is one of nobody, which leaves no stub: 1 or 0."""
_ALERT_OPENED: Final = "alert_opened"
_REGISTER: Final = frozenset(str(kind.__tablename__) for kind in (PersonRow, PersonRoleRow))
_ACCOUNTS: Final = str(PersonIdentityRow.__tablename__)
_OF_ACCOUNTS: Final = frozenset({_ACCOUNTS, *parts_of(PersonIdentityRow)})
_OF_DEPLOYMENTS: Final = frozenset({str(DeploymentRow.__tablename__), *parts_of(DeploymentRow)})
_PLANNED: Final = str(PlannedDeploymentRow.__tablename__)


@dataclass(frozen=True, slots=True)
class OpenedAlert:
    """An alert that was opened and isn't erased."""

    seq: int
    """Of the entry that says so."""
    deployment: str
    due_ns: int | None
    """None: an earlier version's entry, which doesn't say."""
    leaves_stub: bool
    """Whether something stays of it for the published record; of an earlier version's that isn't known."""


@dataclass(slots=True)
class RecordedState:
    """What the trail says of each recorded row, its entries taken in their order."""

    entries: dict[str, dict[str, tuple[str, int]]] = field(default_factory=dict)
    """By table and `key_of`: the `record_digest`, "" of a row that was deleted, and the entry's number."""
    by_owner: dict[str, dict[str, None]] = field(default_factory=dict)
    """The names by their table and the first column of their key, as `authority/market-square-1204`."""
    adopted: bool = False
    """Whether any entry names records, or says that there were none: from then on each row has its entry."""

    alerts: dict[str, OpenedAlert] = field(default_factory=dict)
    """By the ids of those that were opened and aren't erased."""
    stubs: dict[str, int] = field(default_factory=dict)
    """By deployment: how many alerts were erased that leave something for the published record."""
    standing: dict[str, Standing] = field(default_factory=dict)
    """By deployment, as far as the trail says."""
    without_key: set[str] = field(default_factory=set)
    """Alerts whose key the vault has destroyed, and that aren't erased yet."""
    destroyed: set[str] = field(default_factory=set)
    """Ids of the kept keys that were destroyed."""
    generation: int = 0
    """The keystore's, at the last destruction or in the last head that says it."""
    is_pruned: bool = False
    """Whether older entries were removed: then nobody says that no one was registered before."""
    anchor: int = 0
    """Up to where entries were removed, until the vault's entry that says again what they said (`CARRIED`) was taken:
    what is said of a record in between is believed until then."""
    unsure: dict[str, None] = field(default_factory=dict)
    """The records of which that is so."""

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
        kind, _, id_ = body.subject.partition(":")
        if kind == "alert":
            self._take_alert(id_, body)
        elif kind == "key" and body.actor == str(SystemActor.VAULT) and KEY_OF in body.facts:
            self.without_key.add(str(body.facts[KEY_OF]))
        elif kind == "deployment" and f"deployment/{id_}" in body.records:
            moved = take_move(self.standing.get(id_), body)
            if moved is not None:
                self.standing[id_] = moved
        if body.rule == CARRIED and body.actor == str(SystemActor.VAULT):
            self._take_carried(body)
        taken = {} if self._is_beyond_machine_user(body) else body.records
        for name, digests in taken.items():
            before, _, after = digests.partition(">")
            known = self.entries.setdefault(_table_of(name), {})
            if self.anchor and before and name not in known:
                known[name] = (before, 0)
                self.unsure[name] = None
            is_changed = bool(before) and before != after  # nobody says anew what was said once for all
            if known.get(name, ("", 0))[0] == before and not (is_changed and _table_of(name) in SAID_ONCE):
                known[name] = (after, body.seq)
                self.by_owner.setdefault(_owner_of(name), {})[name] = None

    def _take_alert(self, alert: str, body: Body) -> None:
        """Take that an alert was opened, by the recorder; or erased, by the sweep, when it was due.

        Before that only where the vault has destroyed its key: it does so of test subjects, once all is over.
        """
        if body.rule == OPENED and body.actor == str(SystemActor.RECORDER):
            due = body.facts.get(DUE)
            leaves_stub = body.facts.get(IS_CANARY) == 0
            self.alerts[alert] = OpenedAlert(
                body.seq, body.deployment, due if isinstance(due, int) else None, leaves_stub
            )
        elif body.verb is Verb.ERASE and body.actor == str(SystemActor.RETENTION):
            opened = self.alerts.get(alert)
            is_due = opened is None or opened.due_ns is None or body.at_ns >= opened.due_ns - CLOCKS_APART_NS
            if not is_due and alert not in self.without_key:
                return
            self.without_key.discard(alert)
            self.alerts.pop(alert, None)
            self.entries.get(_ALERT_OPENED, {}).pop(f"{_ALERT_OPENED}/{alert}", None)
            if opened is not None and opened.leaves_stub:
                self.stubs[opened.deployment] = self.stubs.get(opened.deployment, 0) + 1

    def _take_carried(self, body: Body) -> None:
        """Take what the vault says again: that counts, and nothing that was made up before it of other records."""
        if body.facts.get("up_to") == self.anchor:
            self.anchor = 0
            for name in self.unsure:
                self.entries[_table_of(name)].pop(name, None)
            self.unsure.clear()
        for name, digests in body.records.items():
            self.entries.setdefault(_table_of(name), {})[name] = (digests.partition(">")[2], body.seq)
            self.by_owner.setdefault(_owner_of(name), {})[name] = None

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
            else (accounts and table in _OF_ACCOUNTS and said[0] == ">")
            or (table in _OF_DEPLOYMENTS and self.find(f"{_PLANNED}/{name.partition('/')[2]}") is not None)
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


def _table_of(name: str) -> str:
    return name.partition("/")[0]


def _owner_of(name: str) -> str:
    return "/".join(name.split("/", 2)[:2])
