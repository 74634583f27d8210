"""Who may open which kept key: the platform's parts by a closed table, people by the register and by their sign-on.

The name comes from whoever asks the vault, and isn't verified here (docs/decisions/0015). What is believed is bounded:
a person of that name is registered, isn't revoked, holds the role, and has signed on to that very deployment.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, Protocol

from lfr_core.common.errors import Refused
from lfr_core.custody.people.roles import Role
from lfr_core.custody.vault.port import KeyKind, RecordUse
from lfr_core.domain.actors import Principal, SystemActor, person_name
from lfr_core.domain.reserved import CANARY_CAMERA, LIVE_PROBE_CAMERA

__all__ = [
    "MAKERS",
    "PARTS",
    "RECORD_USERS",
    "ROLES",
    "SIGNED_ON",
    "KnowsPeople",
    "check_access",
    "check_maker",
    "check_record_key",
]

PARTS: Final[Mapping[SystemActor, frozenset[KeyKind]]] = MappingProxyType(
    {
        SystemActor.RECORDER: frozenset({KeyKind.SIGHTINGS, KeyKind.WATCHLIST}),
        SystemActor.RECOGNISER: frozenset({KeyKind.WATCHLIST}),
        SystemActor.ENROLMENT: frozenset({KeyKind.WATCHLIST}),
        SystemActor.FLOWS: frozenset({KeyKind.WATCHLIST}),
        SystemActor.SELF_TEST: frozenset({KeyKind.WATCHLIST}),
        SystemActor.ERASURE: frozenset({KeyKind.WATCHLIST}),
    }
)
"""What a part of the platform may open: what it works on. None opens an alert, footage, or what somebody asked."""
MAKERS: Final[Mapping[KeyKind, frozenset[SystemActor]]] = MappingProxyType(
    {
        KeyKind.ALERT: frozenset({SystemActor.RECORDER}),
        KeyKind.FOOTAGE: frozenset({SystemActor.CAMERA, SystemActor.ERASURE}),
        KeyKind.RIGHTS: frozenset({SystemActor.RIGHTS}),
        KeyKind.SIGHTINGS: frozenset({SystemActor.RECOGNISER, SystemActor.ERASURE}),
        KeyKind.WATCHLIST: frozenset({SystemActor.ENROLMENT}),
    }
)
"""Which part of the platform makes which keys, and is given one that it made before again, to seal more under it."""
_OWN_CAMERAS: Final[Mapping[SystemActor, str]] = MappingProxyType(
    {
        SystemActor.WATCH: LIVE_PROBE_CAMERA,
        SystemActor.SELF_TEST: LIVE_PROBE_CAMERA,
        SystemActor.ERASURE: CANARY_CAMERA,
    }
)
"""Parts that send frames of nobody, each under its reserved name; those names are no camera's."""
RECORD_USERS: Final[Mapping[RecordUse, frozenset[SystemActor]]] = MappingProxyType(
    {
        RecordUse.CAMERA: frozenset({SystemActor.CAMERA, *_OWN_CAMERAS}),
        RecordUse.FRAMES: frozenset({SystemActor.RECOGNISER}),
        RecordUse.RESULTS: frozenset({SystemActor.RECOGNISER, SystemActor.RECORDER, SystemActor.ERASURE}),
    }
)
"""Which part of the platform signs or verifies which records on the broker."""
ROLES: Final[Mapping[KeyKind, frozenset[Role]]] = MappingProxyType(
    {
        KeyKind.ALERT: frozenset({Role.OPERATOR}),
        KeyKind.FOOTAGE: frozenset({Role.COMPLIANCE, Role.AUTHORISING_OFFICER}),
        KeyKind.RIGHTS: frozenset({Role.COMPLIANCE}),
    }
)
"""Which people may open what: any of these roles. A list's key and the broker's sightings are for no person."""
SIGNED_ON: Final = frozenset({KeyKind.ALERT})
"""What is opened only by somebody who has signed on to its deployment."""


class KnowsPeople(Protocol):
    """The register of people and their sign-ons: the records."""

    def check_person(self, name: str, roles: frozenset[Role], *, signed_on_to: str | None) -> str:
        """The registered name of a person who may act in one of `roles` now.

        Raises:
            Refused: `people.*`; `operator.not-signed-on`.
            Retryable: the records are away: nobody is let in then.
        """
        ...


def check_maker(actor: SystemActor, kind: KeyKind) -> None:
    """Raises Refused `vault.not-for-you` when that part makes no keys of this kind."""
    if actor not in MAKERS[kind]:
        raise Refused("vault.not-for-you", f"{actor} makes no keys of {kind}: it isn't given one")


def check_record_key(actor: SystemActor, use: RecordUse, camera: str) -> None:
    """Raises Refused `vault.not-for-you` when that part signs and verifies no such records, or not of that camera."""
    is_own = use is not RecordUse.CAMERA or (
        camera == _OWN_CAMERAS[actor] if actor in _OWN_CAMERAS else camera not in _OWN_CAMERAS.values()
    )
    if actor not in RECORD_USERS[use] or not is_own:
        raise Refused("vault.not-for-you", f"{actor} has no business with these records ({use}): it isn't given a key")


def check_access(actor: Principal, kind: KeyKind, deployment: str, people: KnowsPeople) -> Principal:
    """Return who it is, a person as registered, if that key may be lent to them.

    Raises:
        Refused: `vault.not-for-you`, `actor.not-a-person`, and as `KnowsPeople`.
        Retryable: the records are away.
    """
    if isinstance(actor, SystemActor):
        if kind not in PARTS.get(actor, frozenset()):
            raise Refused("vault.not-for-you", f"{actor} has no business with keys of {kind}: it isn't given one")
        return actor
    roles = ROLES.get(kind)
    if roles is None:
        raise Refused("vault.not-for-you", f"a key of {kind} is for the platform's own parts: no person is given one")
    return people.check_person(person_name(actor), roles, signed_on_to=deployment if kind in SIGNED_ON else None)
