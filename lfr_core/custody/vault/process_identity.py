"""Which processes there are, and what each may ask of the vault: closed tables beside those of `access.py`.

A process shows which one it is with a certificate (`lfr_core.custody.vault.certificates`); nothing in a message makes
it another one. What a part of the platform may open or make is asked after this.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from lfr_core.common.errors import Refused
from lfr_core.custody.vault import messages as m
from lfr_core.custody.vault.answers import Message
from lfr_core.custody.vault.canary_messages import TellCanary
from lfr_core.custody.vault.port import ErasureRule, KeyKind, RecordUse
from lfr_core.domain.actors import LISTED, SPEAKS_FOR_PEOPLE, ProcessIdentity, SystemActor, fold_key_name
from lfr_core.domain.signatures import SignatureKind

__all__ = ["ACTS_AS", "ERASES_UNDER", "LISTS", "MATCHES_LISTED", "SIGNS", "VERBS", "camera_asked_for", "check_request"]


_Who = ProcessIdentity
_STATE: Final = frozenset({"ping", "now", "check-gate", "public-key"})
_KEPT: Final = frozenset({"kept", "open-kept", "make-key", "hold", "destroy"})
_MACHINES: Final = frozenset({"admit-machine", "dismiss-machine", "machines"})
_NAMES: Final = frozenset({"writer-key", "pseudonym"})
_PUBLISHES: Final = frozenset({"compare-records"})
_FRAMES: Final = frozenset({"seal-key", "open-key", "record-key"})
VERBS: Final[Mapping[ProcessIdentity, frozenset[str]]] = MappingProxyType(
    {
        _Who.CAMERA: _STATE | {"seal-key", "record-key", "make-key", "tell-canary"},
        _Who.COMMANDS: _STATE | _FRAMES | _KEPT | _MACHINES | _NAMES | _PUBLISHES | {"sign", "collect-canary"},
        _Who.FLOWS: _STATE | _FRAMES | _KEPT | _NAMES | _PUBLISHES | {"sign", "collect-canary"},
        _Who.PAGES: _STATE | _FRAMES | _KEPT | _NAMES | _PUBLISHES,
        _Who.PURGE: _STATE | {"kept", "hold", "destroy", "sign", "writer-key"},
        _Who.RECOGNISE: _STATE | {"open-key", "record-key", "kept", "open-kept", "make-key"},
        _Who.RECORD: _STATE | {"record-key", "kept", "open-kept", "make-key", "writer-key"},
        _Who.SUPERVISOR: frozenset({"ping", "machines"}),
        _Who.VAULT: frozenset(),
        _Who.WATCH: _STATE | {"seal-key", "record-key", "writer-key"},
    }
)
"""What a process may ask."""
_TESTED: Final = frozenset({SystemActor.SELF_TEST, SystemActor.ENROLMENT})
"""Who tests a deployment before it opens, and enrols: flows at their time, and people at pages and commands."""
ACTS_AS: Final[Mapping[ProcessIdentity, frozenset[SystemActor]]] = MappingProxyType(
    {
        _Who.CAMERA: frozenset({SystemActor.CAMERA}),
        _Who.COMMANDS: _TESTED | {SystemActor.ERASURE, SystemActor.RIGHTS},
        _Who.FLOWS: _TESTED | {SystemActor.FLOWS, SystemActor.ERASURE},
        _Who.PAGES: _TESTED | {SystemActor.RIGHTS},
        _Who.PURGE: frozenset(),
        _Who.RECOGNISE: frozenset({SystemActor.RECOGNISER}),
        _Who.RECORD: frozenset({SystemActor.RECORDER}),
        _Who.SUPERVISOR: frozenset(),
        _Who.VAULT: frozenset(),
        _Who.WATCH: frozenset({SystemActor.WATCH}),
    }
)
"""As which part of the platform a process may ask for keys."""
_DELETED: Final = frozenset({KeyKind.ALERT, KeyKind.FOOTAGE, KeyKind.WATCHLIST})
LISTS: Final[Mapping[ProcessIdentity, frozenset[KeyKind]]] = MappingProxyType(
    {
        _Who.COMMANDS: frozenset(KeyKind),
        _Who.FLOWS: _DELETED | {KeyKind.SIGHTINGS},
        _Who.PAGES: frozenset({KeyKind.FOOTAGE, KeyKind.RIGHTS, KeyKind.WATCHLIST}),
        _Who.PURGE: _DELETED,
        _Who.RECOGNISE: frozenset({KeyKind.WATCHLIST}),
        _Who.RECORD: frozenset({KeyKind.WATCHLIST}),
    }
)
"""Of which kinds a process may list the keys there are: their ids and subjects, not the keys."""
_DUE: Final = frozenset({ErasureRule.ALERTS_DUE, ErasureRule.FOOTAGE_DUE, ErasureRule.FOOTAGE_STRAY})
_REQUESTS: Final = frozenset({ErasureRule.REQUEST_CLOSED, ErasureRule.REQUEST_NOT_TAKEN})
_LISTS: Final = frozenset({ErasureRule.LIST_AT_CLOSE, ErasureRule.LIST_ENDED, ErasureRule.LIST_REFUSED})
ERASES_UNDER: Final[Mapping[ProcessIdentity, frozenset[ErasureRule]]] = MappingProxyType(
    {
        _Who.COMMANDS: frozenset(ErasureRule),
        _Who.FLOWS: _DUE | _LISTS,
        _Who.PAGES: _REQUESTS | {ErasureRule.LIST_ENDED, ErasureRule.LIST_REFUSED},
        _Who.PURGE: _DUE | {ErasureRule.LIST_AT_CLOSE, ErasureRule.LIST_ENDED},
    }
)
"""Under which rules a process may have kept keys destroyed; which keys each is about stands in `erasure_rules.py`."""
MATCHES_LISTED: Final = frozenset({_Who.COMMANDS, _Who.FLOWS, _Who.PAGES})
"""Who keeps or compares the commitments of a deployment's list (`lfr_core.watchlists.commitments`)."""
SIGNS: Final[Mapping[ProcessIdentity, frozenset[SignatureKind]]] = MappingProxyType(
    {
        _Who.COMMANDS: frozenset(
            {SignatureKind.AUDIT_HEAD, SignatureKind.CERTIFICATE, SignatureKind.EVIDENCE, SignatureKind.SITE}
        ),
        _Who.FLOWS: frozenset({SignatureKind.AUDIT_ANCHOR, SignatureKind.CERTIFICATE, SignatureKind.SITE}),
        _Who.PURGE: frozenset({SignatureKind.AUDIT_ANCHOR}),
    }
)
"""What a process may have signed. Heads of the audit trail are the vault's own, bar the one before evidence."""


