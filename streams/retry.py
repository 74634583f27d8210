"""Runs work off the event loop, again and again while a service is away."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import Executor
from typing import TypeVar

from lfr_core.common.errors import Retryable
from lfr_core.common.logs import get_logger
from streams.watchdog import Heartbeat

__all__ = ["retry_while_unavailable"]

T = TypeVar("T")
MAX_WAIT_S = 2.0


async def retry_while_unavailable(work: Callable[[], T], *, executor: Executor, heartbeat: Heartbeat, what: str) -> T:
    """Run `work` in `executor` until it doesn't raise Retryable; every other error is the caller's.

    Waits what the error asks for, doubled up to 2 s. Each try counts as a heartbeat: a worker whose
    gallery is away isn't hanging.
    """
    loop = asyncio.get_running_loop()
    wait_s = 0.0
    while True:
        heartbeat.record()
        try:
            return await loop.run_in_executor(executor, work)
        except Retryable as error:
            if not wait_s:
                get_logger().warning("service_away", what=what, reason=str(error))
            wait_s = min(MAX_WAIT_S, max(error.retry_after_s, wait_s * 2))
            await asyncio.sleep(wait_s)
