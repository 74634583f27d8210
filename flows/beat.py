"""The sweep's beat: one run of a deployment every so many seconds, never a queue of them."""

from __future__ import annotations

import asyncio
import time
from uuid import UUID

import httpx
from prefect.client.orchestration import PrefectClient, get_client
from prefect.client.schemas.filters import (
    FlowRunFilter,
    FlowRunFilterDeploymentId,
    FlowRunFilterState,
    FlowRunFilterStateType,
)
from prefect.client.schemas.objects import StateType
from prefect.exceptions import PrefectException
from prefect.states import Scheduled

from lfr_core.logs import get_logger

__all__ = ["beat", "schedule_one"]


async def beat(deployment: UUID, *, every_s: int) -> None:
    """Schedule a run now and then at each whole multiple of `every_s` since the epoch. Ends when cancelled.

    A server that is away is tried again at the next beat: retention is late then, and its alarm says so.
    """
    async with get_client() as client:
        while True:
            try:
                await schedule_one(client, deployment, slot=int(time.time() // every_s))
            except (httpx.HTTPError, PrefectException, OSError) as error:
                get_logger().warning("sweep_not_scheduled", fault=type(error).__name__)
            await asyncio.sleep(every_s - time.time() % every_s)


async def schedule_one(client: PrefectClient, deployment: UUID, *, slot: int) -> bool:
    """Make one run for now, unless one still waits. Whether one was made or stood for this `slot` already."""
    waiting = FlowRunFilter(
        deployment_id=FlowRunFilterDeploymentId(any_=[deployment]),
        state=FlowRunFilterState(type=FlowRunFilterStateType(any_=[StateType.SCHEDULED, StateType.PENDING])),
    )
    if await client.read_flow_runs(flow_run_filter=waiting, limit=1):
        return False
    await client.create_flow_run_from_deployment(deployment, state=Scheduled(), idempotency_key=f"sweep-{slot}")
    return True
