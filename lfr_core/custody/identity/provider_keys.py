"""The keys that an identity provider signs with, as it named them last.

No request waits for the provider: a thread of the vault's asks it, and a file keeps what it said for the next start.
"""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any, Final

from joserfc.errors import JoseError
from joserfc.jwk import KeySet
from pydantic import BaseModel, ConfigDict, ValidationError

from lfr_core.common.clock import Clock
from lfr_core.common.errors import LfrError, Refused
from lfr_core.common.logs import get_logger
from lfr_core.custody.identity.discovery import discover, fetch_keys, read_keys
from lfr_core.custody.identity.fetching import ANSWER_BYTES
from lfr_core.custody.identity.provider import IdentityProvider
from lfr_core.custody.vault.files import write_private

__all__ = ["ProviderKeys"]

_FRESH_S: Final = 300.0
"""For so long the provider's keys are believed before they are asked for again."""
_AWAY_S: Final = 3_600.0
"""For so long earlier ones are believed while the provider is away, over a restart too."""
_ASKED_AGAIN_S: Final = 5.0
"""A token by a key that isn't known has the keys asked for again, not more often than this."""
_PAUSE_S: Final = 30.0
"""A provider that didn't answer isn't asked again before."""
_PAUSE_UNKNOWN_S: Final = 2.0
"""Nor before this while no keys are known: it may just be starting."""
_AHEAD_S: Final = 60.0
"""By so much a file may be of later than now: two looks at a clock that is set."""


class _Kept(BaseModel):
    """What the file holds: public keys only."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    issuer: str
    asked_ns: int
    keys: list[dict[str, Any]]


class ProviderKeys:
    """Those of one provider. For several threads: `maintain` is one thread's, which asks; `read` never waits."""

    def __init__(self, provider: IdentityProvider, clock: Clock, file: Path | None = None) -> None:
        """`file`: where the public keys are kept over a restart; None: nowhere."""
        self._provider = provider
        self._clock = clock
        self._file = file
        self._lock = threading.Lock()
        self._keys: KeySet | None = None
        self._said_s = self._tried_s = self._failed_s = float("-inf")
        self._is_wanted = False
        self._why = "it hasn't been asked yet"
        self._read_file()

    def read(self) -> KeySet:
        """Return the keys that are known.

        Raises:
            Refused: `login.provider-away`: it doesn't answer, and what it said is an hour old or nothing.
        """
        with self._lock:
            if self._keys is None or self._clock.monotonic() - self._said_s >= _AWAY_S:
                raise _away(self._why)
            return self._keys

    def want_newer(self) -> bool:
        """Have the keys asked for soon, as a token is by none of these; False: they were a moment ago."""
        with self._lock:
            if self._clock.monotonic() - self._tried_s < _ASKED_AGAIN_S:
                return False
            self._is_wanted = True
            return True

    def maintain(self) -> None:
        """Ask the provider when it is time to. Called often by a thread of its own, as the provider may hang."""
        with self._lock:
            if not self._is_due(self._clock.monotonic()):
                return
            self._is_wanted = False
            self._tried_s = self._clock.monotonic()
        try:
            found = fetch_keys(self._provider, discover(self._provider))
        except LfrError as error:
            with self._lock:
                self._why, self._failed_s = str(error), self._clock.monotonic()
            return
        with self._lock:
            self._keys, self._said_s = found, self._clock.monotonic()
            self._failed_s = float("-inf")
        self._write_file(found)

    def _is_due(self, now_s: float) -> bool:
        pause_s = _PAUSE_UNKNOWN_S if self._keys is None else _PAUSE_S
        if now_s - self._failed_s < pause_s:
            return False
        return self._is_wanted or now_s - self._said_s >= _FRESH_S

    def _read_file(self) -> None:
        """Take the keys from before a restart, unless they are too old, another provider's, or can't be read."""
        try:
            if self._file is None or self._file.stat().st_size > ANSWER_BYTES:
                return
            kept = _Kept.model_validate_json(self._file.read_bytes())
            age_s = (self._clock.time_ns() - kept.asked_ns) / 1e9
            if kept.issuer == self._provider.issuer and -_AHEAD_S <= age_s < _AWAY_S:
                self._keys = read_keys({"keys": kept.keys})
                self._said_s = self._clock.monotonic() - max(age_s, 0.0)
                self._is_wanted = True  # a restart asks at once all the same
        except (OSError, ValidationError, LfrError):
            return

    def _write_file(self, keys: KeySet) -> None:
        if self._file is None:
            return
        try:
            public = keys.as_dict(private=False)["keys"]
            kept = _Kept(issuer=self._provider.issuer, asked_ns=self._clock.time_ns(), keys=[dict(k) for k in public])
            write_private(self._file, kept.model_dump_json().encode())
        except (LfrError, JoseError) as error:
            get_logger().warning("vault.provider-keys", reason=str(error))


def _away(why: str) -> Refused:
    return Refused(
        "login.provider-away",
        f"nobody can say yet whose login this is: try again in a few seconds (the identity provider: {why})",
    )
