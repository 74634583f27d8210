"""What a process that holds faces or keys does first: no dump of its memory is ever written."""

from __future__ import annotations

import ctypes
import resource
import sys

from lfr_core.common.logs import get_logger

__all__ = ["forbid_core_dumps"]

_PR_SET_DUMPABLE = 4  # linux/prctl.h


def forbid_core_dumps() -> bool:
    """Set the size limit of core dumps to 0 and, on Linux, make this process undumpable.

    The limit alone doesn't hold where the kernel pipes dumps to a program (core_pattern with `|`); the flag does, and
    it keeps other processes of the same user from attaching to this one. Children inherit the limit; the flag is reset
    by exec, so every process calls this itself.

    Returns:
        Whether both are in force; where they aren't, a warning is logged and the process goes on.
    """
    try:
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        limited = resource.getrlimit(resource.RLIMIT_CORE) == (0, 0)
    except (OSError, ValueError):
        limited = False
    undumpable = False
    if sys.platform == "linux":
        libc = ctypes.CDLL(None, use_errno=True)
        undumpable = libc.prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0) == 0
    if not (limited and undumpable):
        get_logger().warning("core_dumps_not_forbidden", limited=limited, undumpable=undumpable)
    return limited and undumpable
