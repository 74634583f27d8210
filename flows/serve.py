"""Serve the flows: `python -m flows.serve`, a child of `lfr up`.

Registers each flow with Prefect's server at `PREFECT_API_URL` and runs what is scheduled, each run a process of its
own. The sweep's runs are made here, one at a time (`flows.sweep_schedule`), so that an hour's downtime is caught up
with by one sweep and not by sixty; Prefect 3.8.8 makes none of its own with SQLAlchemy 2.1 (decision 0007). At each
beat the schedule of planned deployments is made to agree with their plans (`flows.reconcile`). A flow that `prefect
deploy` has given to a work pool is left to the pool's workers.
"""

from __future__ import annotations

import asyncio
import inspect
import os
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID

from prefect.runner import Runner
from prefect.types.entrypoint import EntrypointType

from flows.announce import announce
from flows.api import AS_PLANNED, HttpWorkflows
from flows.clock import now_source
from flows.close_deployment import close_deployment
from flows.compile_watchlist import compile_watchlist
from flows.open_deployment import open_deployment
from flows.publish_results import publish_results
from flows.reconcile import Changes, reconcile
from flows.retention import retention
from flows.sweep_schedule import beat
from flows.transport import PrefectApi
from lfr_core.common.clock import utc_from_ns
from lfr_core.common.errors import Fatal, LfrError
from lfr_core.common.logs import configure_logs, get_logger
from lfr_core.common.settings import Settings, load_settings
from lfr_core.domain.policy import Policy, load_policy
from lfr_core.storage.engine import open_engine

if TYPE_CHECKING:
    from prefect import Flow

__all__ = ["LIFE", "SWEEP", "main", "ready_file"]

SWEEP = "every-sweep"
LIFE: tuple[Flow[..., Any], ...] = (compile_watchlist, announce, open_deployment, close_deployment, publish_results)
"""The flows of a deployment's life, each run at exact times that `flows.schedule` gives."""

_AT_ONCE = 5
"""Runs at the same time: each is a process of some 150 MB."""


def ready_file(settings: Settings) -> Path:
    """Written once the flows are registered; holds our pid."""
    return settings.home / "run" / "flows.ready"


def main() -> int:
    """Serve until SIGTERM. Returns the exit code."""
    try:
        settings = load_settings()
    except Fatal as error:
        sys.stderr.write(f"error {error}\n")
        return error.exit_code
    configure_logs(settings.log_level)
    try:
        asyncio.run(_serve(settings, load_policy(settings.policy_file)))
    except LfrError as error:
        get_logger().critical("flows_end", reason=str(error))
        return error.exit_code
    return 0


async def _serve(settings: Settings, policy: Policy) -> None:
    ready = ready_file(settings)
    ready.unlink(missing_ok=True)
    # pause_on_shutdown would leave a schedule paused that somebody else serves too
    runner = Runner(name="openlfr", limit=_AT_ONCE, webserver=False, pause_on_shutdown=False)
    api = HttpWorkflows(PrefectApi.of(settings))
    sweep = await _register(runner, api, retention, SWEEP)
    for flow in LIFE:
        await _register(runner, api, flow, AS_PLANNED)
    ready.parent.mkdir(parents=True, exist_ok=True)
    ready.write_text(f"{os.getpid()}\n", encoding="ascii")
    try:
        async with asyncio.TaskGroup() as together:
            together.create_task(runner.start())
            together.create_task(_beat(settings, policy, sweep))
            together.create_task(_keep_the_schedule(settings, policy, api))
    finally:
        ready.unlink(missing_ok=True)


async def _beat(settings: Settings, policy: Policy, sweep: UUID) -> None:
    """Our own server's flows are run by us alone, and `lfr up` has ended every process of an earlier life."""
    await beat(sweep, every_s=policy.retention.sweep_s, alone=not settings.prefect_url)


async def _register(runner: Runner, api: HttpWorkflows, flow: Flow[..., Any], name: str) -> UUID:
    """Serve `flow` here, unless a work pool has it; the id of its Prefect deployment."""
    pooled = await asyncio.to_thread(api.in_pool, flow.name, name)
    if pooled:
        get_logger().info("flow_left_to_its_work_pool", flow=flow.name)
        return UUID(pooled)
    made = await flow.ato_deployment(
        name=name, description=inspect.getdoc(flow.fn), entrypoint_type=EntrypointType.MODULE_PATH
    )
    return await runner.aadd_deployment(made)


async def _keep_the_schedule(settings: Settings, policy: Policy, api: HttpWorkflows) -> None:
    """Now and at each sweep's beat. What is away is tried again at the next; recognition ends without us."""
    engine, every_s = open_engine(settings.records_url), policy.retention.sweep_s
    try:
        while True:
            now = utc_from_ns(now_source().time_ns())
            try:
                found = await asyncio.to_thread(reconcile, engine, policy, api, home=settings.home, now=now)
                if found != Changes():
                    get_logger().info("schedule_kept", said=found.said)
            except LfrError as error:
                get_logger().warning("schedule_not_kept", reason=str(error))
            await asyncio.sleep(every_s - time.time() % every_s)
    finally:
        engine.dispose()


if __name__ == "__main__":
    raise SystemExit(main())
