"""The admin client: opened, used and closed in one place, its errors turned into ours."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from lfr_core.common.errors import Fatal, Retryable

if TYPE_CHECKING:
    from kafka import KafkaAdminClient

    from streams.broker.connection import BrokerConnection

__all__ = ["ANSWER_MS", "admin_client", "broker_version"]

ANSWER_MS = 5_000
"""How long one answer of the broker may take before it counts as away, milliseconds."""
_CONNECT_S = 2.0


def _somebody_listens(servers: str) -> bool:
    """Return whether any of `servers` takes a connection."""
    for server in servers.split(","):
        host, _, port = server.strip().rpartition(":")
        try:
            with socket.create_connection((host.strip("[]"), int(port)), timeout=_CONNECT_S):
                return True
        except ValueError as error:
            raise Fatal(f"LFR_KAFKA_SERVERS: {server!r} isn't host:port") from error
        except OSError:
            continue
    return False


@contextmanager
def admin_client(connection: BrokerConnection) -> Iterator[KafkaAdminClient]:
    """Open an admin client, closed at the end; the client's errors become ours.

    kafka-python 3.0.12 leaves its thread and a socket per attempt behind when its constructor gives up, so we
    look first whether anybody listens, and close what a failed constructor made.

    Raises:
        Retryable: the broker is away or busy, or doesn't let us in.
        Fatal: it answers, and refuses; or an address or a login isn't one.
    """
    from kafka import KafkaAdminClient
    from kafka.errors import KafkaConnectionError, KafkaError, KafkaTimeoutError
    from kafka.net.compat import KafkaNetClient

    servers, options = connection.servers, connection.options()
    made: list[KafkaNetClient] = []

    def client(**options: Any) -> KafkaNetClient:
        made.append(KafkaNetClient(**options))
        return made[0]

    away = f"the broker at {servers} doesn't answer: start it with `lfr up`, or check LFR_KAFKA_SERVERS"
    if connection.protocol != "PLAINTEXT":  # kafka-python keeps to itself why it didn't get in
        away += f"; or it takes no login of {connection.user} from {connection.logins} over {connection.protocol}"
    if not _somebody_listens(servers):
        raise Retryable(away, retry_after_s=1.0)
    try:
        admin = KafkaAdminClient(
            client_id="openlfr-admin",
            bootstrap_timeout_ms=ANSWER_MS,
            request_timeout_ms=ANSWER_MS,
            reconnect_backoff_max_ms=1_000,
            kafka_client=client,
            **options,
        )
        try:
            yield admin
        finally:
            admin.close()
    except (KafkaConnectionError, KafkaTimeoutError, OSError) as error:
        raise Retryable(f"{away} ({type(error).__name__})", retry_after_s=1.0) from error
    except KafkaError as error:
        if error.retriable:
            raise Retryable(f"the broker at {servers} is busy: {error}", retry_after_s=1.0) from error
        raise Fatal(f"the broker at {servers} refuses: {error}. See its log.") from error
    finally:
        for each in made:
            each.close()


def broker_version(connection: BrokerConnection) -> str:
    """Return the version the broker shows, e.g. "4.1". Raises as `admin_client`."""
    with admin_client(connection) as admin:
        return ".".join(str(part) for part in admin._manager.broker_version)  # noqa: SLF001  no public name
