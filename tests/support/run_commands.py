"""Runs `lfr` commands one after another in one process, so that imports are paid once.

`python -m tests.support.run_commands` reads a JSON list of arguments and environments from standard input and writes
a JSON list of how each ended.
"""

from __future__ import annotations

import json
import sys
from functools import cache

import typer.main
import typer.testing
from typer.testing import CliRunner

from apps.cli.main import app


def main() -> None:
    """The process."""
    typer.testing._get_command = cache(typer.main.get_command)  # type: ignore[attr-defined]
    ended = []
    for arguments, env in json.load(sys.stdin):
        result = CliRunner().invoke(app, arguments, env=env)
        bug = result.exception if not isinstance(result.exception, SystemExit) else None
        ended.append(
            {"code": result.exit_code, "bug": repr(bug) if bug else "", "out": result.stdout, "err": result.stderr}
        )
    sys.stdout.write(json.dumps(ended))


if __name__ == "__main__":
    main()
