"""Injects canaries into broker, alerts and footage, the way that real frames, sightings and pictures go.

* A frame: sent by a camera in the place of one of its own, because the vault asks it to
  (`streams.camera.canary_sealer`).
* A sighting of the entry `canary`, sealed as the recogniser seals probes and sent to the sightings topic; the recorder
  opens an alert for it, marked as a canary, whose sealed probe is then read from the records.
* A segment of footage, written by the camera's own writer.
"""

from __future__ import annotations

import base64
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from sqlalchemy import Engine
from sqlmodel import select

from lfr_core.common.clock import Clock
from lfr_core.common.errors import Fatal, Retryable
from lfr_core.custody.crops import sighting_probe, sightings_key
from lfr_core.custody.vault.port import KeyKind, RecordUse, Vault
from lfr_core.custody.vault.record_mac import MAC_HEADER, USE_HEADER, RecordSigner
from lfr_core.custody.vault.sealing import seal
from lfr_core.domain.actors import SystemActor
from lfr_core.domain.deployments import DeploymentView
from lfr_core.domain.messages import Sighting, sighting_id
from lfr_core.domain.policy import Policy
from lfr_core.retention.erasure.canary import CanaryKind, InjectedCanary
from lfr_core.retention.erasure.forms import image_forms, noise_jpeg, sealed_forms
from lfr_core.retention.erasure.inject import CANARY, CROP_PX, build_canary, key_of
from lfr_core.retention.footage.segment import STORE_FILE, index_segment, segment_file
from lfr_core.storage.engine import reading
from lfr_core.storage.tables.alerts import AlertRow, SightingRow
from lfr_core.storage.tables.footage import FootageSegmentRow
from streams.broker.connection import BrokerConnection
from streams.broker.traits import BrokerTraits
from streams.camera.footage import FootageWriter
from streams.topics import Topic

__all__ = ["CanaryStreams"]

FRAME_PX = (640, 360)
_FOOTAGE_FRAMES = 3
_CONFIRM_S = 10.0
_RECORD_S = 30.0
"""How long the recorder may take to open the canary's alert."""
_CAMERA_S = 20.0
"""How long a camera may take: one that is asked first has ten seconds, then another is asked."""
_LOOK_S = 0.1


