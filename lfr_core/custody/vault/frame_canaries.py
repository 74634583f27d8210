"""Which camera is asked to send a frame of noise, and what it said it sent: in the vault's memory alone.

The first camera of a deployment that is lent a key is asked with that key, so that its first frame is the canary; and
from time to time whichever is lent a key, at moments that nobody can foresee. A vault that starts anew asks anew.
"""

from __future__ import annotations

import threading
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from random import Random, SystemRandom
from typing import Final

from cachetools import LRUCache

from lfr_core.common.clock import Clock
from lfr_core.common.errors import Refused
from lfr_core.custody.vault.canary_port import CanaryFrame
from lfr_core.custody.vault.port import FrameKey
from lfr_core.custody.vault.sealing import fingerprint
from lfr_core.domain.reserved import LIVE_PROBE_CAMERA

__all__ = ["COLLECTED_WITHIN_S", "OFFERED_FOR_S", "QUIET_S", "FrameCanaries"]

OFFERED_FOR_S: Final = 10.0
"""How long a camera is asked for one canary. Then whoever asks next, itself too, is asked for another: it may have no
picture, have gone, or have sent the canary where no broker took it."""
COLLECTED_WITHIN_S: Final = 30.0
"""What was sent longer ago is asked for anew: the broker keeps frames for a minute, and it is to be found there."""
QUIET_S: Final = 60.0
"""After a canary was asked for none is for so long at least."""
_FURTHER_S: Final = 1_140.0
"""[proposal] Until the next: exponential with this mean, so one in 20 minutes, and none nearer at one moment than at
another."""
_MOST_DEPLOYMENTS: Final = 1_000


@dataclass(slots=True)
class _Asked:
    """One deployment's."""

    canary: str = ""
    """What is asked for; empty: nothing."""
    camera: str = ""
    """Who is; empty: the next that is lent a key."""
    until: float = 0.0
    sent: CanaryFrame | None = None
    sent_at: float = 0.0
    next_at: float = 0.0
    """When one is asked for of itself."""


class FrameCanaries:
    """The canary frames of one vault. Safe to call from several threads; no input, no output."""

    def __init__(self, clock: Clock, random: Random | None = None) -> None:
        """`random`: says when; the operating system's where it isn't given."""
        self._clock = clock
        self._random = random or SystemRandom()
        self._lock = threading.Lock()
        self._of: LRUCache[str, _Asked] = LRUCache(_MOST_DEPLOYMENTS)

    def offer(self, deployment: str, camera: str) -> str:
        """Return the id of the canary that a camera which is lent a key is to send; "" if none.

        The live probe is lent keys too, and sends no pictures of a camera: it is never asked.
        """
        if camera == LIVE_PROBE_CAMERA:
            return ""
        now = self._clock.monotonic()
        with self._lock:
            asked = self._of.get(deployment)
            if asked is None:
                asked = self._of[deployment] = _Asked()
            if not asked.canary and now < asked.next_at:
                return ""
            if not asked.canary:
                self._ask(asked, now)
            if asked.camera and now >= asked.until:
                asked.canary, asked.camera = uuid.uuid4().hex, ""
            if not asked.camera:
                asked.camera, asked.until = camera, now + OFFERED_FOR_S
            return asked.canary if camera == asked.camera else ""

    def tell(
        self,
        canary: str,
        camera: str,
        *,
        deployment: str,
        key: FrameKey,
        clear: Sequence[bytes],
        stored: Sequence[bytes],
    ) -> None:
        """Note what was sent, as `CanaryVault.tell_canary` does. `key`: that it was sealed under, of `deployment`."""
        with self._lock:
            asked = self._of.get(deployment)
            if asked is None or not canary or (asked.canary, asked.camera) != (canary, camera):
                raise Refused("vault.canary-not-asked", f"{camera} isn't asked for that canary: it isn't noted")
            asked.sent = CanaryFrame(
                id=canary,
                deployment=deployment,
                camera=camera,
                key_id=key.id,
                fingerprint=fingerprint(key.key),
                sent_ns=self._clock.time_ns(),
                due_ns=key.opens_until_ns,
                clear=tuple(clear),
                stored=tuple(stored),
            )
            asked.sent_at = self._clock.monotonic()
            asked.canary = asked.camera = ""

    def collect(self, deployment: str, *, ask: bool) -> CanaryFrame | None:
        """Return what was sent, or ask for one, as `CanaryVault.collect_canary`."""
        now = self._clock.monotonic()
        with self._lock:
            asked = self._of.get(deployment)
            if asked is None:
                asked = self._of[deployment] = _Asked()
            sent, asked.sent = asked.sent, None
            if sent is not None and now - asked.sent_at < COLLECTED_WITHIN_S:
                return sent
            if ask and not asked.canary:
                self._ask(asked, now)
            return None

    def _ask(self, asked: _Asked, now: float) -> None:
        asked.canary = uuid.uuid4().hex
        asked.next_at = now + QUIET_S + self._random.expovariate(1.0 / _FURTHER_S)
