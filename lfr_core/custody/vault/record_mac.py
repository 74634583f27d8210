"""Records on the broker, signed by who sends them and verified by who acts on them, whatever the broker lets in.

The code (HMAC-SHA256) travels in the record header `mac`, as `DAY:HEX`. It covers topic, key, all other headers and the
value, so a record moved to another topic or key, or changed in one byte, is refused. A record that is sent again is the
same record: ids and high-water marks make the second time harmless. Keys are lent by the vault, for a lease each time.

A key that somebody kept signs nothing once its day is over: frames are of the day that it is, and what waits in the
broker longer is of the day on which the broker took it, by the broker's clock (`LogAppendTime`).
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Container, Mapping
from typing import Final

from lfr_core.common.clock import Clock
from lfr_core.common.errors import Refused, Retryable
from lfr_core.custody.vault.lease_cache import Leases
from lfr_core.custody.vault.port import RecordKey, RecordUse, Vault
from lfr_core.custody.vault.record_keys import KEPT_DAYS, camera_record_key, day_of, days_around
from lfr_core.domain.actors import SystemActor
from lfr_core.domain.frames import FrameHeader, FrameKind
from lfr_core.domain.reserved import CANARY_ENTRY, LIVE_PROBE_CAMERA

__all__ = [
    "MAC_HEADER",
    "UNAUTHENTIC",
    "USE_HEADER",
    "FrameVerifier",
    "RecordSigner",
    "RecordVerifier",
    "check_entry",
]

MAC_HEADER: Final = "mac"
USE_HEADER: Final = "mac-use"
"""Says with which key a record is signed, where that isn't the workers': `canary`. The code covers it."""
NOT_SIGNED: Final = "record.not-signed"
NOT_AUTHENTIC: Final = "record.not-authentic"
UNAUTHENTIC: Final = frozenset({NOT_SIGNED, NOT_AUTHENTIC})
"""The codes under which a record is dead-lettered that nobody of this installation sent."""
Headers = Mapping[str, bytes | None]

_MOST_KEYS = KEPT_DAYS + 2
_DIGITS: Final = 9


class _LentKeys:
    """Record keys lent to one part of the platform, each for its lease. Safe to use from several threads."""

    def __init__(self, vault: Vault, clock: Clock, actor: SystemActor, use: RecordUse) -> None:
        self._vault = vault
        self._clock = clock
        self._actor = actor
        self._use = use
        self._lent: Leases[RecordKey] = Leases(clock, _MOST_KEYS)

    def get(self, day: int | None, deployment: str = "", camera: str = "") -> RecordKey:
        name, now = "today" if day is None else str(day), self._clock.monotonic()
        lent = self._lent.get(name)
        if lent is not None and now < lent[1]:
            return lent[0]
        key = self._vault.record_key(self._use, actor=self._actor, day=day, deployment=deployment, camera=camera)
        self._lent.put(name, key, now + key.lease_s)
        return key

    def of_record(self, headers: Headers, days: Container[int]) -> RecordKey:
        """Return the key that a record says it is signed with; the vault isn't asked about a day that isn't in `days`.

        Raises:
            Refused: `record.not-authentic`.
            Retryable: the vault is away, or lends this part no key: then nothing is said of the record.
        """
        text = (headers.get(MAC_HEADER) or b"").partition(b":")[0]
        day = int(text) if text.isdigit() and len(text) <= _DIGITS else -1
        if day not in days:
            raise _not_authentic()
        try:
            return self.get(day)
        except Refused as error:
            if error.rule == "vault.key-gone":
                raise _not_authentic() from error
            raise Retryable(f"the vault lends no key to verify records with: {error}") from error


class RecordSigner:
    """Signs the records of one sender: results, or the records of one camera of one deployment."""

    def __init__(
        self,
        vault: Vault,
        clock: Clock,
        actor: SystemActor,
        *,
        deployment: str = "",
        camera: str = "",
        use: RecordUse = RecordUse.RESULTS,
    ) -> None:
        """`deployment` and `camera`: for a camera's records; without them, for what `use` says."""
        self._keys = _LentKeys(vault, clock, actor, RecordUse.CAMERA if camera else use)
        self._camera = (deployment, camera)

    def sign(self, topic: str, key: bytes, headers: Headers, value: bytes) -> bytes:
        """Return the header `mac` of a record.

        Raises:
            Retryable: the vault is away, or lends no key: a record that nobody would take isn't sent.
        """
        try:
            lent = self._keys.get(None, *self._camera)
        except Refused as error:
            raise Retryable(f"the vault lends no key to sign records with: {error}") from error
        return f"{lent.day}:{_mac(lent.key, topic, key, headers, value)}".encode()


