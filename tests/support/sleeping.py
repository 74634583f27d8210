"""A machine that sleeps, as far as all programs started in it can tell (`tests/machines/sleep.c`)."""

from __future__ import annotations

import os
import shutil
import struct
import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest

__all__ = ["in_machine_that_sleeps", "sleep_for", "slept_file"]

_SOURCE = Path(__file__).resolve().parents[1] / "machines" / "sleep.c"
_FILE = "TEST_SLEPT_FILE"


def in_machine_that_sleeps(folder: Path, command: Sequence[str]) -> list[str]:
    """Return the command that runs another with `sleep.c` in it and in all that it starts, whatever their environment.

    Skips the test where there is no compiler, or the loader's file can't be laid over (only root may).
    """
    if os.geteuid() != 0 or not (shutil.which("cc") and shutil.which("unshare")):
        pytest.skip("needs root, a C compiler and unshare")
    file, library = folder / "slept", folder / "sleep.so"
    file.write_bytes(struct.pack("<q", 0))
    flags = ["-shared", "-fPIC", "-O1", "-Wall", "-Wextra", "-Werror", f'-DOFFSET_FILE="{file}"']
    subprocess.run(["cc", *flags, "-o", str(library), str(_SOURCE)], check=True)
    for name in ("upper", "work"):
        (folder / name).mkdir()
    (folder / "upper" / "ld.so.preload").write_text(f"{library}\n")
    over = f"lowerdir=/etc,upperdir={folder / 'upper'},workdir={folder / 'work'}"
    words = f'mount -t overlay -o {over} none /etc && exec "$@"'
    return ["unshare", "-m", "--propagation", "private", "sh", "-c", words, "sh", "env", f"{_FILE}={file}", *command]


def slept_file() -> Path:
    """Return the file that says how long the machine has slept; skips the test outside of such a machine."""
    if _FILE not in os.environ:
        pytest.skip("run by test_sleep.py, in a machine that sleeps")
    return Path(os.environ[_FILE])


def sleep_for(seconds: float) -> None:
    """Let the machine sleep, which takes no time of those that are in it."""
    file = slept_file()
    (before,) = struct.unpack("<q", file.read_bytes())
    with file.open("r+b") as written:
        written.write(struct.pack("<q", before + round(seconds * 1e9)))
