"""The keys that an identity provider signs with, as it named them last.

A provider that hangs keeps one who asks waiting, and nobody else while keys of before are known.
"""

from __future__ import annotations

import threading
from typing import Final

from joserfc.jwk import KeySet

from lfr_core.common.clock import Clock
from lfr_core.common.errors import LfrError, Refused, Retryable
from lfr_core.custody.identity.discovery import discover, fetch_keys
from lfr_core.custody.identity.provider import IdentityProvider

__all__ = ["ProviderKeys"]

_FRESH_S: Final = 300.0
"""For so long the provider's keys are believed before they are asked for again."""
_AWAY_S: Final = 3_600.0
"""For so long those of before are believed while the provider is away."""
_ASKED_AGAIN_S: Final = 5.0
"""A token by a key that isn't known has the keys asked for again, not more often than this."""
_PAUSE_S: Final = 30.0
"""A provider that didn't answer isn't asked again before."""


class ProviderKeys:
    """Those of one provider. For several threads: one asks, the others go by what is known meanwhile."""

    def __init__(self, provider: IdentityProvider, clock: Clock) -> None:
        self._provider = provider
        self._clock = clock
        self._asking = threading.Lock()
        self._keys: KeySet | None = None
        self._asked_s = float("-inf")
        self._failed_s = float("-inf")

    def read(self, *, newest: bool = False) -> KeySet:
        """Return the keys. `newest`: those of some minutes ago didn't verify a token.

        Raises:
            Refused: `login.provider-away`: it doesn't answer, and what it said is an hour old or nothing.
        """
        if not self._asking.acquire(blocking=self._keys is None):
            return self._known()
        try:
            now_s = self._clock.monotonic()
            is_fresh = now_s - self._asked_s < (_ASKED_AGAIN_S if newest else _FRESH_S)
            if self._keys is not None and (is_fresh or now_s - self._failed_s < _PAUSE_S):
                return self._known()
            return self._ask()
        finally:
            self._asking.release()

    def _ask(self) -> KeySet:
        try:
            self._keys = fetch_keys(self._provider, discover(self._provider))
        except LfrError as error:
            self._failed_s = self._clock.monotonic()
            if isinstance(error, Retryable) and self._keys is not None:
                return self._known()
            raise _away(str(error)) from error
        self._asked_s = self._clock.monotonic()
        return self._keys

    def _known(self) -> KeySet:
        if self._keys is None or self._clock.monotonic() - self._asked_s >= _AWAY_S:
            raise _away("it hasn't answered for an hour")
        return self._keys


def _away(why: str) -> Refused:
    return Refused("login.provider-away", f"the identity provider isn't there to say whose login it is: {why}")
