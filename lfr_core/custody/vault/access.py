"""Who may open which kept key: the platform's parts by a closed table, people by the register and by their sign-on.

That whoever is named has logged in was seen before (`logins.py`, docs/decisions/0042). Asked here: a person of that
name is registered, isn't revoked, holds the role, and has signed on to that very deployment.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Final, Protocol

from lfr_core.common.errors import Refused
from lfr_core.custody.people.roles import Role
from lfr_core.custody.vault.port import KeptKeyInfo, KeyKind, RecordUse
from lfr_core.domain.actors import Principal, SystemActor, person_name
from lfr_core.domain.deployments import DeploymentStatus
from lfr_core.domain.gate_inputs import GateFacts, GateFactsSource
from lfr_core.domain.reserved import CANARY_CAMERA, CANARY_ENTRY, LIVE_PROBE_CAMERA

__all__ = [
    "GIVEN_AGAIN",
    "MAKERS",
    "PARTS",
    "RECORD_USERS",
    "ROLES",
    "SIGNED_ON",
    "PeopleRegister",
    "check_access",
    "check_deployment",
    "check_given_again",
    "check_hold",
    "check_hold_kind",
    "check_maker",
    "check_record_key",
    "check_still_written",
]

PARTS: Final[Mapping[SystemActor, frozenset[KeyKind]]] = MappingProxyType(
    {
        SystemActor.RECORDER: frozenset({KeyKind.ALERT, KeyKind.SIGHTINGS, KeyKind.WATCHLIST}),
        SystemActor.RECOGNISER: frozenset({KeyKind.WATCHLIST}),
        SystemActor.ENROLMENT: frozenset({KeyKind.WATCHLIST}),
        SystemActor.FLOWS: frozenset({KeyKind.WATCHLIST}),
        SystemActor.SELF_TEST: frozenset({KeyKind.WATCHLIST}),
        SystemActor.ERASURE: frozenset({KeyKind.WATCHLIST}),
    }
)
"""What a part of the platform may open: what it works on. None opens footage, or what somebody asked.

The recorder opens an alert that stands, to put a better probe into it; it opens every probe on the broker anyway.
"""
MAKERS: Final[Mapping[KeyKind, frozenset[SystemActor]]] = MappingProxyType(
    {
        KeyKind.ALERT: frozenset({SystemActor.RECORDER}),
        KeyKind.FOOTAGE: frozenset({SystemActor.CAMERA, SystemActor.ERASURE}),
        KeyKind.RIGHTS: frozenset({SystemActor.RIGHTS}),
        KeyKind.SIGHTINGS: frozenset({SystemActor.RECOGNISER, SystemActor.ERASURE}),
        KeyKind.WATCHLIST: frozenset({SystemActor.ENROLMENT}),
    }
)
"""Which part of the platform makes which keys. Each is given once, to whoever made it, and from then on lent by
`open_kept`: a new key has sealed nothing, so that making one opens nothing.
"""
GIVEN_AGAIN: Final[Mapping[KeyKind, frozenset[SystemActor]]] = MappingProxyType(
    {KeyKind.SIGHTINGS: MAKERS[KeyKind.SIGHTINGS]}
)
"""The one exception: recognisers share the key of the hour that it is, in which their probes go together; and erasure
gets back the one under which it has sealed canaries in that hour, which seals no face.

