"""Runs `lfr` commands one after another in one process of their own, so that imports are paid once."""

from __future__ import annotations

import gc
import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import pytest

__all__ = ["CommandProcess", "Ended", "commands"]

_ROOT = Path(__file__).resolve().parents[2]

Ended = dict[str, Any]
"""How a command ended: `code`, `bug` (the exception that got out, or ""), `out` and `err`."""


class CommandProcess:
    """The process: it is started with the environment of the tests, and stands wherever it is told to."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.support.run_commands"],
            env=os.environ | {"PYTHONPATH": str(_ROOT)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def run(self, commands: Sequence[tuple[Sequence[str], Mapping[str, str]]], folder: Path) -> list[Ended]:
        """Run each command, of arguments and environment, in this folder."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps([str(folder), commands]) + "\n")
        self._process.stdin.flush()
        return list(json.loads(self._process.stdout.readline()))

    def close(self) -> None:
        self._process.communicate(timeout=20)


@pytest.fixture(scope="session")
def commands() -> Iterator[CommandProcess]:
    """One for all tests of a process: it needs 3 s of an idle core for its imports."""
    process = CommandProcess()
    yield process
    process.close()


def main() -> None:
    """Read a folder and its commands from each line of standard input; write a line of how they ended."""
    import typer.main
    import typer.testing
    from typer.testing import CliRunner

    from apps.cli.main import app

    gc.freeze()
    gc.set_threshold(50_000, 20, 20)  # as the tests themselves
    typer.testing._get_command = cache(typer.main.get_command)  # type: ignore[attr-defined]
    for line in sys.stdin:
        folder, commands = json.loads(line)
        os.chdir(folder)
        ended = []
        for arguments, env in commands:
            result = CliRunner().invoke(app, arguments, env=env)
            bug = result.exception if not isinstance(result.exception, SystemExit) else None
            ended.append(
                {"code": result.exit_code, "bug": repr(bug) if bug else "", "out": result.stdout, "err": result.stderr}
            )
        os.chdir("/")
        sys.stdout.write(json.dumps(ended) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
