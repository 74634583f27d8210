"""Sending live probes: the drawn test face, by the way of real frames, to each recogniser that serves a camera.

A frame goes to the partition of its record's key. So one live probe is sent under the name of each camera that has been
heard of lately, and reaches the recogniser that serves it; with none, one under the live probe's own name.
"""

from __future__ import annotations

import secrets
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Engine
from sqlmodel import col, select

from lfr_core.common.clock import Clock
from lfr_core.common.errors import Retryable
from lfr_core.custody.audit.port import SealingTrail
from lfr_core.custody.vault.frames import VaultSealer
from lfr_core.custody.vault.port import Vault
from lfr_core.deployments.monitoring.store import LiveProbeKind, begin_live_probe
from lfr_core.domain.actors import SystemActor
from lfr_core.domain.frames import UNSEALED, FrameHeader, FrameKind
from lfr_core.domain.reserved import LIVE_PROBE_CAMERA
from lfr_core.recognition.selftest.face import live_probe_frame
from lfr_core.storage.engine import reading, writing
from lfr_core.storage.tables.stream import CameraSessionRow
from streams.broker.connection import BrokerConnection
from streams.broker.traits import BrokerTraits
from streams.topics import Topic

__all__ = ["LiveProbeSender", "find_cameras_in_use"]

_CONFIRM_S = 10.0
IN_USE_S = 60.0
"""A camera that wasn't heard of for this long is served by nobody now; it says something every few seconds."""


def find_cameras_in_use(engine: Engine, deployment: str, *, now_ns: int) -> tuple[str, ...]:
    """Read the cameras of a deployment that have sent something within the last minute and haven't ended, by name."""
    with reading(engine) as session:
        names = session.exec(
            select(CameraSessionRow.camera)
            .where(CameraSessionRow.deployment == deployment)
            .where(col(CameraSessionRow.ended).is_(False))
            .where(CameraSessionRow.last_seen_ns >= now_ns - round(IN_USE_S * 1e9))
            .distinct()
            .order_by(CameraSessionRow.camera)
        )
        return tuple(names)


@dataclass(frozen=True, slots=True, eq=False)
class LiveProbeSender:
    """Sends live probes for one system."""

    connection: BrokerConnection
    traits: BrokerTraits
    vault: Vault
    trail: SealingTrail
    engine: Engine
    clock: Clock
    actor: SystemActor = SystemActor.WATCH
    """Who sends: the watch, or the self-test."""

    def send(self, deployment: str) -> uuid.UUID:
        """Send a sealed live probe for each camera in use, and give the id under which its answers are recorded.

        Raises:
            Refused: `gate.*`: the gate is shut: nothing can be sealed, and nothing is recognised.
            Retryable: the vault, the records or the broker are away.
        """
        now_ns = self.clock.time_ns()
        sealer = self._sealer(deployment)
        key_id = sealer.key_id()  # refused before anything is written down
        keys = find_cameras_in_use(self.engine, deployment, now_ns=now_ns) or (LIVE_PROBE_CAMERA,)
        nonces = [secrets.token_hex(16) for _ in keys]
        probe = self._begin(deployment, LiveProbeKind.LIVE_PROBE, keys, now_ns, nonces)
        headers = [_header(deployment, probe, part, now_ns, key_id) for part in range(len(keys))]
        self._deliver(
            [
                (_Place(key=key.encode()), header, sealer.seal(header, live_probe_frame(nonce)))
                for key, header, nonce in zip(keys, headers, nonces, strict=True)
            ],
            sealer,
        )
        return probe

    def call(self, deployment: str, partitions: int) -> uuid.UUID:
        """Ask the recogniser of each partition of the frames topic whether it is there; the gate may be shut.

        Raises:
            Retryable: the vault, the records or the broker are away.
        """
        now_ns = self.clock.time_ns()
        probe = self._begin(deployment, LiveProbeKind.CALL, [f"partition {one}" for one in range(partitions)], now_ns)
        self._deliver(
            [
                (_Place(partition=part), _header(deployment, probe, part, now_ns, UNSEALED), b"")
                for part in range(partitions)
            ],
            self._sealer(deployment),
        )
        return probe

    def _sealer(self, deployment: str) -> VaultSealer:
        return VaultSealer(self.vault, self.clock, deployment, LIVE_PROBE_CAMERA, actor=self.actor)

    def _begin(
        self, deployment: str, kind: LiveProbeKind, keys: Sequence[str], now_ns: int, nonces: Sequence[str] = ()
    ) -> uuid.UUID:
        probe, records_key = uuid.uuid4(), self.trail.records_key()
        with writing(self.engine) as session:
            begin_live_probe(session, records_key, probe, deployment, kind, keys, now_ns, nonces)
        return probe

    def _deliver(self, records: Sequence[tuple[_Place, FrameHeader, bytes]], sealer: VaultSealer) -> None:
        """Sign all, send all and wait for the broker's word. Raises Retryable."""
        from kafka import KafkaProducer
        from kafka.errors import KafkaError

        signed = [
            (place, sealer.record_headers(header, topic=Topic.FRAMES, key=place.key or b"", payload=payload), payload)
            for place, header, payload in records
        ]
        try:
            producer: Any = KafkaProducer(
                client_id="lfr-live-probe",
                allow_auto_create_topics=False,
                bootstrap_timeout_ms=5_000,
                max_block_ms=5_000,
                **self.traits.producer_options(),
                **self.connection.options(),
            )
            try:
                sent = [
                    producer.send(
                        Topic.FRAMES,
                        value=payload,
                        key=place.key,
                        partition=place.partition,
                        headers=headers,
                    )
                    for place, headers, payload in signed
                ]
                for each in sent:
                    each.get(timeout=_CONFIRM_S)
            finally:
                producer.close(timeout=1)
        except KafkaError as error:
            raise Retryable(
                f"the broker at {self.connection.servers} takes no live probe: {type(error).__name__}"
            ) from error


@dataclass(frozen=True, slots=True)
class _Place:
    """Which partition: that of a key, or one by number."""

    key: bytes | None = None
    partition: int | None = None


def _header(deployment: str, probe: uuid.UUID, part: int, now_ns: int, key_id: str) -> FrameHeader:
    return FrameHeader(
        deployment, LIVE_PROBE_CAMERA, str(probe), part, now_ns, 0, 0, kind=FrameKind.LIVE_PROBE, key_id=key_id
    )
