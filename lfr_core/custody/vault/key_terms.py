"""The vault's own bounds on kept keys: until when one may be due, and how many there may be.

Whoever asks for a key says when it is due; the vault believes what the policy could have given, and no more. So data
doesn't outlive its retention because of a fault, or a break-in, where it is made.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Self

from lfr_core.common.clock import utc_from_ns
from lfr_core.common.errors import Refused
from lfr_core.custody.vault.port import KeptKeyInfo, KeyKind
from lfr_core.custody.vault.watchlist_key import LIST_KEY_DAYS
from lfr_core.domain.policy import Policy
from lfr_core.domain.reserved import CANARY_ENTRY

__all__ = ["AT_ONCE", "CLOCKS_APART_S", "KeyTerms", "due_of_sightings", "hour_of_sightings"]

_HOUR_NS: Final = 3_600 * 10**9
_DAY_NS: Final = 24 * _HOUR_NS
CLOCKS_APART_S: Final = 300.0
"""By which the clocks of two machines, and the moments of asking and answering, may differ."""
_APART_NS: Final = round(CLOCKS_APART_S * 1e9)
_NEW_NS: Final = 600 * 10**9
"""[proposal] A request that can't be put into the records is given up within this time."""
_MOST_CAMERAS: Final = 32
"""Of one deployment, each of which may begin twice as many segments as its hours have room for."""
AT_ONCE: Final[Mapping[KeyKind, int]] = {KeyKind.ALERT: 200, KeyKind.FOOTAGE: 20}
"""[proposal] Keys that one camera, or one machine that records, may ask for at once, of those that are made in numbers;
then no faster than `KeyTerms.every_s`."""
_ALERT_EVERY_S: Final = 1.0
"""[proposal] More alerts a second than people can look at."""
_MOST: Final[Mapping[KeyKind, int]] = {
    KeyKind.ALERT: 10_000,
    KeyKind.RIGHTS: 20_000,
    KeyKind.SIGHTINGS: 200,
    KeyKind.WATCHLIST: 1,
}
"""Keys of one deployment at once, far above what any has: an alert a few seconds, an hour's key for a day."""


def hour_of_sightings(now_ns: int, *, is_canary: bool = False) -> str:
    """Return the subject of the key that probes on the broker are sealed under in the hour of `now_ns` (UTC).

    Canaries have a key of their own each hour, so that whoever injects them is given none that seals a face.
    """
    hour = utc_from_ns(now_ns - now_ns % _HOUR_NS).isoformat(timespec="hours")
    return f"{CANARY_ENTRY}-{hour}" if is_canary else hour


def due_of_sightings(now_ns: int, retention_h: int) -> int:
    """Return when that key is due: so long after its hour began that no probe outlives the first alert of its hour.

    With less than two hours of retention, after two, or the last sightings of an hour couldn't be recorded.
    """
    return now_ns - now_ns % _HOUR_NS + max(retention_h, 2) * _HOUR_NS


@dataclass(frozen=True, slots=True)
class KeyTerms:
    """What a policy allows of kept keys."""

    retention_h: int
    """policy.alerts.retention_h."""
    longest_ns: Mapping[KeyKind, int]
    """From when a key is asked for to when it is due, at most."""
    most: Mapping[KeyKind, int]
    """Keys of one deployment, or of none."""
    open_request_ns: int
    """From when a request is taken to when its key is due."""
    every_s: Mapping[KeyKind, float]
    """Seconds between two keys of one camera, or one machine that records, on average (`AT_ONCE`)."""

    @classmethod
    def of(cls, policy: Policy) -> Self:
        """Return the terms of a policy."""
        retention_h, rights = policy.alerts.retention_h, policy.rights
        segments = math.ceil(policy.vault.max_open_h * 3_600 / policy.footage.segment_s)
        return cls(
            retention_h=retention_h,
            longest_ns={
                KeyKind.ALERT: retention_h * _HOUR_NS,
                KeyKind.FOOTAGE: policy.footage.retention_days * _DAY_NS,
                KeyKind.RIGHTS: max(rights.keep_open_days, rights.keep_after_closing_days) * _DAY_NS,
                KeyKind.SIGHTINGS: max(retention_h, 2) * _HOUR_NS,
                KeyKind.WATCHLIST: LIST_KEY_DAYS * _DAY_NS,
            },
            most={**_MOST, KeyKind.FOOTAGE: _MOST_CAMERAS * 2 * segments},
            open_request_ns=rights.keep_open_days * _DAY_NS,
            every_s={KeyKind.ALERT: _ALERT_EVERY_S, KeyKind.FOOTAGE: policy.footage.segment_s / 2},
        )

    def check_due(self, kind: KeyKind, subject: str, due_ns: int, now_ns: int) -> None:
        """See that a key asked for now, wall time `now_ns`, is due when the policy says.

        Sightings are of the hour that it is (of the one beside it too, `CLOCKS_APART_S` about its change),
        and due with it to the nanosecond: their key is shared, and whoever asked first must not decide how long
        everybody's probes live. Nothing is made that is due already. Raises Refused `vault.key-due`.
        """
        if kind is KeyKind.SIGHTINGS:
            moments = (now_ns - _APART_NS, now_ns, now_ns + _APART_NS)
            allowed = {
                (hour_of_sightings(at, is_canary=is_canary), due_of_sightings(at, self.retention_h))
                for at in moments
                for is_canary in (False, True)
            }
            if (subject, due_ns) not in allowed:
                raise Refused(
                    "vault.key-due",
                    f"a key of {kind} is of the hour that it is, and due {max(self.retention_h, 2)} hours after that "
                    "began: see that clock and policy of whoever asks are the vault's",
                )
        elif due_ns <= now_ns:
            raise Refused(
                "vault.key-due",
                f"a key of {kind} that is due already isn't made: see that the clock of whoever asks is the vault's",
            )
        elif due_ns > now_ns + self.longest_ns[kind] + _APART_NS:
            hours = self.longest_ns[kind] // _HOUR_NS
            raise Refused(
                "vault.key-due",
                f"a key of {kind} is due {hours} hours after it is made, at the latest: see that clock and policy of "
                "whoever asks are the vault's",
            )

    def is_new_request(self, info: KeptKeyInfo, now_ns: int) -> bool:
        """Return whether a request's key was made within the last minutes, by when it is due."""
        return info.due_ns - self.open_request_ns > now_ns - _NEW_NS

    def check_quota(self, kind: KeyKind, deployment: str, infos: Sequence[KeptKeyInfo]) -> None:
        """Raise Refused `vault.key-quota` when `infos`, the keys there are, are enough for this deployment."""
        count = sum((info.kind, info.deployment) == (kind, deployment) for info in infos)
        if count >= self.most[kind]:
            of = f"deployment {deployment}" if deployment else "requests"
            raise Refused("vault.key-quota", f"{of}: {count:,} keys of {kind} are kept already, no more are made")
