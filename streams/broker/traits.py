"""What a client must know of the broker it talks to.

Which kind it is, a client learns from `read_traits(settings)`: a forced `LFR_BROKER` first (the supervisor sets it
for its children), then `LFR_KAFKA_SERVERS` (a cluster is Apache Kafka), then `broker.json` in the home folder,
which is written each time a broker is chosen, so that a command in another shell knows too.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

from lfr_core.common.errors import Fatal

if TYPE_CHECKING:
    from lfr_core.common.settings import Settings

__all__ = ["KAFKA", "TANSU", "TANSU_BANNER", "BrokerKind", "BrokerTraits", "read_traits", "remember_kind"]

TANSU_BANNER = "demonstration broker: no retention"
"""Shown wherever Tansu runs: what is sent stays in its memory until it stops (docs/facts.md#brokers)."""


class BrokerKind(StrEnum):
    """Which broker."""

    KAFKA = "kafka"
    TANSU = "tansu"


@dataclass(frozen=True, slots=True)
class BrokerTraits:
    """What a broker can do; producers, topics and screens ask this and never the kind's name."""

    kind: BrokerKind
    idempotent: bool
    """Whether `enable_idempotence=True` works."""
    one_record_per_batch: bool
    """Whether every produced batch must hold one record (kafka-python `batch_size=0, linger_ms=0`)."""
    has_retention: bool
    """Whether records go when their retention is over. Never claim retention without it."""
    has_delete_records: bool
    long_poll: bool
    """Whether a fetch is answered as soon as a record is there, however long it may wait."""
    static_membership: bool
    """Whether a worker keeps its partitions over a quick restart, by a name of its own in the group."""
    durable: bool
    """Whether topics and records survive a restart of the broker."""

    @property
    def banner(self) -> str:
        """A warning to show, or the empty string."""
        return "" if self.has_retention else TANSU_BANNER

    def producer_options(self) -> dict[str, bool | int | str]:
        """Return options for `kafka.KafkaProducer`: acknowledged writes, and this broker's quirks.

        `reconnect_backoff_max_ms`: without it a producer is silent 30 s longer than the broker (docs/facts.md#brokers).
        """
        options: dict[str, bool | int | str] = {
            "acks": "all",
            "enable_idempotence": self.idempotent,
            "reconnect_backoff_max_ms": 1_000,
        }
        if self.one_record_per_batch:
            options |= {"batch_size": 0, "linger_ms": 0}
        return options


KAFKA = BrokerTraits(
    BrokerKind.KAFKA,
    idempotent=True,
    one_record_per_batch=False,
    has_retention=True,
    has_delete_records=True,
    long_poll=True,
    static_membership=True,
    durable=True,
)
TANSU = BrokerTraits(
    BrokerKind.TANSU,
    idempotent=False,
    one_record_per_batch=True,
    has_retention=False,
    has_delete_records=False,
    long_poll=False,
    static_membership=False,
    durable=False,
)

_OF_KIND = {BrokerKind.KAFKA: KAFKA, BrokerKind.TANSU: TANSU}


def _file(home: Path) -> Path:
    return home / "broker.json"


def remember_kind(home: Path, kind: BrokerKind, *, servers: str, why: str) -> BrokerTraits:
    """Write `broker.json` in `home` (whole or not at all) and give the kind's traits."""
    home.mkdir(parents=True, exist_ok=True)
    fresh = _file(home).with_suffix(".new")
    fresh.write_text(json.dumps({"kind": kind.value, "servers": servers, "why": why}) + "\n", encoding="utf-8")
    fresh.replace(_file(home))
    return _OF_KIND[kind]


def read_traits(settings: Settings) -> BrokerTraits:
    """Return the traits of the broker these settings lead to.

    Raises:
        Fatal: `broker.json` holds something else than a kind we know.
    """
    if settings.broker != "auto":
        return _OF_KIND[BrokerKind(settings.broker)]
    if settings.kafka_servers:
        return KAFKA
    file = _file(settings.home)
    try:
        return _OF_KIND[BrokerKind(json.loads(file.read_text(encoding="utf-8"))["kind"])]
    except FileNotFoundError:
        return KAFKA
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise Fatal(f"{file} can't be read ({error}); delete it and run `lfr up` again") from error
