"""Whether the clocks can be trusted: wall against monotonic time while running, and across restarts.

After a jump nothing is lent and nothing is destroyed for being due until a person has set the clock right and
started the vault again: a clock that runs a day ahead for a minute must not destroy a month of footage, and one set
back must not open what was due. A clock that was wrong from the very first start can't be noticed.
"""

from __future__ import annotations

import json
import threading
from contextlib import suppress
from pathlib import Path

from lfr_core.common.clock import Clock, utc_from_ns
from lfr_core.common.errors import Fatal, Refused
from lfr_core.custody.vault.files import write_private

__all__ = ["ClockGuard"]

_SAVE_EVERY_S = 10.0


class ClockGuard:
    """Compares the clocks at every look. Remembers the latest wall time seen in a file.

    It is a `Clock` itself, whose wall time is trusted or Refused `vault.clock`.
    """

    def __init__(self, clock: Clock, file: Path, jump_s: float) -> None:
        """
        Args:
            clock: wall and monotonic time.
            file: where the latest time seen is kept.
            jump_s: by how much the two may drift apart between two looks.

        Raises:
            Fatal: the file is damaged.
        """
        self._clock = clock
        self._file = file
        self._jump_ns = round(jump_s * 1e9)
        self._latest_ns = _read(file)
        self._wall_ns = clock.time_ns()
        self._monotonic = clock.monotonic()
        self._saved = float("-inf")
        self._fault = ""
        self._lock = threading.Lock()
        self._saving = threading.Lock()

    def now_ns(self) -> int:
        """Return the wall time, once the clock is seen to be trustworthy.

        Raises:
            Refused: `vault.clock`: it jumped, or it is earlier than a time this installation has already seen;
                `vault.keystore`: the latest time can't be written.
        """
        now_ns = self.time_ns()
        self._save()
        return now_ns

    def now_ns_for_deletion(self) -> int:
        """Return the same as `now_ns` also where the disk takes no write: a full disk must not stop what destroys."""
        now_ns = self.time_ns()
        with suppress(Refused):  # `vault.keystore`: an earlier time stays remembered
            self._save()
        return now_ns

    def time_ns(self) -> int:
        """Return the same as `now_ns` without a file: whoever destroys keys waits for no disk."""
        with self._lock:
            return self._now_ns()

    def monotonic(self) -> float:
        """Return the seconds of the clock that is watched."""
        return self._clock.monotonic()

    def _save(self) -> None:
        """Remember the latest time, every ten seconds. One thread writes; the others don't wait for its disk."""
        if not self._saving.acquire(blocking=False):
            return
        try:
            monotonic, latest_ns = self._monotonic, self._latest_ns
            if monotonic - self._saved >= _SAVE_EVERY_S:
                write_private(self._file, json.dumps({"latest_ns": latest_ns}).encode())
                self._saved = monotonic
        finally:
            self._saving.release()

    def _now_ns(self) -> int:
        wall_ns, monotonic = self._clock.time_ns(), self._clock.monotonic()
        drift_ns = (wall_ns - self._wall_ns) - round((monotonic - self._monotonic) * 1e9)
        self._wall_ns, self._monotonic = wall_ns, monotonic
        if abs(drift_ns) > self._jump_ns and not self._fault:
            self._fault = (
                f"the wall clock jumped by {drift_ns / 1e9:+.1f} s at {utc_from_ns(wall_ns):%Y-%m-%d %H:%M:%S} UTC: "
                "see that the time is right, then restart the vault (`lfr down`, `lfr up`)"
            )
        if self._fault:
            raise Refused("vault.clock", self._fault)
        if wall_ns < self._latest_ns - self._jump_ns:
            raise Refused(
                "vault.clock",
                f"the clock says {utc_from_ns(wall_ns):%Y-%m-%d %H:%M:%S} UTC, and this installation has seen "
                f"{utc_from_ns(self._latest_ns):%Y-%m-%d %H:%M:%S} UTC before: set the clock right",
            )
        self._latest_ns = max(self._latest_ns, wall_ns)
        return wall_ns


def _read(file: Path) -> int:
    try:
        return int(json.loads(file.read_bytes())["latest_ns"])
    except FileNotFoundError:
        return 0
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise Fatal(
            f"{file} can't be read ({error}): restore it; without it a clock set back would not be noticed"
        ) from error
