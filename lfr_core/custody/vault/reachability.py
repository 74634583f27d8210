"""Whether the vault answers, and since when it does or doesn't: for screens."""

from __future__ import annotations

import threading
from dataclasses import dataclass

from lfr_core.common.clock import Clock
from lfr_core.common.errors import LfrError, Refused
from lfr_core.custody.vault.port import Vault

__all__ = ["VaultReachability", "VaultState"]


@dataclass(frozen=True, slots=True)
class VaultState:
    """How the vault stands, as somebody who asks it finds it."""

    fault: str
    """Why it lends no key, in a sentence; "" while it answers and trusts its clock."""
    since_ns: int
    """When this was first found, wall clock, nanoseconds since the epoch."""

    @property
    def answers(self) -> bool:
        """Whether it could lend keys."""
        return not self.fault


class VaultReachability:
    """Asks the vault for the time and remembers when its answer changed. Safe to call from several threads."""

    def __init__(self, vault: Vault, clock: Clock) -> None:
        self._vault = vault
        self._clock = clock
        self._lock = threading.Lock()
        self._state: VaultState | None = None

    def check(self) -> VaultState:
        """Ask it. Waits as long as the vault's client does for an answer; raises nothing of ours."""
        asked_ns = self._clock.time_ns()
        try:
            self._vault.trusted_now_ns()
        except Refused:
            fault = "it does not trust this machine's clock, and lends no key until it does"
        except LfrError:
            fault = "it does not answer"
        else:
            fault = ""
        with self._lock:
            if self._state is None or self._state.fault != fault:
                self._state = VaultState(fault, asked_ns)
            return self._state
