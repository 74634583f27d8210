"""How often Prefect's server looks into the queue of its own background tasks.

The queue lies in the server's own memory. Its worker looked there ten times a second for tasks, ten times for
cancellations and four times for what is due, which was most of what an idle server cost. What waits there is history
to be removed and deployments to be marked as ready: some seconds are early enough, and a task that comes wakes the
worker at once.
"""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from typing import Final

__all__ = ["ask_queue_less_often"]

_CHECK_EVERY: Final = timedelta(seconds=2)
_HEARTBEAT_EVERY: Final = timedelta(seconds=30)
"""A worker is forgotten after five that it missed: it is the only one, in the same process."""


def ask_queue_less_often() -> None:
    """Have the server's worker made with our intervals: Prefect 3.8.8 has no setting for them. Before it starts."""
    from docket import Docket, Worker
    from prefect.server.api import background_workers, server

    background_workers.Worker = partial(  # type: ignore[attr-defined,assignment]  # it is only called there
        Worker, minimum_check_interval=_CHECK_EVERY, scheduling_resolution=_CHECK_EVERY
    )
    server.Docket = partial(Docket, heartbeat_interval=_HEARTBEAT_EVERY)  # type: ignore[attr-defined,assignment]  # the same
