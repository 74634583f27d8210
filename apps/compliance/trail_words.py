"""Says in words what entries of the audit trail are about, and who acted: no id, no hash.

Things without a name of their own are numbered in the order in which they come: the same number is the same thing,
among those that are shown.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final
from uuid import UUID

from lfr_core.common.clock import utc_from_ns
from lfr_core.custody.audit.entry import AuditEntry
from lfr_core.deployments.compliance_documents import ComplianceDocumentKind
from lfr_core.domain.actors import SystemActor
from lfr_core.domain.working_days import LONDON
from lfr_core.retention.port import CLASSES

__all__ = ["Named", "alerts_of", "number_in", "subjects_in_words", "who_acted"]

_PERSON: Final = "person:"
_NUMBER: Final = re.compile(r"(?:person[ :])?([0-9a-f]{8,32})")
_PART: Final = "system:"
_DIGITS: Final = 8
"""Characters of a person's number that are shown: enough to tell people apart, and to be searched for."""
_NUMBERED: Final = {
    "alert": "alert whose data has gone",
    "footage": "piece of footage",
    "hold": "hold of footage",
    "footage-hold": "hold of footage",
    "footage-export": "export of footage",
    "key": "key",
    "person": "person of the register",
    "photograph": "photograph of the list",
    "self-test": "self-test",
    "flow-run": "run of a workflow",
}
"""What has an id alone."""
_NAMED: Final = {
    "camera": "camera {}",
    "certificate": "certificate {}",
    "rights": "request {}",
    "receipt": "receipt {}",
    "machine": "machine {}",
}
"""What people know by its name or number."""
_WHOLE: Final = {
    "deployment": "the deployment",
    "list": "the deployment's list",
    "listed": "whether somebody was on the list",
    "audit": "the audit trail",
    "records": "the records",
    "promises": "the promises to the public",
    "keystore": "the store of keys",
    "trail": "the audit trail",
    "people": "the register of people",
    "alert": "the alerts",
    "footage": "the footage and its holds",
    "rights": "the enquiries and complaints",
    "watchlist": "the list",
}
"""What there is one of; also what a look at all of a kind is about."""


@dataclass(frozen=True, slots=True)
class Named:
    """What names the things that have one."""

    deployments: Mapping[str, str]
    """By id."""
    alerts: Mapping[UUID, tuple[str, int]] = field(default_factory=dict)
    """Camera, and when it began (nanoseconds since the epoch), of those that are still there."""
    promises: Mapping[str, str] = field(default_factory=dict)
    """Sentences, by id."""
    people: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """The numbers under which people of the register act, that of now first, by subject."""


def who_acted(actor: str) -> str:
    """Say who: a person by the beginning of their number, or a part of the platform."""
    if actor.startswith(_PERSON):
        return f"person {actor.removeprefix(_PERSON)[:_DIGITS]}"
    if actor == str(SystemActor.LFR):
        return "whoever runs the system, without a login"
    return f"the platform: {actor.removeprefix(_PART).replace('-', ' ')}"


def number_in(words: str) -> str:
    """Return the number of a person, or the beginning that is shown, that somebody looks for; "" where it is none."""
    found = _NUMBER.fullmatch(words.strip().casefold())
    return found.group(1) if found else ""


def alerts_of(entries: Sequence[AuditEntry]) -> frozenset[UUID]:
    """Return the alerts that entries are about."""
    found = set()
    for kind, id_ in (each.subject.partition(":")[::2] for each in entries):
        alert = _uuid(id_) if kind == "alert" else None
        if alert is not None:
            found.add(alert)
    return frozenset(found)


def subjects_in_words(entries: Sequence[AuditEntry], named: Named) -> list[str]:
    """Say what each is about, in the order in which they are given: of those numbered the first is 1."""
    numbers: dict[str, dict[str, int]] = {}
    return [_words(each, named, numbers) for each in entries]


def _words(entry: AuditEntry, named: Named, numbers: dict[str, dict[str, int]]) -> str:
    kind, _, id_ = entry.subject.partition(":")
    if kind in _WHOLE and (id_ in {"", "all", "ledger", "entries"} or kind in {"deployment", "list", "listed"}):
        return _of_deployment(_WHOLE[kind], kind, id_, entry, named)
    alert = named.alerts.get(_uuid(id_) or UUID(int=0)) if kind == "alert" else None
    if alert is not None:
        camera, began_ns = alert
        return f"alert of camera {camera}, {_moment(utc_from_ns(began_ns))}"
    if numbers_of := named.people.get(entry.subject):
        now, *before = (each[:_DIGITS] for each in numbers_of)
        return f"person {now}" + (f" (before: {', '.join(before)})" if before else "")
    if kind in _NAMED:
        return _NAMED[kind].format(id_)
    if kind == "document":
        found = [each.value for each in ComplianceDocumentKind if each.word == id_]
        return found[0] if found else "document"
    if kind == "class":
        return next((each.title for each in CLASSES if each.name == id_), "data that has to go")
    if kind == "promise":
        return f"promise: {named.promises.get(id_, 'one that is made no longer')}"
    what = _NUMBERED.get(kind, kind.replace("-", " "))
    known = numbers.setdefault(what, {})
    return f"{what} {known.setdefault(id_, len(known) + 1)}"


def _of_deployment(words: str, kind: str, id_: str, entry: AuditEntry, named: Named) -> str:
    """Name another deployment than the one in the entry's own column."""
    if kind in {"deployment", "list", "listed"} and id_ not in {"", "all", entry.deployment}:
        return f"{words}: {named.deployments.get(id_, 'one that has gone')}"
    return words


def _moment(at: datetime) -> str:
    local = at.astimezone(LONDON)
    return f"{local.day} {local:%B %Y, %H:%M:%S}"


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
