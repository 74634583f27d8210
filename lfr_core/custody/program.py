"""Runs one of the installation's processes: settings, logs, the `Installation`, and the exit code of what ends it."""

from __future__ import annotations

import sys
from collections.abc import Callable

from lfr_core.common.errors import Fatal, LfrError
from lfr_core.common.hardening import harden_process
from lfr_core.common.logs import configure_logs, get_logger
from lfr_core.common.settings import load_settings
from lfr_core.custody.installation import Installation
from lfr_core.domain.actors import ProcessIdentity

__all__ = ["run_program"]


def run_program(
    run: Callable[[Installation], int | None], *, identity: ProcessIdentity, event: str, **fields: object
) -> int:
    """Open the installation that the environment names, run `run` over it, and return the exit code.

    Args:
        run: blocks until the process is to end; what it returns is the exit code, None is 0.
        identity: which process it is.
        event: name of the log line that says why it ended with an error.
        **fields: more of that line.
    """
    try:
        settings = load_settings()
    except Fatal as error:
        sys.stderr.write(f"error {error}\n")
        return error.exit_code
    configure_logs(settings.log_level)
    harden_process()
    try:
        with Installation(settings, identity=identity) as installation:
            return run(installation) or 0
    except LfrError as error:
        get_logger().critical(event, reason=str(error), **fields)
        return error.exit_code
