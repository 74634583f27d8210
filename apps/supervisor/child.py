"""One child process's lifetime: a small state machine that the supervisor's loop steps."""

from __future__ import annotations

import shutil
from pathlib import Path

from apps.supervisor.backoff import Backoff, GiveUp, after_death
from apps.supervisor.children import ChildSpec, ChildState
from apps.supervisor.process import ChildProcess, OrphanKiller, tail
from apps.supervisor.state import ChildReport, process_created
from lfr_core.common.clock import Clock
from lfr_core.common.errors import LfrError, Retryable
from lfr_core.common.loopback_ports import has_own_listener

__all__ = ["Child"]

_PROBE_EVERY_S = 0.2
_LOOK_EVERY_S = 2.0
_UNRESPONSIVE_AFTER = 3
"""Looks without an answer: with one second each, within ten seconds."""
_REPLACED_AFTER_S = 30.0
"""A child that hangs for so long is killed and started again: what it held is lost, which is the safe side."""

_ROOM_BYTES = 16_000_000
"""[proposal] With less than this free, whatever ends may have ended for want of it: the broker needs about as much."""

_RUNNING = frozenset({ChildState.READY, ChildState.UNRESPONSIVE})


class Child:
    """A child and where it stands. Not thread-safe: the supervisor's thread owns it."""

    def __init__(self, spec: ChildSpec, home: Path, rule: Backoff, clock: Clock, orphan_killer: OrphanKiller) -> None:
        """`home`: where it runs; its words go to `log/NAME.log` there."""
        self.spec = spec
        self.log = home / "log" / f"{spec.name}.log"
        self._home = home
        self.state = ChildState.WAITING
        self._rule = rule
        self._clock = clock
        self._orphan_killer = orphan_killer
        self._process: ChildProcess | None = None
        self._pid_created: float | None = None
        self._since_ns = clock.time_ns()
        self._started = 0.0
        self._next_probe = 0.0
        self._answered = 0.0
        self._unanswered = 0
        self._not_before = 0.0
        self._is_tried_again = False
        self._restarts = 0
        self._streak = 0
        self._why = ""
        self._reported: tuple[object, ...] = ()
        self._report: ChildReport | None = None

    @property
    def is_running(self) -> bool:
        return self._process is not None

    def report(self) -> ChildReport:
        """Return how it stands: the same object until something has changed, since it is asked many times a second."""
        pid = self._process.pid if self._process else None
        stands = (self.state, pid, self._since_ns, self._restarts, self._why)
        if self._report is None or stands != self._reported:
            self._reported = stands
            self._report = ChildReport(
                name=self.spec.name,
                state=self.state,
                pid=pid,
                pid_created=self._pid_created if self._process else None,
                since_ns=self._since_ns,
                restarts=self._restarts,
                why=self._why,
                log=self.log,
                ports=self.spec.ports,
            )
        return self._report

    def step(self, *, may_start: bool) -> None:
        """Look at it once, and do what is due. `may_start`: all it comes after is ready, so that it may begin."""
        now = self._clock.monotonic()
        if self._process is not None:
            code = self._process.poll()
            if code is not None:
                self._note_death(now, code, f"it ended with {_exit_words(code)}")
            elif self.state is ChildState.WAITING:
                if may_start:
                    self._begin(now, self._process)
            elif self.state is ChildState.STARTING and now >= self._next_probe:
                self._probe(now, self._process)
            elif self.state in _RUNNING and self.spec.alive is not None and now >= self._next_probe:
                self._look(now, self._process)
        elif (may_start or self.spec.prepares) and self._is_due(now):
            self._start(now, may_begin=may_start)

    def _is_due(self, now: float) -> bool:
        if self.state is ChildState.FAILED:
            return self._is_tried_again and now >= self._not_before
        return self.state is ChildState.WAITING or (self.state is ChildState.BACKING_OFF and now >= self._not_before)

    def terminate(self) -> None:
        """Ask it to stop; it isn't started again."""
        if self._process is None:
            self._become(ChildState.STOPPED if self.state is not ChildState.FAILED else ChildState.FAILED, self._why)
            return
        self._become(ChildState.STOPPING)
        self._process.terminate()

    def has_stopped(self, *, kill: bool) -> bool:
        """Return whether it has ended after `terminate()`; with `kill` it is made to."""
        if self._process is None:
            return True
        if self._process.poll() is None and not kill:
            return False
        late = self._process.poll() is None
        self._process.close()
        self._process = None
        self._become(ChildState.STOPPED, f"killed: not ended in {self.spec.stop_deadline_s:.0f} s" if late else "")
        return True

    def _start(self, now: float, *, may_begin: bool) -> None:
        if self.state is not ChildState.WAITING:
            self._restarts += 1
        self._is_tried_again = False
        self._started, self._next_probe = now, now
        try:
            self._process = ChildProcess(self.spec, self._home, self.log, self._orphan_killer)
        except OSError as error:
            if self._is_disk_full():
                self._note_death(now, None, f"it can't be started: {error}")
            else:
                self._become(ChildState.FAILED, f"it can't be started: {error}")
            return
        self._pid_created = process_created(self._process.pid)
        if may_begin:
            self._begin(now, self._process)
        else:
            self._become(ChildState.WAITING, self._why)

    def _begin(self, now: float, process: ChildProcess) -> None:
        """Let it begin: its time to become ready counts from here."""
        process.begin()
        self._started, self._next_probe = now, now
        self._become(ChildState.STARTING, self._why)

    def _probe(self, now: float, process: ChildProcess) -> None:
        self._next_probe = now + _PROBE_EVERY_S
        try:
            if self._has_ports() and self.spec.ready(process.pid):
                if self.spec.once_ready is not None:
                    self.spec.once_ready()
                self._become(ChildState.READY)
                self._answered, self._unanswered = now, 0
                self._next_probe = now + _LOOK_EVERY_S
                return
        except Retryable as error:
            self._why = str(error)
        except LfrError as error:
            if self._is_disk_full():
                self._note_death(now, None, str(error))
                return
            self._end()
            self._become(ChildState.FAILED, str(error))
            return
        if self._clock.monotonic() - self._started > self.spec.start_deadline_s:
            self._end()
            self._note_death(now, None, f"it wasn't ready within {self.spec.start_deadline_s:.0f} s")

    def _look(self, now: float, process: ChildProcess) -> None:
        """Ask a child that was ready whether it still answers; one that hangs for long is replaced."""
        self._next_probe = now + _LOOK_EVERY_S
        try:
            answers = self.spec.alive is None or (self._has_ports() and self.spec.alive(process.pid))
        except LfrError as error:
            self._end()
            self._become(ChildState.FAILED, str(error))
            return
        if answers:
            self._answered, self._unanswered = now, 0
            self._become(ChildState.READY)
            return
        self._unanswered += 1
        if self._unanswered < _UNRESPONSIVE_AFTER:
            return
        silent_s = now - self._answered
        if silent_s > _REPLACED_AFTER_S:
            self._note_death(now, None, f"it answered nothing for {silent_s:.0f} s and was killed")
        else:
            self._become(ChildState.UNRESPONSIVE, "its process runs and answers nothing")

    def _has_ports(self) -> bool:
        """Check that it listens where it should, before anything is asked there. Raises Fatal: another user does."""
        return all(has_own_listener(port, self.spec.name) for port in self.spec.ports)

    def _note_death(self, now: float, code: int | None, what: str) -> None:
        self._end()
        was_ready = self.state in _RUNNING
        output = tail(self.log)
        why = f"{what}; its last words: {output}" if output else what
        lived = now - self._started
        if self._is_disk_full():  # somebody makes room: nothing is given up for it
            code, why = Retryable.exit_code, f"the disk under {self._home} is full: make free space; {why}"
        verdict = after_death(self._rule, self._streak, lived_s=lived, was_ready=was_ready, exit_code=code)
        if isinstance(verdict, GiveUp):
            self._is_tried_again = verdict.again_s is not None
            self._not_before = now + (verdict.again_s or 0.0)
            again = f"; it is tried again after {verdict.again_s:.0f} s" if verdict.again_s is not None else ""
            self._become(ChildState.FAILED, f"{verdict.why}{again}: {why}")
            return
        self._streak = verdict.streak
        self._not_before = now + verdict.delay_s
        self._become(ChildState.BACKING_OFF, why)

    def _is_disk_full(self) -> bool:
        try:
            return shutil.disk_usage(self._home).free < _ROOM_BYTES
        except OSError:
            return False

    def _end(self) -> None:
        if self._process is not None:
            self._process.close()
            self._process = None

    def _become(self, state: ChildState, why: str = "") -> None:
        if state is not self.state:
            self._since_ns = self._clock.time_ns()
        self.state, self._why = state, why


def _exit_words(code: int) -> str:
    return f"signal {-code}" if code < 0 else f"exit code {code}"
