"""What a process that holds faces or keys does, and says: no dump of its memory is written, none of it is swapped."""

from __future__ import annotations

from lfr_core.common.logs import get_logger
from lfr_core.common.process_memory import forbid_core_dumps, lock_memory

__all__ = ["harden_process"]


def harden_process() -> None:
    """Forbid dumps, lock memory, and say in the log what is in force; a process that can't goes on."""
    forbidden = forbid_core_dumps()
    get_logger().info("process_hardened", core_dumps_forbidden=forbidden, memory_locked=lock_memory())
    if not forbidden:
        get_logger().warning("core_dumps_not_forbidden")
