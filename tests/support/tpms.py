"""TPMs for tests: a real one in software (swtpm), and one in memory that can be broken."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from lfr_core.common.errors import Refused, Retryable
from lfr_core.custody.vault.tpm import COUNT_BYTES

__all__ = ["Cut", "MemoryTpm", "SoftwareTpm", "software_tpm"]


class SoftwareTpm:
    """One TPM 2.0: its memory is in a folder of its own, which no copy of a home takes with it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.way = f"swtpm:path={folder / 's'}"
        """To it, for `LFR_TPM`."""
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Switch it on; returns when it takes commands."""
        server, control = self._folder / "s", self._folder / "s.ctrl"
        for each in (server, control):
            each.unlink(missing_ok=True)
        self._process = subprocess.Popen(
            [
                *("swtpm", "socket", "--tpm2", "--tpmstate", f"dir={self._folder}"),
                *("--server", f"type=unixio,path={server}", "--ctrl", f"type=unixio,path={control}"),
                *("--flags", "not-need-init,startup-clear"),
            ],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        deadline = time.monotonic() + 10
        while self.call("tpm2_getcap", "properties-fixed").returncode:
            assert time.monotonic() < deadline, "swtpm doesn't answer"
            time.sleep(0.02)

    def cut(self) -> None:
        """Cut its power: what it has answered stays, and it says nothing any more."""
        if self._process is not None:
            self._process.kill()
            self._process.wait(10)
            self._process = None

    def call(self, *command: str) -> subprocess.CompletedProcess[bytes]:
        """Run a command of tpm2-tools upon it."""
        environment = {"PATH": "/usr/sbin:/usr/bin:/bin", "TPM2TOOLS_TCTI": self.way, "TSS2_LOG": "all+none"}
        return subprocess.run(command, env=environment, capture_output=True, timeout=10, check=False)

    def clear(self) -> None:
        """Clear it, as somebody does in a machine's firmware."""
        done = self.call("tpm2_clear", "-c", "p")
        assert done.returncode == 0, done.stderr


@contextmanager
def software_tpm() -> Iterator[SoftwareTpm]:
    """Start one, and end it; the test is skipped where swtpm or tpm2-tools aren't installed."""
    for program in ("swtpm", "tpm2_nvread"):
        if shutil.which(program) is None:
            pytest.skip(f"{program} isn't installed: apt-get install swtpm tpm2-tools")
    folder = Path(tempfile.mkdtemp(prefix="lfr-tpm-"))  # short: a socket's path is
    tpm = SoftwareTpm(folder)
    try:
        tpm.start()
        yield tpm
    finally:
        tpm.cut()
        shutil.rmtree(folder, ignore_errors=True)


class Cut(BaseException):
    """The power went: nothing that follows is done, no handler of errors either."""


class MemoryTpm:
    """Implements `lfr_core.custody.vault.tpm.Tpm`, by the book: counters go on from the highest that ever was."""

    def __init__(self) -> None:
        self.places: dict[int, bytes] = {}
        self.counters: set[int] = set()
        self.highest = 0
        self.writes: list[str] = []
        """What wore it."""
        self.fault: Retryable | Refused | None = None
        """Raised at each command."""
        self.before: Callable[[str], None] = lambda _what: None
        self.after: Callable[[str], None] = lambda _what: None

    def read(self, place: int, size: int) -> bytes | None:
        if self.fault is not None:
            raise self.fault
        found = self.places.get(place)
        if found and len(found) < size:
            raise Refused("vault.tpm", "out of range")
        return found if found is None else found[:size]

    def write(self, place: int, content: bytes) -> None:
        with self._command("write"):
            assert place in self.places, "it was never defined"
            self.places[place] = content

    def define(self, place: int, size: int) -> None:
        del size
        with self._command("define"):
            self.places.setdefault(place, b"")

    def define_counter(self, place: int) -> None:
        with self._command("define counter"):
            self.places.setdefault(place, b"")
            self.counters.add(place)

    def count_up(self, place: int) -> None:
        with self._command("count"):
            now = int.from_bytes(self.places[place], "big") if self.places[place] else self.highest
            self.highest = max(self.highest, now + 1)
            self.places[place] = (now + 1).to_bytes(COUNT_BYTES, "big")

    def remove(self, place: int) -> None:
        with self._command("remove"):
            self.places.pop(place, None)

    @contextmanager
    def _command(self, what: str) -> Iterator[None]:
        if self.fault is not None:
            raise self.fault
        self.before(what)
        self.writes.append(what)
        yield
        self.after(what)
