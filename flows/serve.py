"""Serve the flows: `python -m flows.serve`, a child of `lfr up`.

Registers each flow with Prefect's server at `PREFECT_API_URL` and runs what is scheduled, each run a process of its
own but the sweep's (`flows.own_process`). The sweep's runs are created here, one at a time (`flows.sweep_schedule`), so
that an hour's downtime is caught up with by one sweep and not by sixty; Prefect 3.8.8 creates none of its own with
SQLAlchemy 2.1 (decision 0007). As often the schedule of planned deployments is made to agree with their plans
(`flows.reconcile`). A flow that `prefect deploy` has given to a work pool is left to the pool's workers.
"""

from __future__ import annotations

import asyncio
import inspect
import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from prefect.types.entrypoint import EntrypointType

from flows.announce import announce
from flows.close_deployment import close_deployment
from flows.compile_watchlist import compile_watchlist
from flows.erasure_tasks import inject_missing_canaries
from flows.flow_runs import AS_PLANNED, PrefectFlowRuns, open_flow_runs
from flows.open_deployment import open_deployment
from flows.own_process import OwnProcessRunner
from flows.prefect_api import PrefectApi
from flows.publish_results import publish_results
from flows.reconcile import Changes, reconcile
from flows.registrations import RegistrationLostError, Registrations, watch_registrations
from flows.retention import retention
from flows.sweep_schedule import schedule_sweep
from flows.unplanned_runs import raise_lost_flows, refuse_unfit_run
from lfr_core.common.clock import Clock, utc_from_ns
from lfr_core.common.errors import LfrError
from lfr_core.common.liveness import TOUCH_EVERY_S, LivenessFile
from lfr_core.common.logs import get_logger
from lfr_core.common.settings import Settings
from lfr_core.common.starting import wait_to_begin
from lfr_core.custody.installation import Installation
from lfr_core.custody.program import run_program
from lfr_core.domain.actors import ProcessIdentity

if TYPE_CHECKING:
    from prefect import Flow
    from sqlalchemy import Engine

__all__ = ["DEPLOYMENT_FLOWS", "SWEEP", "main", "ready_file"]

SWEEP = "every-sweep"
DEPLOYMENT_FLOWS: tuple[Flow[..., Any], ...] = (
    compile_watchlist,
    announce,
    open_deployment,
    close_deployment,
    publish_results,
)
"""The flows of a deployment's lifecycle, each run at exact times that `flows.schedule` gives."""

CANARIES_EVERY_S = 2.0
_AT_ONCE = 5
"""Runs at the same time: each is a process of some 150 MB."""


def ready_file(settings: Settings) -> Path:
    """Return the file that is written once the flows are registered; it holds our pid."""
    return settings.home / "run" / "flows.ready"


def main() -> int:
    """Serve until SIGTERM. Returns the exit code."""
    return run_program(_begin, identity=ProcessIdentity.FLOWS, event="flows_end")


def _begin(installation: Installation) -> None:
    wait_to_begin()
    asyncio.run(_serve(installation))


async def _serve(installation: Installation) -> None:
    settings, every_s = installation.settings, installation.policy.retention.sweep_s
    liveness = LivenessFile(ready_file(settings))
    liveness.remove()
    # pause_on_shutdown would leave a schedule paused that somebody else serves too
    refuse = partial(refuse_unfit_run, installation)
    runner = OwnProcessRunner(refuse, name="openlfr", limit=_AT_ONCE, webserver=False, pause_on_shutdown=False)
    flow_runs = open_flow_runs(settings)
    sweep = await _register(runner, flow_runs, retention, SWEEP)
    runner.in_own_process[sweep] = retention
    served = {sweep: retention.name}
    for flow in DEPLOYMENT_FLOWS:
        served[await _register(runner, flow_runs, flow, AS_PLANNED)] = flow.name
    registrations = await asyncio.to_thread(Registrations, flow_runs.api, served)
    liveness.say_ready()
    try:
        async with asyncio.TaskGroup() as together:
            together.create_task(watch_registrations(registrations, partial(raise_lost_flows, installation)))
            together.create_task(runner.start())
            together.create_task(_keep_fresh(liveness))
            together.create_task(
                _schedule_sweeps(
                    flow_runs.api,
                    installation.engine,
                    installation.clock,
                    sweep,
                    every_s,
                    alone=not settings.prefect_url,
                )
            )
            together.create_task(_inject_canaries(installation))
            together.create_task(_reconcile(installation, flow_runs, every_s))
    except BaseExceptionGroup as ended:
        lost = next((each for each in ended.exceptions if isinstance(each, RegistrationLostError)), None)
        if lost is None:
            raise
        raise lost from None
    finally:
        liveness.remove()


