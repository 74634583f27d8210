"""`python -m apps.watch`: started by `lfr up`."""

from __future__ import annotations

import sys

from lfr_core.common.errors import Fatal, LfrError
from lfr_core.common.logs import configure_logs, get_logger
from lfr_core.common.settings import load_settings
from lfr_core.custody.installation import Installation

__all__ = ["main"]


def main() -> int:
    """Run the watch until SIGTERM. Returns the exit code."""
    from apps.watch.process import run_watch

    try:
        settings = load_settings()
    except Fatal as error:
        sys.stderr.write(f"error {error}\n")
        return error.exit_code
    configure_logs(settings.log_level)
    try:
        with Installation(settings) as installation:
            run_watch(installation)
    except LfrError as error:
        get_logger().critical("watch.ends", reason=str(error))
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main())
