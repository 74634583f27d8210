"""Whether a running broker is still as `lfr up` made it: its topics and, where it is ours, its users and their rights.

Whoever has the administration's login can change all of that, and each process goes on with the connection that it has.
"""

from __future__ import annotations

from itertools import cycle
from typing import TYPE_CHECKING

from lfr_core.common.errors import LfrError
from streams.broker.admin import admin_client, broker_version
from streams.broker.connection import connect_as
from streams.broker.rights import find_right_problems
from streams.broker.traits import BrokerKind
from streams.broker.users import BROKER_LOGIN, User
from streams.topics import find_topic_problems, topic_specs

if TYPE_CHECKING:
    from kafka import KafkaAdminClient

    from lfr_core.common.settings import Settings
    from lfr_core.domain.policy import Policy
    from streams.broker.connection import BrokerConnection
    from streams.broker.traits import BrokerTraits

__all__ = ["BrokerComparer", "lets_topics_be_deleted"]


class BrokerComparer:
    """Compares the broker of these settings with what it must be, again and again."""

    def __init__(self, settings: Settings, policy: Policy, traits: BrokerTraits, *, is_ours: bool) -> None:
        """`is_ours`: whether `lfr up` started it: a cluster's users and rights are its administrator's."""
        self._settings = settings
        self._traits = traits
        self._specs = topic_specs(settings, policy)
        self._is_ours = is_ours and traits.kind is BrokerKind.KAFKA
        self._next_user = cycle(User)

    def find_differences(self) -> tuple[str, ...]:
        """Return in words how it differs. Of the logins each call tries the next one.

        Raises:
            Retryable: it is away, or takes the administration's login no more.
            Fatal: it refuses.
        """
        with admin_client(connect_as(User.ADMINISTRATION, self._settings, self._traits)) as admin:
            found = find_topic_problems(admin, self._specs, self._traits)
            if self._is_ours:
                found += find_right_problems(admin) + _find_user_problems(admin)
        return (*found, *self._try_login()) if self._is_ours else found

    def _try_login(self) -> tuple[str, ...]:
        user = next(self._next_user)
        try:
            broker_version(connect_as(user, self._settings, self._traits))
        except LfrError as error:
            return (f"the login of {user} isn't taken any more ({error})",)
        return ()


def _find_user_problems(admin: KafkaAdminClient) -> tuple[str, ...]:
    found, wanted = set(admin.describe_user_scram_credentials()), {BROKER_LOGIN, *map(str, User)}
    return (
        *(f"user {name} is missing" for name in sorted(wanted - found)),
        *(f"there is a user {name}, which is none of ours" for name in sorted(found - wanted)),
    )


def lets_topics_be_deleted(connection: BrokerConnection) -> bool:
    """Return whether who may delete records may delete whole topics as well. Raises Retryable, Fatal."""
    from kafka.admin import ConfigResource, ConfigResourceType

    name = "delete.topic.enable"
    with admin_client(connection) as admin:
        brokers = [str(each["broker_id"]) for each in admin.describe_cluster()["brokers"]]
        resources = [ConfigResource(ConfigResourceType.BROKER, each, {name: None}) for each in brokers]
        described = admin.describe_configs(resources, config_filter="all")
    found = [one[name]["value"] for kind in described.values() for one in kind.values() if name in one]
    return not found or any(str(value).lower() != "false" for value in found)
