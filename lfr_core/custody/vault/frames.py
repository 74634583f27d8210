"""Frames under epoch keys: the camera's end and the worker's end of the sealed way.

A key is used for as long as its lease, counted from before the vault was asked; then the vault is asked again, and
its refusal is felt. So when a deployment closes, no frame is sealed or opened anywhere a lease later, and none of these
processes holds the key any longer (see `lfr_core.custody.vault.lease_cache`).
"""

from __future__ import annotations

from collections.abc import Mapping

from lfr_core.common.clock import Clock
from lfr_core.common.errors import Refused
from lfr_core.custody.vault.lease_cache import Leases
from lfr_core.custody.vault.port import FrameKey, Vault
from lfr_core.custody.vault.record_mac import MAC_HEADER, FrameVerifier, RecordSigner
from lfr_core.custody.vault.sealing import binding, open_sealed, seal
from lfr_core.domain.actors import SystemActor
from lfr_core.domain.frames import FrameHeader

__all__ = ["VaultOpener", "VaultSealer"]

_CURRENT = ""
_MOST_KEYS = 256
"""Kept at once by a worker: a lease's worth of epochs of far more deployments than one machine serves."""


def _bound(header: FrameHeader) -> bytes:
    """Return what a frame's ciphertext belongs to; moved to another camera, place or time it doesn't open."""
    return binding(
        "frame", header.key_id, header.deployment, header.camera, header.session, header.sequence, header.captured_ns
    )


class VaultSealer:
    """Implements `lfr_core.domain.frames.FrameSealer` for one camera. Not for several threads."""

    def __init__(
        self, vault: Vault, clock: Clock, deployment: str, camera: str, *, actor: SystemActor = SystemActor.CAMERA
    ) -> None:
        """`actor`: the camera's process, or the part of the platform that sends frames of nobody."""
        self._vault = vault
        self._clock = clock
        self._deployment = deployment
        self._camera = camera
        self._lent: Leases[FrameKey] = Leases(clock, most=1)
        self._signer = RecordSigner(vault, clock, actor, deployment=deployment, camera=camera)

    @property
    def is_lent(self) -> bool:
        """Whether the gate was open a lease ago at most; may be asked from another thread."""
        lent = self._lent.get(_CURRENT)
        return lent is not None and self._clock.monotonic() < lent[1]

    @property
    def canary(self) -> str:
        """Which canary this camera was asked for with the key that it is lent now; empty: none."""
        lent = self._lent.get(_CURRENT)
        return "" if lent is None else lent[0].canary

    def key_id(self) -> str:
        return self._key().id

    def seal(self, header: FrameHeader, jpeg: bytes) -> bytes:
        lent = self._lent.get(_CURRENT)
        if lent is None or lent[0].id != header.key_id:
            raise Refused("vault.epoch-ended", "the key of this frame is no longer lent: ask for key_id() first")
        return seal(lent[0].key, jpeg, _bound(header))

    def record_headers(self, header: FrameHeader, *, topic: str, key: bytes, payload: bytes) -> list[tuple[str, bytes]]:
        headers = header.to_headers()
        return [*headers, (MAC_HEADER, self._signer.sign(topic, key, dict(headers), payload))]

    def confirm(self, header: FrameHeader) -> None:
        """Note nothing: what was sealed is with the broker."""

    def _key(self) -> FrameKey:
        now = self._clock.monotonic()
        lent = self._lent.get(_CURRENT)
        if lent is not None and now < lent[1] and self._clock.time_ns() < lent[0].seals_until_ns:
            return lent[0]
        self._lent.clear()  # refused, or the vault away: nothing more is sealed under the old one
        key = self._vault.seal_key(self._deployment, self._camera)
        self._lent.put(_CURRENT, key, now + key.lease_s)
        return key


class VaultOpener:
    """Implements `lfr_core.domain.frames.FrameOpener`. Not for several threads."""

    def __init__(self, vault: Vault, clock: Clock) -> None:
        self._vault = vault
        self._clock = clock
        self._lent: Leases[FrameKey] = Leases(clock, _MOST_KEYS)
        self._verifier = FrameVerifier(vault, clock)
        self._open_until: dict[str, float] = {}

    def open(self, header: FrameHeader, payload: bytes) -> bytes:
        key, until = self._key(header.key_id)
        self._open_until[header.deployment] = until
        return open_sealed(key.key, payload, _bound(header))

    def check_sender(
        self, header: FrameHeader, *, topic: str, key: bytes, headers: Mapping[str, bytes | None], payload: bytes
    ) -> None:
        self._verifier.check(header, topic=topic, key=key, headers=headers, payload=payload)

    def check_gate(self, deployment: str) -> None:
        now = self._clock.monotonic()
        if now < self._open_until.get(deployment, float("-inf")):
            return
        self._open_until.pop(deployment, None)
        self._open_until[deployment] = now + self._vault.check_gate(deployment)

    def _key(self, key_id: str) -> tuple[FrameKey, float]:
        now = self._clock.monotonic()
        lent = self._lent.get(key_id)
        if lent is None or now >= lent[1]:
            key = self._vault.open_key(key_id)
            lent = (key, now + key.lease_s)
            self._lent.put(key_id, *lent)
        return lent
