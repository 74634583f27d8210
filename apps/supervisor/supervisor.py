"""Runs children and keeps them running, for `lfr up`, `lfr demo` and `lfr stream run`.

    with Supervisor(specs, home, clock=clock) as running:
        running.wait_ready(120)
        ...

Entering takes the home's lock, looks at the ports and reserves them before anything starts, then a thread starts the
children stage by stage and restarts what dies. Leaving stops them in the reverse order, each with its deadline.
If we are killed, the kernel and `orphan_killer.py` kill them.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack, suppress
from pathlib import Path
from types import TracebackType
from typing import Self

from apps.supervisor.backoff import Backoff
from apps.supervisor.child import Child
from apps.supervisor.children import ChildSpec, ChildState, stages
from apps.supervisor.comparing import Compared
from apps.supervisor.ports import refuse_taken_ports
from apps.supervisor.process import OrphanKiller, rotate
from apps.supervisor.state import (
    TOUCH_EVERY_S,
    ChildReport,
    HomeLock,
    SystemState,
    list_complaints,
    process_created,
    touch_state,
    write_state,
)
from lfr_core.common.clock import Clock
from lfr_core.common.errors import Fatal
from lfr_core.common.loopback_ports import reserve_port

__all__ = ["Supervisor"]

_TICK_S = 0.05
_STEADY_TICK_S = 0.2
"""Between two looks while every child is ready."""
_ROTATE_EVERY_S = 5.0
_LOOK_EVERY_S = 1.0
"""Between two looks at which children are wanted besides."""
_NO_CHILD_SLACK_S = 15.0  # beyond the children's own deadlines, for the thread to end


class Supervisor:
    """The children of one home folder. A context manager; use it once."""

    def __init__(
        self,
        specs: Sequence[ChildSpec],
        home: Path,
        *,
        clock: Clock,
        backoff: Backoff | None = None,
        on_change: Callable[[tuple[ChildReport, ...]], None] | None = None,
        wanted: Callable[[], Sequence[ChildSpec]] = tuple,
        compared: Callable[[], tuple[Compared, ...]] = tuple,
    ) -> None:
        """
        Args:
            specs: the children.
            home: where the lock, the state and the logs (`log/NAME.log`) go.
            backoff: when a dead child is started again.
            on_change: given all children whenever one changes; called in the supervisor's thread, mustn't raise.
            clock: the time.
            wanted: says which children shall run besides, asked every second: they come and go, nobody waits for
                them, and one that fails leaves the others alone.
            compared: says what is written beside the children; answers at once.

        Raises:
            Fatal: the children's order can't be made (see `stages`).
        """
        self._stages = stages(specs)
        self._home = home
        self._rule = backoff or Backoff()
        self._on_change = on_change
        self._clock = clock
        self._wanted = wanted
        self._compared = compared
        self._written: tuple[Compared, ...] = ()
        self._children: dict[str, Child] = {}
        self._comers: dict[str, Child] = {}
        """Those that were wanted; one that is stopping stays until it has ended."""
        self._leaving: dict[str, float] = {}
        """Since when each of those that are wanted no longer is stopping."""
        self._next_look = 0.0
        self._orphan_killer: OrphanKiller | None = None
        self._held = ExitStack()
        self._stop = threading.Event()
        self._changed = threading.Condition()
        self._reports: tuple[ChildReport, ...] = ()
        self._broken: BaseException | None = None
        self._thread: threading.Thread | None = None
        self._started_ns = 0
        self._next_rotation = 0.0
        self._next_touch = float("-inf")
        self._is_written = False

    def __enter__(self) -> Self:
        """Start the system.

        Raises Fatal: a system runs already in this home, or a port is taken; nothing was started.
        """
        with ExitStack() as stack:
            stack.enter_context(HomeLock(self._home))
            refuse_taken_ports({port: spec.name for stage in self._stages for spec in stage for port in spec.ports})
            for spec in (spec for stage in self._stages for spec in stage if spec.shares_ports):
                for port in spec.ports:
                    stack.enter_context(reserve_port(port))
            orphan_killer = stack.enter_context(OrphanKiller())
            self._held = stack.pop_all()
            self._orphan_killer = orphan_killer
        self._children = {
            spec.name: Child(spec, self._home, self._rule, self._clock, orphan_killer)
            for stage in self._stages
            for spec in stage
        }
        self._started_ns = self._clock.time_ns()
        self._publish()
        # one thread starts every child: the kernel ties a child to the thread that started it (launch.py)
        self._thread = threading.Thread(target=self._run, name="supervisor", daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def reports(self) -> tuple[ChildReport, ...]:
        """Every child as it stands, in start order."""
        return self._reports

    def stop(self) -> None:
        """Stop all children, last stage first, and let go of the home. Returns when they have ended."""
        self._stop.set()
        if self._thread is not None:
            deadlines = sum(max(spec.stop_deadline_s for spec in stage) for stage in self._stages)
            deadlines += max((child.spec.stop_deadline_s for child in self._comers.values()), default=0.0)
            self._thread.join(deadlines + _NO_CHILD_SLACK_S)
            self._thread = None
        self._held.close()

    def wait_ready(self, timeout_s: float = 120.0) -> None:
        """Return when every child is ready.

        Raises:
            Fatal: one has failed for good, or `timeout_s` is over; the message names each, why, and its log.
        """
        with self._changed:
            self._changed.wait_for(lambda: self._broken is not None or self._is_decided(), timeout_s)
        self.check()
        late = [report for report in self._own if report.state is not ChildState.READY]
        if late:
            raise Fatal(f"not ready after {timeout_s:.0f} s: {list_complaints(late)}")

    @property
    def broken(self) -> BaseException | None:
        """The bug that ended the supervisor's thread (and so stopped every child), if any."""
        return self._broken

    def check(self) -> None:
        """Raise Fatal when a child has failed for good, with its reason and its log."""
        if self._broken is not None:
            raise Fatal(f"the supervisor itself broke: {self._broken!r}") from self._broken
        failed = [report for report in self._own if report.state is ChildState.FAILED]
        if failed:
            raise Fatal(list_complaints(failed))

    @property
    def _own(self) -> tuple[ChildReport, ...]:
        """Without those that are wanted besides."""
        return tuple(report for report in self._reports if report.name in self._children)

    def _is_decided(self) -> bool:
        states = {report.state for report in self._own}
        return states <= {ChildState.READY} or ChildState.FAILED in states

    def _run(self) -> None:
        try:
            while not self._stop.is_set():
                self._step()
                self._stop.wait(_STEADY_TICK_S if self._is_steady() else _TICK_S)
        except BaseException as error:  # noqa: BLE001  raised to whoever waits; the children are stopped all the same
            self._broken = error
        finally:
            self._stop_children()
            with self._changed:
                self._changed.notify_all()

    def _is_steady(self) -> bool:
        children = (*self._children.values(), *self._comers.values())
        return not self._leaving and all(child.state is ChildState.READY for child in children)

    def _step(self) -> None:
        for child in self._children.values():
            if self._stop.is_set():
                return
            ready = all(self._children[name].state is ChildState.READY for name in child.spec.after)
            child.step(may_start=ready)
            self._publish()
        self._step_comers()
        now = self._clock.monotonic()
        if now >= self._next_rotation:
            self._next_rotation = now + _ROTATE_EVERY_S
            for child in (*self._children.values(), *self._comers.values()):
                with suppress(OSError):  # a full disk: what runs goes on
                    rotate(child.log)

    def _step_comers(self) -> None:
        """Start what is wanted besides once all others are ready, and stop what is wanted no longer."""
        now = self._clock.monotonic()
        if now >= self._next_look and self._orphan_killer is not None:
            self._next_look = now + _LOOK_EVERY_S
            wanted = {spec.name: spec for spec in self._wanted() if spec.name not in self._children}
            for name, child in self._comers.items():
                if name not in self._leaving and wanted.get(name) != child.spec:
                    child.terminate()
                    self._leaving[name] = now
            for name in wanted.keys() - self._comers.keys():
                self._comers[name] = Child(wanted[name], self._home, self._rule, self._clock, self._orphan_killer)
        ready = all(child.state is ChildState.READY for child in self._children.values())
        for name, child in list(self._comers.items()):
            if name not in self._leaving:
                child.step(may_start=ready)
            elif child.has_stopped(kill=now - self._leaving[name] > child.spec.stop_deadline_s):
                del self._comers[name], self._leaving[name]
        self._publish()

    def _stop_comers(self) -> None:
        begun = self._clock.monotonic()
        for child in self._comers.values():
            child.terminate()
        left = list(self._comers.values())
        while left:
            waited = self._clock.monotonic() - begun
            left = [each for each in left if not each.has_stopped(kill=waited > each.spec.stop_deadline_s)]
            self._publish()
            if left:
                time.sleep(_TICK_S)

    def _stop_children(self) -> None:
        self._stop_comers()
        for stage in reversed(self._stages):
            begun = self._clock.monotonic()
            children = [self._children[spec.name] for spec in stage]
            for child in children:
                child.terminate()
            self._publish()
            while children:
                waited = self._clock.monotonic() - begun
                children = [c for c in children if not c.has_stopped(kill=waited > c.spec.stop_deadline_s)]
                self._publish()
                if children:
                    time.sleep(_TICK_S)

    def _say_it_is_so_still(self) -> None:
        now = self._clock.monotonic()
        if now >= self._next_touch:
            self._next_touch = now + TOUCH_EVERY_S
            with suppress(OSError):
                is_so_still = self._is_written and self._written == self._compared()
                touch_state(self._home) if is_so_still else self._write()

    def _write(self) -> None:
        self._is_written = False
        pid, compared = os.getpid(), self._compared()
        created, began = process_created(pid), self._started_ns
        state = SystemState(pid=pid, pid_created=created, started_ns=began, children=self._reports, compared=compared)
        write_state(self._home, state)
        self._is_written, self._written = True, compared

    def _publish(self) -> None:
        """Write the state and call `on_change`, if anything changed."""
        reports = tuple(child.report() for child in (*self._children.values(), *self._comers.values()))
        if reports == self._reports:
            self._say_it_is_so_still()
            return
        with self._changed:
            self._reports = reports
            self._changed.notify_all()
        with suppress(
            OSError
        ):  # a full disk: until it is written, `lfr status` checks what it reads against the machine
            self._write()
        if self._on_change is not None:
            self._on_change(reports)
