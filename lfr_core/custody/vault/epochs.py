"""Epoch keys: made when first asked for, in memory only, destroyed by time that nobody can set back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from lfr_core.custody.vault.sealing import fingerprint

__all__ = ["Epoch", "EpochKeys"]


@dataclass(slots=True)
class Epoch:
    """One epoch of one deployment. The key is overwritten when it is destroyed."""

    id: str
    deployment: str
    started_ns: int
    ended_ns: int
    """Wall times of its first and last moment; epochs begin at whole multiples of their length."""
    seals_until: float
    opens_until: float
    """The same in monotonic seconds: what decides."""
    fingerprint: str
    key: bytearray = field(repr=False)
    recorded: bool = False
    """Whether the public's table has its beginning: before that nobody is lent the key."""

    def destroy(self) -> None:
        """Overwrite the key. Those who were lent a copy drop it with its lease."""
        self.key[:] = bytes(len(self.key))


class EpochKeys:
    """The epochs that can still be opened. Not for several threads: the vault's lock is held around it."""

    def __init__(
        self, *, epoch_s: float, grace_s: float, new_key: Callable[[], bytes], new_id: Callable[[], str]
    ) -> None:
        """
        Args:
            epoch_s: length of an epoch.
            grace_s: how long after its end frames on their way may still be opened.
            new_key: 32 random bytes.
            new_id: a random id.
        """
        self._epoch_ns = round(epoch_s * 1e9)
        self._grace_s = grace_s
        self._new_key = new_key
        self._new_id = new_id
        self._epochs: dict[str, Epoch] = {}
        self._current: dict[str, Epoch] = {}

    def current(self, deployment: str, monotonic: float) -> Epoch | None:
        """Return the epoch frames are sealed in now, if one is recorded."""
        found = self._current.get(deployment)
        return found if found is not None and monotonic < found.seals_until else None

    def begin(self, deployment: str, wall_ns: int, monotonic: float) -> Epoch:
        """Begin a new epoch. It is destroyed with the others, and found by nobody before `confirm`."""
        start = wall_ns - wall_ns % self._epoch_ns
        left_s = (start + self._epoch_ns - wall_ns) / 1e9
        key = self._new_key()
        epoch = Epoch(
            id=self._new_id(),
            deployment=deployment,
            started_ns=start,
            ended_ns=start + self._epoch_ns,
            seals_until=monotonic + left_s,
            opens_until=monotonic + left_s + self._grace_s,
            fingerprint=fingerprint(key),
            key=bytearray(key),
        )
        self._epochs[epoch.id] = epoch
        return epoch

    def confirm(self, epoch: Epoch) -> bool:
        """Note that it is recorded and may be used from now on; False if it was destroyed meanwhile."""
        if epoch.id not in self._epochs:
            return False
        epoch.recorded = True
        self._current[epoch.deployment] = epoch
        return True

    def find(self, key_id: str, monotonic: float) -> Epoch | None:
        """Return the epoch of a key that may still open, or None."""
        epoch = self._epochs.get(key_id)
        return epoch if epoch is not None and epoch.recorded and monotonic < epoch.opens_until else None

    def forget(self, epoch: Epoch) -> None:
        """Destroy one epoch now."""
        epoch.destroy()
        self._epochs.pop(epoch.id, None)
        if self._current.get(epoch.deployment) is epoch:
            del self._current[epoch.deployment]

    def expire(self, monotonic: float) -> tuple[Epoch, ...]:
        """Destroy what may no longer be opened, and say which of it is recorded."""
        return self._destroy([epoch for epoch in self._epochs.values() if monotonic >= epoch.opens_until])

    def drop(self) -> tuple[Epoch, ...]:
        """Destroy all at once, and say which of it is recorded."""
        return self._destroy([*self._epochs.values()])

    def _destroy(self, epochs: list[Epoch]) -> tuple[Epoch, ...]:
        for epoch in epochs:
            self.forget(epoch)
        return tuple(epoch for epoch in epochs if epoch.recorded)
