"""The Faust apps, with the settings that lose nothing (docs/facts.md#faust-and-kafka).

No Tables: an app with Tables loses records over restarts. The web server stays off. Topics are made by
`streams.topics`, never by Faust.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import faust

from lfr_core.common.settings import Settings
from lfr_core.domain.messages import LONGEST_NAME
from lfr_core.domain.policy import Policy
from streams.broker.connection import BrokerConnection
from streams.broker.traits import BrokerTraits
from streams.known_offsets import use_known_offsets
from streams.short_poll import use_short_polls

__all__ = ["make_app", "raw_topic", "record_headers", "record_key"]

COMMIT_INTERVAL_S = 0.25  # what a SIGKILL doubles is what came since the last commit
SESSION_TIMEOUT_S = 6.0  # a dead worker's partitions move after this; Tansu refuses longer ones
HEARTBEAT_S = 1.0
FRAME_BUFFER = 64  # messages; the default of 4096 would hold 400 MB behind a slow agent
FETCH_BYTES = 4 * 1024 * 1024  # 1.6 times as fast as the default 1 MB


def make_app(
    group: str,
    instance: str,
    *,
    settings: Settings,
    policy: Policy,
    traits: BrokerTraits,
    connection: BrokerConnection,
) -> faust.App:
    """Make a Faust app of consumer group `group`; `instance` is this worker's stable name in the group.

    Static membership lets a killed worker come back in 3 s instead of waiting for its old session to
    end; the demonstration broker doesn't know it.
    """
    app = faust.App(
        group,
        env={},  # else BROKER_URL, WEB_HOST and eighty more names of the environment go before what is said here
        broker=[f"kafka://{server}" for server in connection.servers.split(",")],
        broker_credentials=connection.faust_credentials(),
        value_serializer="raw",
        key_serializer="raw",
        store="memory://",
        datadir=_literal(
            settings.home.resolve() / "run" / f"faust-{instance}"
        ),  # else a folder wherever `lfr up` was typed
        web_enabled=False,
        topic_disable_leader=True,
        topic_allow_declare=False,
        consumer_auto_offset_reset="earliest",
        consumer_group_instance_id=instance if traits.static_membership else None,
        consumer_max_fetch_size=FETCH_BYTES,
        broker_commit_interval=COMMIT_INTERVAL_S,
        broker_session_timeout=SESSION_TIMEOUT_S,
        broker_heartbeat_interval=HEARTBEAT_S,
        broker_max_poll_records=None,
        stream_buffer_maxsize=FRAME_BUFFER,
        stream_wait_empty=False,
        producer_acks=-1,
        producer_max_batch_size=1 if traits.one_record_per_batch else 65536,
        producer_max_request_size=policy.images.max_frame_bytes + 64 * 1024,
        worker_redirect_stdouts=False,
    )
    app.conf.web_enabled = False
    (use_known_offsets if traits.long_poll else use_short_polls)(app)
    return app


def _literal(folder: Path) -> str:
    """Return a folder as Faust takes it: it fills in what stands in braces."""
    return str(folder).replace("{", "{{").replace("}", "}}")


def raw_topic(app: faust.App, name: str) -> faust.TopicT:
    """Make a topic of bytes: messages are decoded where a fault in them can be caught."""
    return app.topic(
        name,
        key_type=bytes,
        value_type=bytes,
        key_serializer="raw",
        value_serializer="raw",
        internal=False,
    )


def record_key(message: Any) -> str:
    """Return a record's key as text, as much of it as a name may have: somebody may have sent megabytes."""
    return bytes(message.key or b"")[: 4 * LONGEST_NAME].decode(errors="replace")[:LONGEST_NAME]


def record_headers(event: faust.EventT) -> Mapping[str, bytes | None]:
    """Return a record's headers by name; of several of one name the last."""
    return event.headers if isinstance(event.headers, Mapping) else dict(event.headers or ())
