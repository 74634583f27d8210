"""Become a child that dies with its parent: `python launch.py PARENT_PID COMMAND...`.

Run as a file with `-I -S`, so that it costs some ten milliseconds; imports nothing of ours. On Linux the kernel
is asked to SIGKILL this process when the supervisor's thread that started it ends (prctl PR_SET_PDEATHSIG, which
outlives exec). Elsewhere, and for children of children, `orphan_killer.py` does it. A `preexec_fn` would
do the same, but isn't safe in a process with threads.
"""

import os
import signal
import sys

_PR_SET_PDEATHSIG = 1


def _main() -> int:
    parent, command = int(sys.argv[1]), sys.argv[2:]
    if sys.platform == "linux":
        import ctypes

        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent:  # it died before we asked
        return 1
    try:
        os.execvp(command[0], command)  # noqa: S606  no shell is wanted
    except OSError as error:
        sys.stderr.write(f"error {command[0]} can't be started: {error.strerror}\n")
        return 127


if __name__ == "__main__":
    raise SystemExit(_main())
