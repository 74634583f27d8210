"""One child's process: started in a group of its own, its output in a log, stopped with a deadline."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import IO, Self

from apps.supervisor.children import ChildSpec
from lfr_core.common.environment import PRIVATE_UMASK, download_environment, own_environment
from lfr_core.common.starting import WAITS

__all__ = ["ChildProcess", "OrphanKiller", "child_environment", "rotate", "spawn", "tail"]

_HERE = Path(__file__).resolve().parent
_BARE_PYTHON = (sys.executable, "-I", "-S")  # quick: no site-packages, nothing from the environment
USER_HOME = "user-home"
"""In the home folder: where libraries of a child that write below `~` do so."""
LOG_BYTES = 10_000_000
LOGS_KEPT = 3


class OrphanKiller:
    """The process that kills our children's groups if we are killed (see orphan_killer.py)."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [*_BARE_PYTHON, str(_HERE / "orphan_killer.py")],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            start_new_session=True,  # a Ctrl-C in our terminal isn't meant for it
            text=True,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._process.stdin is not None:
            with contextlib.suppress(BrokenPipeError):
                self._process.stdin.close()
        self._process.wait(10)

    def note(self, group: int) -> None:
        """Kill this process group if we die."""
        self._send(f"+{group}\n")

    def forget(self, group: int) -> None:
        """Forget a process group: it is gone, and its number may come to be somebody else's."""
        self._send(f"-{group}\n")

    def _send(self, line: str) -> None:
        if self._process.stdin is not None:
            with contextlib.suppress(BrokenPipeError):  # without it the kernel's signal still stands (Linux)
                self._process.stdin.write(line)
                self._process.stdin.flush()


def child_environment(extra: Mapping[str, str], *, downloads: bool = False) -> dict[str, str]:
    """Return the environment of a child: what `own_environment` leaves of our own, and `extra`, its settings among it.

    It reads no file of settings, and takes no library from the folder it stands in. `downloads`: all that we were
    started with, for a child that may fetch something.
    """
    given = download_environment() if downloads else own_environment(os.environ, for_child=True)
    return {name: text for name, text in given.items() if not name.startswith("LFR_")} | {
        "LFR_ENV_FILE": "",
        "PYTHONSAFEPATH": "1",
        "PYTHONUNBUFFERED": "1",
        **extra,
    }


def spawn(
    command: Sequence[str],
    *,
    home: Path,
    env: Mapping[str, str],
    output: IO[bytes],
    new_session: bool = False,
    waits: bool = False,
) -> subprocess.Popen[bytes]:
    """Start a child, its output into `output`: in the home folder, which is its person's home too, files for us alone.

    So no `prefect.toml`, `.streamlit` or profile of whoever started us is read, and nothing is written elsewhere.
    `waits`: its standard input is open until somebody closes it; else it has none.
    """
    env = {**env, WAITS: "1"} if waits else env
    return subprocess.Popen(
        command,
        stdin=subprocess.PIPE if waits else subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.STDOUT,
        env=child_environment({"HOME": str(home.resolve() / USER_HOME), **env}),
        cwd=home,
        umask=PRIVATE_UMASK,
        start_new_session=new_session,
    )


class ChildProcess:
    """A running child. `poll()` it; `terminate()` and then `kill()` it; `close()` when it has ended."""

    def __init__(self, spec: ChildSpec, home: Path, log: Path, orphan_killer: OrphanKiller) -> None:
        self._orphan_killer = orphan_killer
        self._signal = spec.stop_signal
        log.parent.mkdir(parents=True, exist_ok=True)
        # "a": what it writes always goes to the end, so that `rotate` may cut the file under it
        with log.open("ab") as output:
            self._popen = spawn(
                [*_BARE_PYTHON, str(_HERE / "launch.py"), str(os.getpid()), *spec.command],
                home=home,
                env=spec.env,
                output=output,
                new_session=True,
                waits=spec.prepares,
            )
        self.pid = self._popen.pid
        """The child's own (it is exec'ed), and its process group's."""
        orphan_killer.note(self.pid)

    def begin(self) -> None:
        """Let it begin, if it waits: those it comes after are ready."""
        if self._popen.stdin is not None:
            self._popen.stdin.close()

    def poll(self) -> int | None:
        """Return its exit code (negative: a signal), or None while it runs."""
        return self._popen.poll()

    def terminate(self) -> None:
        """Ask it to stop."""
        self._popen.send_signal(self._signal)

    def kill(self) -> None:
        """Kill it and its whole group (SIGKILL), and wait for the end."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, signal.SIGKILL)
        self._popen.wait(30)
        self.begin()
        self._orphan_killer.forget(self.pid)

    def close(self) -> None:
        """Kill what is left of its group: it has ended, and nothing of it may stay."""
        self.kill()


def rotate(log: Path, max_bytes: int = LOG_BYTES, keep: int = LOGS_KEPT) -> None:
    """Move a log that has grown past `max_bytes` to LOG.1 (older ones on to .2, ...) and start it afresh.

    By copy and truncate, because the child holds the file open; lines it writes in between are lost.
    """
    try:
        if log.stat().st_size <= max_bytes:
            return
    except FileNotFoundError:
        return
    for number in range(keep - 1, 0, -1):
        older = log.with_name(f"{log.name}.{number}")
        if older.exists():
            older.replace(log.with_name(f"{log.name}.{number + 1}"))
    shutil.copyfile(log, log.with_name(f"{log.name}.1"))
    os.truncate(log, 0)


def tail(log: Path, lines: int = 3, max_bytes: int = 4_000) -> str:
    """Return the last lines of a log that say something, joined by " | "; empty if there are none."""
    try:
        with log.open("rb") as file:
            file.seek(max(0, log.stat().st_size - max_bytes))
            text = file.read().decode(errors="replace")
    except OSError:
        return ""
    output = [line.strip() for line in text.splitlines() if line.strip()]
    return " | ".join(output[-lines:])