@dataclass(frozen=True, slots=True, eq=False)
class CanaryStreams:
    """Injects for one system. Each kind can be injected by itself; all need the deployment to be live."""

    connection: BrokerConnection
    traits: BrokerTraits
    policy: Policy
    vault: Vault
    engine: Engine
    clock: Clock
    random: np.random.Generator
    sleep: Callable[[float], None] = time.sleep

    def inject_frame(self, deployment: str, *, store: str = "broker") -> InjectedCanary:
        """Have a camera send a frame of noise, and wait for it.

        Raises:
            Refused: the gate is shut.
            Retryable: the vault is away, or no camera has sent one within 20 s.
        """
        ends = self.clock.monotonic() + _CAMERA_S
        while (sent := self.collect_frame(deployment, store=store)) is None:
            if self.clock.monotonic() > ends:
                raise Retryable(
                    f"no camera of {deployment} has sent a canary within {_CAMERA_S:g} s: does one run? `lfr status`"
                )
            self.sleep(_LOOK_S)
        return sent

    def collect_frame(self, deployment: str, *, ask: bool = True, store: str = "broker") -> InjectedCanary | None:
        """Return the frame of noise that a camera has just sent; None: with `ask` it is asked for.

        Raises as `inject_frame`.
        """
        sent = self.vault.collect_canary(deployment, ask=ask)
        if sent is None:
            return None
        return InjectedCanary(
            id=sent.id,
            kind=CanaryKind.FRAME,
            deployment=deployment,
            store=store,
            planted_ns=sent.sent_ns,
            due_ns=sent.due_ns,
            key_id=sent.key_id,
            key_fingerprint=sent.fingerprint,
            clear=sent.clear,
            stored=sent.stored,
        )

    def inject_alert(self, view: DeploymentView, *, store: str = "broker") -> tuple[InjectedCanary, InjectedCanary]:
        """Send one sighting, and wait for the alert that the recorder opens for it: both are injected.

        Raises:
            Refused: the vault gives no key.
            Retryable: the broker, the vault or the records are away, or no alert came within 30 s.
        """
        jpeg, now_ns = noise_jpeg(self.random, CROP_PX, CROP_PX), self.clock.time_ns()
        hours = self.policy.alerts.retention_h
        key = sightings_key(self.vault, view.id, now_ns=now_ns, retention_h=hours, actor=SystemActor.ERASURE)
        camera, session = f"{CANARY}-{uuid.uuid4().hex[:8]}", str(uuid.uuid4())  # a camera of its own: nothing merges
        id_ = sighting_id(view.id, camera, session, 0, 0, CANARY)
        sealed = base64.b64encode(seal(key.key, jpeg, sighting_probe(view.id, id_)))
        sighting = Sighting(
            id=id_,
            deployment=view.id,
            camera=camera,
            session=session,
            sequence=0,
            captured_ns=now_ns,
            face=0,
            track=CANARY,
            entry=CANARY,
            similarity=1.0,
            threshold=view.threshold,
            box=(0.0, 0.0, float(CROP_PX), float(CROP_PX)),
            eye_distance_px=0.0,
            probe_sealed=sealed,
            key_id=key.info.id,
        )
        value = sighting.encode()
        if sealed not in value:
            raise Fatal("a sighting's probe isn't in its message as Base64, which is a fault of OpenLFR")
        self._send(Topic.SIGHTINGS, camera.encode(), value)
        clear = image_forms(jpeg)
        sent = build_canary(
            CanaryKind.SIGHTING,
            view.id,
            store=store,
            now_ns=now_ns,
            clear=clear,
            stored=sealed_forms(sealed),
            key=key.info,
            due_ns=key.info.due_ns,
        )
        alert = self._alert_of(sighting)
        info = key_of(self.vault, KeyKind.ALERT, view.id, alert.key_id)
        opened = build_canary(
            CanaryKind.ALERT,
            view.id,
            store="database",
            now_ns=now_ns,
            clear=clear,
            stored=sealed_forms(alert.probe_sealed),
            key=info,
            due_ns=info.due_ns,
        )
        return sent, opened

    def inject_footage(self, deployment: str, folder: Path) -> InjectedCanary:
        """Write one segment of noise into the footage store.

        Raises:
            Retryable: the writer could keep nothing: its log says why.
        """
        jpegs = [noise_jpeg(self.random, *FRAME_PX) for _ in range(_FOOTAGE_FRAMES)]
        session, now_ns = str(uuid.uuid4()), self.clock.time_ns()
        writer = FootageWriter(
            deployment=deployment,
            camera=CANARY,
            session=session,
            engine=self.engine,
            folder=folder,
            vault=self.vault,
            policy=self.policy.footage,
            clock=self.clock,
            actor=SystemActor.ERASURE,
        )
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        (folder / STORE_FILE).write_text("Searches for canaries find this file here when all footage is gone.\n")
        with writer:
            for index, jpeg in enumerate(jpegs):
                writer.offer(now_ns + index, jpeg)
        with reading(self.engine) as session_:
            row = session_.exec(select(FootageSegmentRow).where(FootageSegmentRow.session == session)).first()
        if row is None or writer.kept < _FOOTAGE_FRAMES:
            raise Retryable("no footage could be written for the canary; the log says why (`footage.gap`)")
        file = segment_file(folder, row.id)
        data = file.read_bytes()
        sealed = [data[one.offset : one.offset + one.length] for one in index_segment(file).records]
        return build_canary(
            CanaryKind.FOOTAGE,
            deployment,
            store="footage",
            now_ns=now_ns,
            clear=[needle for jpeg in jpegs for needle in image_forms(jpeg)],
            stored=sealed_forms(sealed),
            key=key_of(self.vault, KeyKind.FOOTAGE, deployment, row.key_id),
            due_ns=row.due_ns,
        )

    def _send(self, topic: str, key: bytes, value: bytes) -> None:
        from kafka import KafkaProducer
        from kafka.errors import KafkaError

        headers = {USE_HEADER: RecordUse.CANARY.encode()}
        signer = RecordSigner(self.vault, self.clock, SystemActor.ERASURE, use=RecordUse.CANARY)
        signed = [*headers.items(), (MAC_HEADER, signer.sign(topic, key, headers, value))]
        try:
            producer = KafkaProducer(
                client_id="lfr-canary",
                allow_auto_create_topics=False,
                bootstrap_timeout_ms=5_000,
                **self.traits.producer_options(),
                **self.connection.options(),
            )
            try:
                producer.send(topic, key=key, value=value, headers=signed).get(timeout=_CONFIRM_S)
            finally:
                producer.close(timeout=1)
        except KafkaError as error:
            raise Retryable(
                f"the broker at {self.connection.servers} takes no canary: {type(error).__name__}"
            ) from error

    def _alert_of(self, sighting: Sighting) -> AlertRow:
        ends = self.clock.monotonic() + _RECORD_S
        while True:
            with reading(self.engine) as session:
                row = session.exec(
                    select(AlertRow)
                    .join(SightingRow, SightingRow.alert == AlertRow.id)  # type: ignore[arg-type]  # a column
                    .where(SightingRow.id == sighting.id)
                ).first()
            if row is not None:
                return row
            if self.clock.monotonic() > ends:
                raise Retryable(f"no alert came of the canary within {_RECORD_S:g} s: does `record` run? `lfr status`")
            self.sleep(_LOOK_S)
