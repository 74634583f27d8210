"""Keeps a process's memory to itself: no dump, nobody attaches, nothing is swapped. Standard library only.

Both are undone when a process becomes another program, so each process of ours calls them itself
(`lfr_core.common.environment`).
"""

from __future__ import annotations

import ctypes
import os
import resource
import sys

__all__ = ["forbid_core_dumps", "lock_memory"]

_PR_SET_DUMPABLE = 4  # linux/prctl.h
_MCL_CURRENT, _MCL_FUTURE, _MCL_ONFAULT = 1, 2, 4  # <sys/mman.h>; the last since Linux 4.4


def forbid_core_dumps() -> bool:
    """Set the size limit of core dumps to 0 and, on Linux, make this process undumpable; whether both are in force.

    The limit alone doesn't hold where the kernel pipes dumps to a program (core_pattern with `|`); the flag does, and
    it keeps other processes of the same user from attaching to this one. Children inherit the limit; the flag is reset
    by exec.
    """
    try:
        resource.setrlimit(resource.RLIMIT_CORE, (0, resource.getrlimit(resource.RLIMIT_CORE)[1]))
        limited = resource.getrlimit(resource.RLIMIT_CORE)[0] == 0
        if sys.platform != "linux":
            return False
        return ctypes.CDLL(None).prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0) == 0 and limited
    except (OSError, ValueError):
        return False


def lock_memory() -> bool:
    """Keep faces and keys out of swap where the system sets no limit on that: under one, a later allocation would fail.

    A page is locked when it is first touched. Locked at once, libraries and threads' stacks that nobody touches took
    545 MB at the vault's start instead of 116.
    """
    if resource.getrlimit(resource.RLIMIT_MEMLOCK)[0] != resource.RLIM_INFINITY and os.geteuid() != 0:
        return False
    try:
        return bool(ctypes.CDLL(None).mlockall(_MCL_CURRENT | _MCL_FUTURE | _MCL_ONFAULT) == 0)
    except (OSError, AttributeError):
        return False