def check_request(identity: ProcessIdentity, request: Message) -> None:
    """Raise Refused `vault.not-for-you` when a process of that kind has no business with what it asks."""
    verb = type(request).model_fields["verb"].default
    if verb not in VERBS[identity]:
        raise _not_for(identity, f"doesn't ask for {verb}")
    match request:
        case m.LendRecordKey() | m.MakeKey():
            actor: SystemActor | None = request.actor
        case m.OpenKept():
            actor = request.actor.part if isinstance(request.actor, m.Part) else None
            if actor is None and identity not in SPEAKS_FOR_PEOPLE:
                raise _not_for(identity, "speaks for no person")
        case m.Kept():
            asked = frozenset(KeyKind) if request.kind is None else {request.kind}
            if not asked <= LISTS.get(identity, frozenset()):
                raise _not_for(identity, f"lists no keys of {request.kind or 'every kind'}")
            return
        case m.LendWriterKey():
            if request.person and identity not in SPEAKS_FOR_PEOPLE:
                raise _not_for(identity, "speaks for no person")
            if request.person and request.version == 1:  # it would seal other people's entries with the key
                raise _not_for(identity, "is of an earlier version: `lfr down`, then `lfr up`")
            return
        case m.Pseudonym():
            _check_name(identity, fold_key_name(request.name))
            return
        case m.Destroy():
            if request.rule not in ERASES_UNDER.get(identity, frozenset()):
                raise _not_for(identity, f"has nothing destroyed under {request.rule}")
            return
        case m.Sign():
            if request.kind not in SIGNS.get(identity, frozenset()):
                raise _not_for(identity, f"has no {request.kind} signed")
            return
        case _:
            return
    if actor is not None and actor not in ACTS_AS[identity]:
        raise _not_for(identity, f"isn't {actor}")


def _check_name(identity: ProcessIdentity, name: str) -> None:
    """See that a process has business with the keyed pseudonym of a folded name: a person's, or a key's."""
    if name.startswith(LISTED):
        if identity not in MATCHES_LISTED:
            raise _not_for(identity, "keeps no commitments of lists and compares none")
    elif ":" in name:
        raise _not_for(identity, "has no business with a name of that kind")
    elif identity not in SPEAKS_FOR_PEOPLE:
        raise _not_for(identity, "puts no person on the audit trail")


def camera_asked_for(request: Message) -> str | None:
    """Return in which camera's name a key is asked for; None: in no camera's."""
    match request:
        case m.SealKey() | TellCanary():
            return request.camera
        case m.LendRecordKey() if request.use is RecordUse.CAMERA:
            return request.camera
        case m.MakeKey() if request.kind is KeyKind.FOOTAGE:
            return request.camera
        case _:
            return None


def _not_for(identity: ProcessIdentity, why: str) -> Refused:
    return Refused("vault.not-for-you", f"the process has shown that it is {identity}, which {why}: nothing is given")
