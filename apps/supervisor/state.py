"""Keeps what the supervisor writes down: the lock that makes it the only one, and the state that `lfr status` reads."""

from __future__ import annotations

import fcntl
import os
import tempfile
import time
from collections.abc import Iterable
from pathlib import Path
from types import TracebackType
from typing import Final, Self

import psutil
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from apps.supervisor.children import ChildState
from apps.supervisor.comparing import Compared
from lfr_core.common.errors import Fatal

__all__ = [
    "SILENT_AFTER_S",
    "TOUCH_EVERY_S",
    "ChildReport",
    "HomeLock",
    "SystemState",
    "is_held",
    "list_complaints",
    "make_home",
    "process_created",
    "read_differences",
    "read_state",
    "refuse_running",
    "touch_state",
    "write_state",
]


TOUCH_EVERY_S: Final = 2.0
SILENT_AFTER_S: Final = 20.0
"""A supervisor that has written nothing for so long hangs; longer than its probes take on a busy machine."""


class ChildReport(BaseModel):
    """One child, as reported."""

    model_config = ConfigDict(frozen=True)

    name: str
    state: ChildState
    pid: int | None
    pid_created: float | None
    """When that process was made, seconds since the epoch: tells it from another with the same number."""
    since_ns: int
    """Wall time since when it is in this state."""
    restarts: int
    why: str
    """Why it isn't ready, or how it last ended; "" if there is nothing to say."""
    log: Path
    ports: tuple[int, ...]

    def check_state(self) -> ChildState:
        """Check its state against the machine: what claims to run and doesn't has FAILED, or is held."""
        claims = self.state in {ChildState.READY, ChildState.UNRESPONSIVE, ChildState.STARTING, ChildState.STOPPING}
        if claims and not _is_it(self.pid, self.pid_created):
            return ChildState.FAILED
        if self.state is ChildState.READY and _is_stopped(self.pid):
            return ChildState.UNRESPONSIVE
        return self.state


class SystemState(BaseModel):
    """The supervisor and its children, as reported."""

    model_config = ConfigDict(frozen=True)

    pid: int
    pid_created: float | None
    started_ns: int
    children: tuple[ChildReport, ...]
    compared: tuple[Compared, ...] = ()
    """What parts that run and answer keep, and not as they must (`apps.supervisor.comparing`)."""
    silent_s: float = Field(default=0.0, exclude=True)
    """For how long it had written nothing when this was read."""

    @property
    def trouble(self) -> str:
        """Why what it wrote needn't be so any more, in words; "" where it watches its children."""
        if _is_stopped(self.pid):
            return f"what watches all parts (process {self.pid}) is stopped: nothing is watched or started again"
        if self.silent_s > SILENT_AFTER_S:
            return (
                f"what watches all parts (process {self.pid}) has written nothing for {self.silent_s:.0f} s: it hangs"
            )
        return ""

    def is_alive(self) -> bool:
        """Return whether the supervisor that wrote this still runs."""
        return _is_it(self.pid, self.pid_created)


def list_complaints(reports: Iterable[ChildReport]) -> str:
    """Return in words what is wrong with children that should be ready."""
    return "; ".join(f"{each.name} is {each.state}: {each.why or 'no word'} (log: {each.log})" for each in reports)


def process_created(pid: int) -> float | None:
    """Return when the process `pid` was made, seconds since the epoch; None if it doesn't run (or is a zombie)."""
    try:
        process = psutil.Process(pid)
        return None if process.status() == psutil.STATUS_ZOMBIE else process.create_time()
    except psutil.Error:
        return None


def _is_stopped(pid: int | None) -> bool:
    """Return whether a process is stopped, by SIGSTOP or a debugger."""
    try:
        return pid is not None and psutil.Process(pid).status() in {psutil.STATUS_STOPPED, psutil.STATUS_TRACING_STOP}
    except psutil.Error:
        return False


def _is_it(pid: int | None, created: float | None) -> bool:
    """Return whether `pid` runs and was made then (to a second: the boot time moves with the clock)."""
    found = process_created(pid) if pid is not None else None
    return found is not None and created is not None and abs(found - created) <= 1.0


def _state_file(home: Path) -> Path:
    return home / "supervisor.json"


def write_state(home: Path, state: SystemState) -> None:
    """Write it whole or not at all."""
    fresh = _state_file(home).with_suffix(".new")
    fresh.write_text(state.model_dump_json(indent=1), encoding="utf-8")
    fresh.replace(_state_file(home))


def touch_state(home: Path) -> None:
    """Say that what was written is so still. Raises OSError."""
    os.utime(_state_file(home))


def read_state(home: Path) -> SystemState | None:
    """Read what the supervisor of `home` last wrote, alive or not; None if there never was one.

    Raises:
        Fatal: the file isn't ours.
    """
    file = _state_file(home)
    try:
        state = SystemState.model_validate_json(file.read_text(encoding="utf-8"))
        return state.model_copy(update={"silent_s": max(0.0, time.time() - file.stat().st_mtime)})
    except FileNotFoundError:
        return None
    except PermissionError as error:
        raise Fatal(f"{file} is closed to this user: be the one whose home it is, or set LFR_HOME.") from error
    except (OSError, ValidationError) as error:
        why = error.strerror if isinstance(error, OSError) else "it holds something else than a supervisor writes"
        raise Fatal(f"{file} can't be read: {why}. Stop what runs, delete the file and start again.") from error


def read_differences(home: Path) -> tuple[str, ...]:
    """Read what somebody changed of what parts keep, in sentences; none where no supervisor runs here."""
    try:
        state = read_state(home)
    except Fatal:
        return ()
    compared = state.compared if state is not None and state.is_alive() else ()
    return tuple(each.sentence for each in compared if each.is_changed)


def _lock_file(home: Path) -> Path:
    return home / "supervisor.lock"


def is_held(home: Path) -> bool:
    """Return whether a supervisor holds `home` now."""
    try:
        with _lock_file(home).open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:  # no such file, or a home we couldn't supervise ourselves (make_home says why)
        return False
    return False


def _lock(file: int) -> bool:
    """Take the lock; a few tries, because `is_held` holds it for a moment."""
    for _ in range(5):
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            time.sleep(0.02)
        else:
            return True
    return False


def make_home(home: Path) -> None:
    """Make the home folder and see that it can be written. Raises Fatal, naming the setting, when it can't."""
    try:
        home.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=home) as file:
            file.write(b"x")
    except OSError as error:
        raise Fatal(
            f"the home folder {home} can't be written: {error.strerror}. Mend that, or set LFR_HOME."
        ) from error


def refuse_running(home: Path) -> None:
    """Raise Fatal, naming its process, when a supervisor holds `home` now."""
    if is_held(home):
        holder = _lock_file(home).read_text(errors="replace").strip() or "?"
        raise Fatal(f"a system runs already in {home} (process {holder}): `lfr status` shows it, `lfr down` stops it")


class HomeLock:
    """Makes us the only supervisor of a home folder; the kernel lets go of it when we die.

    Not `filelock`: `is_held` asks under a shared lock, so that two who ask never take each other for a supervisor.
    """

    def __init__(self, home: Path) -> None:
        self._home = home
        self._file: int | None = None

    def __enter__(self) -> Self:
        make_home(self._home)
        file = os.open(_lock_file(self._home), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        if not _lock(file):
            os.close(file)
            refuse_running(self._home)
            raise Fatal(f"another `lfr` looks at {self._home} just now: try again")
        os.ftruncate(file, 0)
        os.write(file, f"{os.getpid()}\n".encode())
        self._file = file
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._file is not None:
            os.close(self._file)
            self._file = None