Nobody else needs one again: the footage writer keeps its key for as long as it writes a segment, and begins another
after a failure; a recorder's new alert has a new id; lists, standing alerts and requests are opened by `open_kept`.
"""
_OWN_CAMERAS: Final[Mapping[SystemActor, str]] = MappingProxyType(
    {
        SystemActor.WATCH: LIVE_PROBE_CAMERA,
        SystemActor.SELF_TEST: LIVE_PROBE_CAMERA,
    }
)
"""Parts that send frames of nobody, each under its reserved name. No camera has that name, or that of canaries."""
RECORD_USERS: Final[Mapping[RecordUse, frozenset[SystemActor]]] = MappingProxyType(
    {
        RecordUse.CAMERA: frozenset({SystemActor.CAMERA, *_OWN_CAMERAS}),
        RecordUse.FRAMES: frozenset({SystemActor.RECOGNISER}),
        RecordUse.RESULTS: frozenset({SystemActor.RECOGNISER, SystemActor.RECORDER}),
        RecordUse.CANARY: frozenset({SystemActor.ERASURE, SystemActor.RECORDER}),
    }
)
"""Which part of the platform signs or verifies which records on the broker. Workers alone have the key of results."""
ROLES: Final[Mapping[KeyKind, frozenset[Role]]] = MappingProxyType(
    {
        KeyKind.ALERT: frozenset({Role.OPERATOR, Role.ENGAGING_OFFICER}),
        KeyKind.FOOTAGE: frozenset({Role.COMPLIANCE, Role.AUTHORISING_OFFICER}),
        KeyKind.RIGHTS: frozenset({Role.COMPLIANCE}),
        KeyKind.WATCHLIST: frozenset({Role.AUTHORISING_OFFICER}),
    }
)
"""Which people may open what: any of these roles. The broker's sightings are for no person; of a list's key they are
lent the one of its thumbnails (`lfr_core.custody.vault.watchlist_key`), while it waits for their approval.
"""
SIGNED_ON: Final = frozenset({KeyKind.ALERT})
"""What is opened only by somebody who has signed on to its deployment."""


class PeopleRegister(Protocol):
    """The register of people and their sign-ons, and what they decided to hold: the records."""

    def check_person(
        self,
        name: str,
        roles: frozenset[Role],
        *,
        signed_on_to: str | None,
        alert: str = "",
        request: str = "",
        approves: str = "",
    ) -> str:
        """Return the registered name of a person who may act in one of `roles` now.

        `alert`: the id of the one whose pictures they would see: an engaging officer those that an operator has judged.
        `request`: the reference of the one that they would read or answer, which must be as it was recorded.
        `approves`: the id of the deployment whose list they would see: it waits for an approval that they could give.

        Raises:
            Refused: `people.*`; `operator.not-signed-on`; `officer.not-judged`, `officer.deployment-over`; as the step
                that approves a list.
            Retryable: the records are away: nobody is let in then.
        """
        ...

    def check_recorded(self, name: str) -> Mapping[str, str] | None:
        """See that what the register says of a person, if anything, stands on the audit trail.

        Returns:
            The digests of these rows, by their names on the trail; None: nothing is compared.

        Raises:
            Refused: `records.not-on-trail`; `audit.damaged`.
            Retryable: the records are away.
        """
        ...

    def compare_records(self, deployment: str) -> str:
        """Compare as `lfr_core.custody.audit.counted_rows.CompareRecords` does."""
        ...

    def held_segments(self, *, whole: bool = True) -> frozenset[str]:
        """Return the ids of the segments of footage that a recorded hold covers which nobody released.

        Only holds count that stand on the audit trail, with just the footage that their entry was about.

        Raises:
            Refused: `records.not-on-trail`: with `whole`, where a hold of the trail is gone or another now: what it
                covered can't be told then.
            Retryable: the records are away.
        """
        ...

    def is_request_closed(self, reference: str) -> bool | None:
        """Return whether a person's request was closed, by its row as recorded; None: there is none of that name.

        Raises:
            Refused: `records.not-on-trail`; `audit.damaged`.
            Retryable: the records are away.
        """
        ...


def check_maker(actor: SystemActor, kind: KeyKind, deployment: str, subject: str) -> None:
    """Raise Refused `vault.not-for-you` when that part makes no keys of this kind, or none for this.

    What others could guess and seal under is checked here; an alert, a segment and a request have random names.
    """
    if actor not in MAKERS[kind]:
        raise Refused("vault.not-for-you", f"{actor} makes no keys of {kind}: it isn't given one")
    is_canary = subject.startswith(f"{CANARY_ENTRY}-")
    if kind is KeyKind.SIGHTINGS and is_canary is not (actor is SystemActor.ERASURE):
        raise Refused("vault.not-for-you", f"{actor} makes no key of {kind} for {subject}: canaries are erasure's")
    if kind is KeyKind.WATCHLIST and subject != deployment:
        raise Refused("vault.not-for-you", f"the list of {deployment} has one key, whose subject is the deployment")


def check_deployment(kind: KeyKind, deployment: str, facts: GateFacts | None) -> None:
    """See that there is that deployment, and that it is live if it is filmed.

    Args:
        kind: of the key that is asked for.
        deployment: its id.
        facts: what the records have of it; None: they have none of that name.

    Raises:
        Refused: `vault.deployment-unknown`, `vault.deployment-not-live`.
    """
    if facts is None:
        raise Refused("vault.deployment-unknown", f"there is no deployment {deployment}: no key of {kind} is made")
    if kind is KeyKind.FOOTAGE and facts.status is not DeploymentStatus.LIVE:
        raise Refused(
            "vault.deployment-not-live", f"deployment {deployment} is {facts.status}: no key of {kind} is made for it"
        )


def check_still_written(actor: Principal, info: KeptKeyInfo, facts: GateFactsSource) -> None:
    """See that a part of the platform opens an alert only while pictures may be put into it.

    Raises:
        Refused: `vault.not-for-you`: its deployment is over.
        Retryable: the records don't say.
    """
    if isinstance(actor, SystemActor) and info.kind is KeyKind.ALERT:
        found = facts.facts(info.deployment)
        if found is None or found.status.is_over:
            raise Refused("vault.not-for-you", f"{info.deployment} is over: {actor} is given no key of its alerts")


def check_hold_kind(infos: Iterable[KeptKeyInfo]) -> None:
    """Raise Refused `vault.hold-kind` when one of the keys isn't of footage."""
    if any(info.kind is not KeyKind.FOOTAGE for info in infos):
        raise Refused("vault.hold-kind", "only footage can be held; everything else goes when it is due")


