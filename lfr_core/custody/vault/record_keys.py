"""Keys that records on the broker are signed with: derived from one secret of the installation, new each day.

A use has a key a day, so that one that got out forges nothing of another day, and verifies what the broker may still
hold after the vault was started again. None is lent before its day; one of a day that is over only to the recorder,
which verifies what the broker kept, and to recognisers for minutes after midnight (UTC). A camera's key is derived from
the day's key of frames: whoever holds the first can sign as that camera of that deployment and nothing else; a
recogniser, which verifies all, is lent the second.
"""

from __future__ import annotations

from typing import Final

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from lfr_core.common.errors import Refused
from lfr_core.custody.vault.key_terms import CLOCKS_APART_S
from lfr_core.custody.vault.port import RecordKey, RecordUse
from lfr_core.custody.vault.sealing import KEY_BYTES, binding
from lfr_core.domain.actors import SystemActor

__all__ = ["KEPT_DAYS", "RECORD_LEASE_S", "camera_record_key", "day_of", "days_around", "derive_record_key"]

KEPT_DAYS: Final = 8
"""Days of which the broker may still hold a record: dead letters lie there for a week (`streams.topics`)."""
RECORD_LEASE_S: Final = 60.0
"""[proposal] As long as the broker keeps a frame: what a camera says of itself is still signed, verified and counted
while the vault is started again. These keys open nothing: frames end with their own lease (policy.vault.lease_s)."""
_OF_RESULTS: Final = frozenset({RecordUse.RESULTS, RecordUse.CANARY})
_DAY_NS: Final = 86_400 * 10**9
_APART_NS: Final = round(CLOCKS_APART_S * 1e9)


def day_of(now_ns: int) -> int:
    """Return the day of a wall time: whole days since the epoch (UTC)."""
    return now_ns // _DAY_NS


def days_around(at_ns: int) -> range:
    """Return the day of a wall time; at midnight, for as long as clocks may be apart, the day on its other side too."""
    return range(day_of(at_ns - _APART_NS), day_of(at_ns + _APART_NS) + 1)


def camera_record_key(frames_key: bytes, deployment: str, camera: str) -> bytes:
    """Derive the key of one camera of one deployment from the day's key of frames."""
    return _derive(frames_key, "camera", deployment, camera)


def derive_record_key(
    root: bytes, use: RecordUse, day: int | None, *, actor: SystemActor, now_ns: int, deployment: str, camera: str
) -> RecordKey:
    """Derive the key of a day, today's for None. Raises Refused `vault.key-gone`: `actor` needs none of that day."""
    today = day_of(now_ns)
    wanted = today if day is None else day
    oldest = min(days_around(now_ns)) if use is RecordUse.FRAMES else today
    if use in _OF_RESULTS and actor is SystemActor.RECORDER:
        oldest = today - KEPT_DAYS
    if not oldest <= wanted <= today:  # none ahead: who signs is lent the key of the vault's own day
        raise Refused("vault.key-gone", f"{actor} signs and verifies nothing of day {wanted}: no key of it is lent")
    key = _derive(root, use.value if use in _OF_RESULTS else "frames", wanted)
    if use is RecordUse.CAMERA:
        key = camera_record_key(key, deployment, camera)
    return RecordKey(wanted, key, RECORD_LEASE_S)


def _derive(key: bytes, *parts: str | int) -> bytes:
    """Derive a key with HKDF-SHA256 (RFC 5869)."""
    return HKDF(algorithm=SHA256(), length=KEY_BYTES, salt=None, info=binding("openlfr record", *parts)).derive(key)
