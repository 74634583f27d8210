"""Kill what a dead supervisor leaves behind: reads `+PGID` and `-PGID` lines on its standard input.

The other end of the pipe is the supervisor's. When it closes without a word (the supervisor was killed), every
process group still noted gets SIGKILL, children of children included. Run as a file with `-I -S`; imports
nothing of ours.
"""

import contextlib
import os
import signal
import sys


def _main() -> int:
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)  # it ends when its pipe does
    groups: set[int] = set()
    for line in sys.stdin:
        group = int(line[1:])
        (groups.add if line.startswith("+") else groups.discard)(group)
    for group in groups:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(group, signal.SIGKILL)
    return 0


if __name__ == "__main__":
    raise SystemExit(_main())