def check_hold(infos: Iterable[KeptKeyInfo], people: PeopleRegister, *, held: bool) -> None:
    """See that keys are held of segments which a recorded hold covers, and let go of which none does.

    Which segment a key is of the keystore says, and not the records.

    Raises:
        Refused: `vault.hold-recorded`: people hold one that is to be let go of; `vault.no-hold`: nobody holds one that
            is to be kept.
        Retryable: the records are away.
    """
    recorded = people.held_segments(whole=not held)
    segments = {info.subject for info in infos}
    if held and not recorded.issuperset(segments):
        raise Refused("vault.no-hold", "no hold on record, with its entry on the audit trail, covers that footage")
    if not held and recorded.intersection(segments):
        raise Refused("vault.hold-recorded", "a recorded hold covers that footage: it ends when a person releases it")


def check_given_again(actor: SystemActor, kind: KeyKind) -> None:
    """Raise Refused `vault.key-exists` when a key that is there isn't given to whoever would make it."""
    if actor not in GIVEN_AGAIN.get(kind, frozenset()):
        raise Refused(
            "vault.key-exists",
            f"there is a key of {kind} for that already: it is lent to who says for what purpose, and a new one is "
            "made for something new",
        )


def check_record_key(actor: SystemActor, use: RecordUse, camera: str) -> None:
    """Raise Refused `vault.not-for-you` when that part signs and verifies no such records, or not of that camera."""
    is_own = use is not RecordUse.CAMERA or (
        camera == _OWN_CAMERAS[actor] if actor in _OWN_CAMERAS else camera not in {LIVE_PROBE_CAMERA, CANARY_CAMERA}
    )
    if actor not in RECORD_USERS[use] or not is_own:
        raise Refused("vault.not-for-you", f"{actor} has no business with these records ({use}): it isn't given a key")


def check_access(actor: Principal, info: KeptKeyInfo, people: PeopleRegister) -> Principal:
    """Return who it is, a person as registered, if that key may be lent to them.

    Raises:
        Refused: `vault.not-for-you`, `actor.not-a-person`, and as `PeopleRegister`.
        Retryable: the records are away.
    """
    kind = info.kind
    if isinstance(actor, SystemActor):
        if kind not in PARTS.get(actor, frozenset()):
            raise Refused("vault.not-for-you", f"{actor} has no business with keys of {kind}: it isn't given one")
        return actor
    roles = ROLES.get(kind)
    if roles is None:
        raise Refused("vault.not-for-you", f"a key of {kind} is for the platform's own parts: no person is given one")
    if kind is KeyKind.WATCHLIST:
        return people.check_person(person_name(actor), roles, signed_on_to=None, approves=info.deployment)
    if kind not in SIGNED_ON:
        request = info.subject.partition("/")[0] if kind is KeyKind.RIGHTS else ""  # a closed one's key: `…/closed`
        return people.check_person(person_name(actor), roles, signed_on_to=None, request=request)
    return people.check_person(person_name(actor), roles, signed_on_to=info.deployment, alert=info.subject)
