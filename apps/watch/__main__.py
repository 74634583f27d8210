"""`python -m apps.watch`: started by `lfr up`."""

from __future__ import annotations

import sys

from lfr_core.common.errors import Fatal, LfrError
from lfr_core.common.logs import configure_logs, get_logger
from lfr_core.custody.installation import Installation

__all__ = ["main"]


def main() -> int:
    """Run the watch until SIGTERM. Returns the exit code."""
    from apps.watch.process import run_watch

    try:
        installation = Installation()
    except Fatal as error:
        sys.stderr.write(f"error {error}\n")
        return error.exit_code
    configure_logs(installation.settings.log_level)
    try:
        with installation:
            run_watch(installation)
    except LfrError as error:
        get_logger().critical("watch.ends", reason=str(error))
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main())
