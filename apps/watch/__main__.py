"""`python -m apps.watch`: started by `lfr up`."""

from __future__ import annotations

import sys

from lfr_core.custody.program import run_program
from lfr_core.domain.actors import ProcessIdentity

__all__ = ["main"]


def main() -> int:
    """Run the watch until SIGTERM. Returns the exit code."""
    from apps.watch.process import run_watch

    return run_program(run_watch, identity=ProcessIdentity.WATCH, event="watch.ends")


if __name__ == "__main__":
    sys.exit(main())
