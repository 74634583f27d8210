"""The sweep's beat: one run of a deployment every so many seconds, never a queue of them, and none that never ends.

A run that waits for the process of a dead one is never begun: such runs are given up for lost, as the reconciler does
with the flows of a deployment's life. What Prefect can't do at all the supervisor's purge makes up for (`flows.purge`).
"""

from __future__ import annotations

import asyncio
import time
from datetime import datetime, timedelta
from uuid import UUID

import httpx
from prefect.client.orchestration import PrefectClient, get_client
from prefect.client.schemas.filters import (
    FlowRunFilter,
    FlowRunFilterDeploymentId,
    FlowRunFilterState,
    FlowRunFilterStateType,
)
from prefect.client.schemas.objects import FlowRun, StateType
from prefect.exceptions import PrefectException
from prefect.states import Crashed, Scheduled

from flows.assembly import LONGEST_S
from lfr_core.common.clock import SystemClock, utc_from_ns
from lfr_core.common.logs import get_logger

__all__ = ["beat", "schedule_sweep"]

_LIVE = [StateType.SCHEDULED, StateType.PENDING, StateType.RUNNING, StateType.CANCELLING, StateType.PAUSED]
_WAITING = {StateType.SCHEDULED, StateType.PENDING}
_PENDING_LOST = timedelta(minutes=2)
"""From the order to start its process to its first word: 3 s alone, half a minute on a busy machine."""
_RUNNING_LOST = timedelta(seconds=LONGEST_S)
_KEYS_TRIED = 10  # a clock that was set back so often is set back no further


async def beat(deployment: UUID, *, every_s: int, alone: bool) -> None:
    """Schedule a run now and then at each whole multiple of `every_s` since the epoch. Ends when cancelled.

    A server that is away is tried again at the next beat: retention is late then, and its alarm says so.

    Args:
        deployment: of the sweep.
        every_s: the time between two beats.
        alone: nobody else runs this server's flows, so that what claims to run as we begin has died.
    """
    async with get_client() as client:
        none_runs = alone
        while True:
            now = utc_from_ns(SystemClock().time_ns())
            try:
                await schedule_sweep(client, deployment, now=now, every_s=every_s, none_runs=none_runs)
                none_runs = False
            except (httpx.HTTPError, PrefectException, OSError) as error:
                get_logger().warning("sweep_not_scheduled", fault=type(error).__name__)
            await asyncio.sleep(every_s - time.time() % every_s)


async def schedule_sweep(
    client: PrefectClient, deployment: UUID, *, now: datetime, every_s: int, none_runs: bool = False
) -> bool:
    """Give lost runs up, and make one for now unless one still waits. Whether one was made, or stood for this beat.

    Args:
        client: of Prefect's server.
        deployment: of the sweep.
        now: aware.
        every_s: the time between two beats; two callers in one make one run.
        none_runs: no process of an earlier run lives: what claims to run is lost whatever its age.
    """
    live = FlowRunFilter(
        deployment_id=FlowRunFilterDeploymentId(any_=[deployment]),
        state=FlowRunFilterState(type=FlowRunFilterStateType(any_=_LIVE)),
    )
    waits = False
    for run in await client.read_flow_runs(flow_run_filter=live):
        if _is_lost(run, now, every_s, none_runs=none_runs):
            await client.set_flow_run_state(run.id, Crashed(message="its process is gone"), force=True)
            get_logger().warning("sweep_given_up", run=str(run.id))
        elif run.state_type in _WAITING:
            waits = True
    if waits:
        return False
    key = f"sweep-{int(now.timestamp() // every_s)}"
    for _ in range(_KEYS_TRIED):
        made = await client.create_flow_run_from_deployment(deployment, state=Scheduled(), idempotency_key=key)
        if not _is_another_time(made, now, every_s):
            return True
        key = f"sweep-after-{made.id}"  # the same for whoever makes this beat's run
    return False


def _is_lost(run: FlowRun, now: datetime, every_s: int, *, none_runs: bool) -> bool:
    """Whether it will never begin, or never end. A time that lies ahead was written before the clock was set back."""
    if run.state_type is StateType.SCHEDULED:
        at = run.next_scheduled_start_time or run.expected_start_time
        return at is not None and at > now + timedelta(seconds=2 * every_s)
    if none_runs or run.state is None:
        return True
    limit = _PENDING_LOST if run.state_type is StateType.PENDING else _RUNNING_LOST
    return abs(now - run.state.timestamp) > limit


def _is_another_time(made: FlowRun, now: datetime, every_s: int) -> bool:
    """Whether the key gave an old run: one that was given up, or one from before the clock was set back."""
    if made.state_type in _WAITING:
        return False
    begun = made.expected_start_time
    return made.state_type is StateType.CRASHED or begun is None or abs(now - begun) > timedelta(seconds=2 * every_s)
