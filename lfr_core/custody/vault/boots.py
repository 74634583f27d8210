"""Whether an admitted machine is one machine: a copy of its folder, used elsewhere, is of another boot.

The kernel draws a number at each boot (`boot_id`), the same for all processes of a machine. A machine that was started
again has another one, and none of its processes ever has the one before again. So once a machine has come with a newer
boot, whoever still comes with an older one half a minute later is on another machine. Addresses say nothing: several
machines come through one, and one machine through several.

Who copies the folder and says the boot of the machine that it was copied from isn't told apart until that is started
again. Nobody is shut out by it: which of the two is the copy isn't known, and people dismiss.
"""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

from cachetools import LRUCache

from lfr_core.common.errors import Fatal

__all__ = ["LONGEST_BOOT", "Boots", "read_own_boot"]

LONGEST_BOOT: Final = 64
"""Bytes."""
_STILL_THERE_S: Final = 30.0
"""[proposal] After a newer boot has come: what an older one had sent before it ended is long read."""
_MOST: Final = 64
"""Boots of one admission that are known; those that were seen last."""
_MOST_MACHINES: Final = 1_024
_BOOT_ID: Final = Path("/proc/sys/kernel/random/boot_id")


@cache
def read_own_boot() -> str:
    """Return what tells this boot of this machine from every other. Raises Fatal."""
    try:
        if sys.platform == "darwin":
            command = ["/usr/sbin/sysctl", "-n", "kern.bootsessionuuid"]
            return subprocess.run(command, capture_output=True, text=True, check=True, timeout=5).stdout.strip()
        return _BOOT_ID.read_text(encoding="ascii").strip()
    except (OSError, subprocess.SubprocessError) as error:
        raise Fatal(f"this machine doesn't say which boot it is in ({error}): its vault has to know") from error


@dataclass(slots=True)
class _Boot:
    host: str
    replaced_at: float | None = None
    """Monotonic seconds since when another boot of the machine is known; None: it is the newest."""


class Boots:
    """The boots in which each machine came. Safe to use from several threads."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._known: LRUCache[str, LRUCache[str, _Boot]] = LRUCache(_MOST_MACHINES)

    def note(self, machine: str, boot: str, host: str) -> tuple[str, str] | None:
        """Note that a machine has shown life in a boot; the addresses of the two where it is two machines.

        `machine`: its name with when it was admitted, so that each admission begins anew.
        """
        now = self._monotonic()
        with self._lock:
            boots = self._known.get(machine)
            if boots is None:
                self._known[machine] = boots = LRUCache(_MOST)
            found = boots.get(boot)
            if found is None:
                for each in boots.values():
                    each.replaced_at = now if each.replaced_at is None else each.replaced_at
                boots[boot] = _Boot(host)
                return None
            found.host = host
            if found.replaced_at is None or now - found.replaced_at <= _STILL_THERE_S:
                return None
            others = [each.host for name, each in boots.items() if name != boot]
            return (host, others[-1])
