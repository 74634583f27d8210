"""What each user may do on the broker: Kafka's ACLs, made so each time `lfr up` has started its broker.

The broker's authorizer denies what no ACL allows (infra/kafka/server.properties). A record's key can't be bound to a
user there: that a camera sends under its own name only, its signature shows (`lfr_core.custody.vault.record_mac`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from lfr_core.common.errors import Retryable
from streams.broker.admin import admin_client
from streams.broker.users import User
from streams.topics import RECOGNISE_GROUP, RECORD_GROUP, Topic

if TYPE_CHECKING:
    from kafka import KafkaAdminClient
    from kafka.admin import ACL

    from streams.broker.connection import BrokerConnection

__all__ = ["RIGHTS", "Rights", "ensure_rights", "find_right_problems"]

_EVERY_HOST = "*"


@dataclass(frozen=True, slots=True)
class Rights:
    """What a user may do with our topics and groups. Every user may see which topics there are."""

    writes: frozenset[Topic] = frozenset()
    reads: frozenset[Topic] = frozenset()
    group: str = ""
    """The consumer group that it may be a member of."""
    deletes: bool = False
    """Whether it may delete records, and see settings of topics and offsets of groups."""


_RESULTS = frozenset({Topic.SIGHTINGS, Topic.OUTCOMES, Topic.LIVE_PROBES, Topic.DEAD_LETTERS})
RIGHTS: Final[Mapping[User, Rights]] = MappingProxyType(
    {
        User.CAMERA: Rights(writes=frozenset({Topic.FRAMES}), reads=frozenset({Topic.OUTCOMES})),
        User.RECOGNISE: Rights(writes=_RESULTS, reads=frozenset({Topic.FRAMES}), group=RECOGNISE_GROUP),
        User.RECORD: Rights(reads=_RESULTS, group=RECORD_GROUP),
        User.WATCH: Rights(writes=frozenset({Topic.FRAMES})),
        User.ERASURE: Rights(writes=frozenset({Topic.SIGHTINGS})),
        User.RETENTION: Rights(deletes=True),
    }
)
"""Of each user but the administration, which may do everything. A camera reads outcomes for its pace."""


def ensure_rights(connection: BrokerConnection) -> tuple[str, ...]:
    """Make the broker's ACLs exactly those of `RIGHTS`; what was changed, in words.

    Args:
        connection: the administration's.

    Raises:
        Retryable: the broker is away or took them not all.
        Fatal: it refuses.
    """
    from kafka.admin import ACLFilter

    with admin_client(connection) as admin:
        missing, others = _compare(admin)
        if missing and admin.create_acls(missing)["failed"]:
            raise Retryable("the broker didn't take all rights of its users; tried again")
        if others:
            admin.delete_acls(
                [ACLFilter(a.principal, a.host, a.operation, a.permission_type, a.resource_pattern) for a in others]
            )
    return (*(f"+ {_words(acl)}" for acl in missing), *(f"- {_words(acl)}" for acl in others))


def find_right_problems(admin: KafkaAdminClient) -> tuple[str, ...]:
    """Return in words how the broker's ACLs differ from those of `RIGHTS`."""
    missing, others = _compare(admin)
    return (
        *(f"a right is missing: {_words(acl)}" for acl in missing),
        *(f"a right was added: {_words(acl)}" for acl in others),
    )


def _compare(admin: KafkaAdminClient) -> tuple[list[ACL], list[ACL]]:
    """Return the ACLs that are missing, and those that are none of ours."""
    from kafka.admin import ACLFilter, ACLOperation, ACLPermissionType, ResourcePatternFilter, ResourceType
    from kafka.admin import ACLResourcePatternType as PatternType

    wanted = {_words(acl): acl for acl in _acls()}
    anything = ResourcePatternFilter(ResourceType.ANY, None, PatternType.ANY)
    found, _ = admin.describe_acls(ACLFilter(None, None, ACLOperation.ANY, ACLPermissionType.ANY, anything))
    there = {_words(acl): acl for acl in found}
    missing = [acl for words, acl in wanted.items() if words not in there]
    return missing, [acl for words, acl in there.items() if words not in wanted]


def _words(acl: ACL) -> str:
    what = acl.resource_pattern
    place = f"{what.resource_type.name} {what.pattern_type.name} {what.resource_name}"
    return f"{acl.permission_type.name} {acl.principal} from {acl.host}: {acl.operation.name} {place}"


def _acls() -> list[ACL]:
    from kafka.admin import ACL, ACLOperation, ACLPermissionType, ResourcePattern, ResourceType

    def allow(user: User, operation: ACLOperation, kind: ResourceType, name: str) -> ACL:
        pattern = ResourcePattern(kind, name)
        return ACL(f"User:{user}", _EVERY_HOST, operation, ACLPermissionType.ALLOW, pattern)

    acls: list[ACL] = []
    for user, rights in RIGHTS.items():
        for topic in Topic:
            operations = [ACLOperation.DESCRIBE]
            operations += [ACLOperation.WRITE] * (topic in rights.writes) + [ACLOperation.READ] * (
                topic in rights.reads
            )
            operations += [ACLOperation.DELETE, ACLOperation.DESCRIBE_CONFIGS] * rights.deletes
            acls += [allow(user, operation, ResourceType.TOPIC, topic) for operation in operations]
        if rights.group:
            acls += [
                allow(user, each, ResourceType.GROUP, rights.group)
                for each in (ACLOperation.READ, ACLOperation.DESCRIBE)
            ]
        if rights.deletes:
            acls += [
                allow(user, ACLOperation.DESCRIBE, ResourceType.GROUP, group)
                for group in (RECOGNISE_GROUP, RECORD_GROUP)
            ]
            acls.append(allow(user, ACLOperation.DESCRIBE, ResourceType.CLUSTER, "kafka-cluster"))
    return acls
