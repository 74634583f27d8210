"""The supervisor's purge: `python -m flows.purge`, a child of `lfr up` that needs no Prefect.

It purges when no purge has ended for some time, whoever should have run it: a workflow server that is away, a run
that is never begun, flows that can't start. The time is counted on a clock that nobody sets, from the last change of
the file that only an ended purge writes (`lfr_core.retention.last_purge`).

The purge itself is a process of its own (`--once`), so that this one stays small and outlives whatever happens there.
"""

from __future__ import annotations

import argparse
import signal
import subprocess
import sys
import threading
from contextlib import suppress
from pathlib import Path
from types import FrameType

from lfr_core.common.clock import Clock, SystemClock
from lfr_core.common.errors import Fatal, LfrError, Retryable
from lfr_core.common.hardening import harden_process
from lfr_core.common.liveness import LivenessFile
from lfr_core.common.logs import configure_logs, get_logger
from lfr_core.common.settings import Settings, load_settings
from lfr_core.domain.actors import ProcessIdentity
from lfr_core.retention.last_purge import ended_file

__all__ = ["OverdueWatch", "main", "purge_once"]

_LOOK_S = 1.0
_AGAIN_S = 30.0
"""After a purge that didn't end: another sweep runs, the clock isn't trusted, the database is away."""
_KILL_S = 1860.0
"""A purge ends itself after half an hour (`flows.build_sweep.LONGEST_S`); this is for one that can't."""


class OverdueWatch:
    """Tells when the supervisor has to purge by itself. Not thread-safe."""

    def __init__(self, home: Path, *, after_s: float, clock: Clock) -> None:
        """`after_s`: how long after the last purge's end, or after our own start."""
        self._file = ended_file(home)
        self._after_s = after_s
        self._clock = clock
        self._seen = self._read()
        self._since = clock.monotonic()
        self._not_before = self._since

    def is_due(self) -> bool:
        """Return whether none has ended for so long, and it isn't too early to try again."""
        found, now = self._read(), self._clock.monotonic()
        if found != self._seen:
            self._seen, self._since = found, now
        return now - self._since >= self._after_s and now >= self._not_before

    def note_attempt(self) -> None:
        """Note that a purge of ours has been run, whatever it came to."""
        self._not_before = self._clock.monotonic() + _AGAIN_S

    def _read(self) -> bytes:
        try:
            return self._file.read_bytes()
        except OSError:
            return b""


def ready_file(settings: Settings) -> Path:
    """Return where this process says that it is ready, and alive."""
    return settings.home / "run" / "purge.ready"


def purge_once(settings: Settings) -> None:
    """Purge everything that is due, and the audit trail.

    Raises:
        SweepIsRunning: another sweep runs.
        Refused: `vault.clock`, or `audit.damaged`.
        Retryable: the disk is away; or the database, once what needs none is purged.
    """
    from flows.build_sweep import open_sweep
    from flows.erasure_tasks import prune_audit_trail
    from lfr_core.custody.installation import Installation
    from lfr_core.retention.last_purge import Purger

    with Installation(settings, identity=ProcessIdentity.PURGE) as installation:
        with open_sweep(installation, by=Purger.SUPERVISOR) as sweep:
            reports = sweep.run_all()
        for report in reports:
            if report.error:
                get_logger().warning("purge_step", step=report.step, left=len(report.left), reason=report.error)
        prune_audit_trail(installation)


def _watch(settings: Settings, after_s: float, over: threading.Event) -> None:
    watch = OverdueWatch(settings.home, after_s=after_s, clock=SystemClock())
    while not over.wait(_LOOK_S):
        if not watch.is_due():
            continue
        get_logger().warning("no_purge_has_ended", for_s=after_s, does="the supervisor purges")
        command = [sys.executable, "-m", "flows.purge", "--once"]
        with subprocess.Popen(command, stdin=subprocess.DEVNULL) as purge:
            _wait(purge, over)
        watch.note_attempt()


def _wait(purge: subprocess.Popen[bytes], over: threading.Event) -> None:
    """Wait until it has ended; kill it when we are to end, which harms nothing, or when it takes too long."""
    clock = SystemClock()
    deadline = clock.monotonic() + _KILL_S
    while purge.poll() is None and not over.is_set() and clock.monotonic() < deadline:
        with suppress(subprocess.TimeoutExpired):
            purge.wait(_LOOK_S)
    if purge.poll() is None:
        purge.kill()


def main(arguments: list[str] | None = None) -> int:
    """Watch until SIGTERM; with `--once`, purge now. Returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m flows.purge", description="The supervisor's purge.")
    parser.add_argument("--once", action="store_true", help="purge now")
    parser.add_argument("--after-s", type=float, default=120.0, help="how long none may have ended, seconds")
    options = parser.parse_args(arguments)
    over = threading.Event()

    def end(_signal: int, _frame: FrameType | None) -> None:
        over.set()

    try:
        settings = load_settings()
    except Fatal as error:
        sys.stderr.write(f"error {error}\n")
        return error.exit_code
    configure_logs(settings.log_level)
    harden_process()
    try:
        if options.once:
            purge_once(settings)
        else:
            signal.signal(signal.SIGTERM, end)
            signal.signal(signal.SIGINT, end)
            with LivenessFile(ready_file(settings)).kept_fresh():
                _watch(settings, options.after_s, over)
    except Retryable as error:
        get_logger().warning("purge_waits", reason=str(error))
        return error.exit_code
    except LfrError as error:
        get_logger().error("purge_refused", reason=str(error))
        return error.exit_code
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
