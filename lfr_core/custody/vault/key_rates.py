"""How fast processes may ask: for anything, and for new keys.

Each new key rewrites the keystore, under the lock that whoever needs a key waits for. A camera or machine that asks
without end waits itself, and leaves the disk and the deployment's quota to the others.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from lfr_core.common.errors import Retryable
from lfr_core.custody.vault import messages as m
from lfr_core.custody.vault.certificates import THIS_MACHINE, Peer
from lfr_core.custody.vault.key_terms import AT_ONCE, KeyTerms
from lfr_core.custody.vault.machine_messages import MOST_CAMERAS
from lfr_core.custody.vault.process_identity import camera_asked_for

__all__ = ["KeyRates", "RequestRates"]


class RequestRates:
    """How much each has asked for lately (generic cell rate algorithm, ITU-T I.371). Safe to use from several threads.

    One entry a name, for good: names are of machines that were admitted and of their cameras.
    """

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        """`monotonic`: seconds."""
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._free_s: dict[tuple[str, ...], float] = {}
        """When all that was asked for would have been, at the rate that is allowed."""

    def take(self, *name: str, every_s: float, at_once: int) -> bool:
        """Count one more of that name, unless that is more than `at_once`, and faster than one in `every_s` since."""
        now = self._monotonic()
        with self._lock:
            free = max(self._free_s.get(name, now), now) + every_s
            if free - now > (at_once + 0.5) * every_s:  # half a one for what floating point loses
                return False
            self._free_s[name] = free
            return True


class KeyRates:
    """New keys: of one camera, or of one machine that records. Safe to use from several threads."""

    def __init__(self, terms: KeyTerms, monotonic: Callable[[], float] = time.monotonic) -> None:
        """`terms`: how fast is too fast; `monotonic`: seconds."""
        self._terms = terms
        self._rates = RequestRates(monotonic)

    def check(self, peer: Peer, request: m.MakeKey) -> None:
        """See that a key isn't asked for too fast; call it once it is known that `peer` may speak for the camera.

        The vault's own machine, whose cameras no admission names, has as much as one with all the cameras that a
        machine may have. Raises Retryable.
        """
        every_s = self._terms.every_s.get(request.kind)
        if every_s is None:
            return
        is_own = peer.machine == THIS_MACHINE
        share = MOST_CAMERAS if is_own else 1
        camera = "" if is_own else camera_asked_for(request) or ""
        at_once = AT_ONCE[request.kind] * share
        if not self._rates.take(peer.machine, request.kind, camera, every_s=every_s / share, at_once=at_once):
            of = f"camera {camera}" if camera else "the machine"
            raise Retryable(f"{of} asks for keys of {request.kind} faster than the policy has room for: later")
