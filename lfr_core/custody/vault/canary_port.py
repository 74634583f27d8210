"""What the vault does for the proof that frames are deleted: it has a camera send a frame of noise.

Which frame that is nobody else knows until the vault is asked by who searches for it afterwards: on the broker, and to
whoever recognises, records or counts, it is a frame of that camera like any (docs/decisions/0056).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

__all__ = ["CanaryFrame", "CanaryVault"]


@dataclass(frozen=True, slots=True)
class CanaryFrame:
    """A frame of noise that a camera sent in the place of one that it had taken."""

    id: str
    deployment: str
    camera: str
    key_id: str
    """The epoch's key that it is sealed under."""
    fingerprint: str
    """That key's, as it stands in the public's table of epochs."""
    sent_ns: int
    """Wall time at which the camera had told that the broker has it."""
    due_ns: int
    """When its key is destroyed."""
    clear: tuple[bytes, ...] = field(repr=False)
    """Needles of the picture in the clear: they must be nowhere, ever."""
    stored: tuple[bytes, ...] = field(repr=False)
    """Needles of what lies on the broker."""


class CanaryVault(Protocol):
    """What cameras and the proof of deletion ask. Which camera is to send one says `FrameKey.canary`."""

    def tell_canary(
        self, canary: str, key_id: str, camera: str, clear: Sequence[bytes], stored: Sequence[bytes]
    ) -> None:
        """Say that the broker has the frame of noise that this camera was asked for.

        Refused `vault.canary-not-asked`: nobody asked this camera for it; `vault.key-gone`: its key is destroyed.
        """
        ...

    def collect_canary(self, deployment: str, *, ask: bool = True) -> CanaryFrame | None:
        """Return a frame of noise that a camera has just sent, once; or None, and with `ask` a camera is asked for one.

        It is one of the last half minute: the broker keeps frames for a minute, and who collects searches for it.
        Refused as `Vault.check_gate` while no camera of it is lent a key.
        """
        ...
