"""Sends noise in the place of one frame when the vault asks this camera for a canary.

Nothing on the broker says which frame that is: it has the camera's name, session and sequence, and is signed and sealed
as the camera's others are. Nobody looks at the picture in whose place it goes; the frame counts as recognised.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import structlog

from lfr_core.common.errors import Poison, Refused, Retryable
from lfr_core.custody.vault.canary_port import CanaryVault
from lfr_core.custody.vault.frames import VaultSealer
from lfr_core.domain.frames import FrameHeader
from lfr_core.retention.erasure.forms import canary_picture, image_forms, sealed_forms

__all__ = ["CanarySealer"]

_log = structlog.get_logger(__name__)


@dataclass(slots=True)
class _Sent:
    canary: str
    header: FrameHeader
    clear: tuple[bytes, ...]
    stored: tuple[bytes, ...]
    on_broker: bool = False


class CanarySealer:
    """Implements `lfr_core.domain.frames.FrameSealer` over a camera's; `confirm` may come from another thread."""

    def __init__(self, inner: VaultSealer, vault: CanaryVault, random: np.random.Generator) -> None:
        """`inner`: seals, and says what the vault asks for. `vault`: is told what was sent. `random`: of the noise."""
        self._inner = inner
        self._vault = vault
        self._random = random
        self._last = ""
        self._sent: _Sent | None = None

    @property
    def is_lent(self) -> bool:
        """Return what the sealer below says."""
        return self._inner.is_lent

    def key_id(self) -> str:
        return self._inner.key_id()

    def seal(self, header: FrameHeader, jpeg: bytes) -> bytes:
        asked = self._inner.canary
        if not asked or asked == self._last:
            return self._inner.seal(header, jpeg)
        try:
            picture = canary_picture(self._random, jpeg)
        except Poison:  # a damaged picture goes as any: the next one's place is taken
            return self._inner.seal(header, jpeg)
        sealed = self._inner.seal(header, picture)
        self._last, self._sent = asked, _Sent(asked, header, image_forms(picture), sealed_forms(sealed))
        return sealed

    def record_headers(self, header: FrameHeader, *, topic: str, key: bytes, payload: bytes) -> list[tuple[str, bytes]]:
        self._tell()  # with each record, the last word too
        return self._inner.record_headers(header, topic=topic, key=key, payload=payload)

    def confirm(self, header: FrameHeader) -> None:
        sent = self._sent
        if sent is not None and (header.session, header.sequence) == (sent.header.session, sent.header.sequence):
            sent.on_broker = True

    def _tell(self) -> None:
        """Tell the vault of a canary that the broker has; a vault that is away is told with the next record."""
        sent = self._sent
        if sent is None or not sent.on_broker:
            return
        try:
            self._vault.tell_canary(sent.canary, sent.header.key_id, sent.header.camera, sent.clear, sent.stored)
        except Retryable:
            return
        except Refused as refused:
            _log.warning("camera.canary-not-told", camera=sent.header.camera, rule=refused.rule)
        self._sent = None