class RecordVerifier:
    """Verifies results before anything of them is written."""

    def __init__(self, vault: Vault, clock: Clock, actor: SystemActor) -> None:
        self._keys = {use: _LentKeys(vault, clock, actor, use) for use in (RecordUse.RESULTS, RecordUse.CANARY)}
        self._clock = clock

    def check(
        self, topic: str, key: bytes, headers: Headers, value: bytes, *, appended_ns: int, kept_days: int = 1
    ) -> RecordUse:
        """See that this installation sent exactly this record, on the day on which the broker took it.

        Args:
            topic: as the record lies in the broker.
            key: the same.
            headers: the same.
            value: the same.
            appended_ns: wall time at which the broker took it, by the broker's clock.
            kept_days: how many days ago that may be at most; `KEPT_DAYS` for dead letters alone.

        Returns:
            As what it is signed: a worker's, or a canary (`check_entry`).

        Raises:
            Refused: `record.not-signed`, `record.not-authentic`.
            Retryable: the vault is away: nothing is believed until it is back.
        """
        _require_mac(headers)
        now_ns = self._clock.time_ns()
        first, last = day_of(now_ns) - min(kept_days, KEPT_DAYS), max(days_around(now_ns))
        days = [day for day in days_around(appended_ns) if first <= day <= last]
        use = RecordUse.CANARY if headers.get(USE_HEADER) == RecordUse.CANARY.encode() else RecordUse.RESULTS
        _compare(self._keys[use].of_record(headers, days).key, topic, key, headers, value)
        return use


def check_entry(use: RecordUse, entry: str) -> None:
    """See that what is signed as a canary is a sighting of the canary.

    Args:
        use: what `RecordVerifier.check` returned.
        entry: that a sighting names; "" of another record.

    Raises:
        Refused: `record.not-authentic`.
    """
    if use is RecordUse.CANARY and entry != CANARY_ENTRY:
        raise _not_authentic()


class FrameVerifier:
    """Verifies that a record of the frames topic was sent by the camera that its header names."""

    def __init__(self, vault: Vault, clock: Clock) -> None:
        self._keys = _LentKeys(vault, clock, SystemActor.RECOGNISER, RecordUse.FRAMES)
        self._clock = clock

    def check(self, header: FrameHeader, *, topic: str, key: bytes, headers: Headers, payload: bytes) -> None:
        """Check as `RecordVerifier.check`, by today's key: frames lie there for a minute. `header`: of `headers`."""
        _require_mac(headers)
        if (header.camera == LIVE_PROBE_CAMERA) is not (header.kind is FrameKind.LIVE_PROBE):
            raise _not_authentic()
        frames_key = self._keys.of_record(headers, days_around(self._clock.time_ns())).key
        _compare(camera_record_key(frames_key, header.deployment, header.camera), topic, key, headers, payload)


def _require_mac(headers: Headers) -> None:
    if MAC_HEADER not in headers:
        raise Refused(
            NOT_SIGNED,
            "a record without a signature: no process of this installation of this version sent it; see who writes to "
            "the broker",
        )


def _compare(mac_key: bytes, topic: str, key: bytes, headers: Headers, value: bytes) -> None:
    found = (headers.get(MAC_HEADER) or b"").partition(b":")[2]
    if not hmac.compare_digest(found, _mac(mac_key, topic, key, headers, value).encode()):
        raise _not_authentic()


def _mac(mac_key: bytes, topic: str, key: bytes, headers: Headers, value: bytes) -> str:
    """Compute HMAC-SHA256, hexadecimal, over each part with its length in front, so that none can be shifted."""
    code = hmac.new(mac_key, digestmod=hashlib.sha256)
    named = sorted((name, text or b"") for name, text in headers.items() if name != MAC_HEADER)
    parts = [topic.encode(), key, *(part for name, text in named for part in (name.encode(), text)), value]
    for part in (len(parts).to_bytes(4, "big"), *parts):
        code.update(len(part).to_bytes(4, "big"))
        code.update(part)
    return code.hexdigest()


def _not_authentic() -> Refused:
    return Refused(
        NOT_AUTHENTIC,
        "a record whose signature doesn't fit: it was changed, moved, or sent by nobody of this installation; see who "
        "writes to the broker",
    )