async def _keep_fresh(liveness: LivenessFile) -> None:
    """Say every few seconds, from the event loop, that it turns. Ends when cancelled."""
    while True:
        liveness.touch()
        await asyncio.sleep(TOUCH_EVERY_S)


async def _register(runner: OwnProcessRunner, flow_runs: PrefectFlowRuns, flow: Flow[..., Any], name: str) -> str:
    """Serve `flow` here, unless a work pool has it; return the id of its Prefect deployment."""
    pooled = await asyncio.to_thread(flow_runs.find_pooled, flow.name, name)
    if pooled:
        get_logger().info("flow_left_to_its_work_pool", flow=flow.name)
        return pooled
    made = await flow.ato_deployment(
        name=name, description=inspect.getdoc(flow.fn), entrypoint_type=EntrypointType.MODULE_PATH
    )
    served = str(await runner.aadd_deployment(made))
    runner.served[served] = flow
    return served


async def _schedule_sweeps(
    api: PrefectApi, engine: Engine, clock: Clock, sweep: str, every_s: int, *, alone: bool
) -> None:
    """Create a sweep's run now, and at each whole multiple of `every_s` since the epoch. Ends when cancelled.

    A server that is away is tried again at the next: retention is late then, and its alarm says so.

    Args:
        api: of Prefect's server.
        engine: of the records.
        clock: wall time.
        sweep: id of the sweep's Prefect deployment.
        every_s: the time between two runs.
        alone: nobody else runs this server's flows, and `lfr up` has ended every process of an earlier run: what
            claims to run as we begin is lost.
    """
    none_runs = alone
    while True:
        now = utc_from_ns(clock.time_ns())
        try:
            await asyncio.to_thread(schedule_sweep, api, engine, sweep, now=now, every_s=every_s, none_runs=none_runs)
            none_runs = False
        except LfrError as error:
            get_logger().warning("sweep_not_scheduled", reason=str(error))
        await _sleep_until_next(every_s)


async def _reconcile(installation: Installation, flow_runs: PrefectFlowRuns, every_s: int) -> None:
    """Reconcile now and each `every_s`. What is away is tried again then; recognition ends without us."""
    settings, policy = installation.settings, installation.policy
    while True:
        try:
            found = await asyncio.to_thread(
                reconcile, installation.engine, policy, flow_runs, home=settings.home, now=installation.now
            )
            if found != Changes():
                get_logger().info("schedule_reconciled", changes=found.summary)
        except LfrError as error:
            get_logger().warning("schedule_not_reconciled", reason=str(error))
        await _sleep_until_next(every_s)


async def _inject_canaries(installation: Installation) -> None:
    """Look every two seconds whether a deployment's gate has opened, so that also the shortest has its canaries.

    Ends when cancelled. What is away is tried again half a minute later, and by each sweep.
    """
    while True:
        wait_s = CANARIES_EVERY_S
        try:
            if found := await asyncio.to_thread(inject_missing_canaries, installation, planned_only=True):
                get_logger().info("canaries_injected", deployments=found)
        except LfrError as error:
            get_logger().warning("canaries_not_injected", reason=str(error))
            wait_s = 30.0
        await asyncio.sleep(wait_s)


async def _sleep_until_next(every_s: int) -> None:
    """Sleep until the next whole multiple of `every_s` since the epoch."""
    await asyncio.sleep(every_s - time.time() % every_s)


if __name__ == "__main__":
    raise SystemExit(main())
